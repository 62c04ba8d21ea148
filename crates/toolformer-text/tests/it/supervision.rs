//! Tools that hang, panic, flood or answer later: the call comes back all the same.

use std::{
    future::{pending, poll_fn, ready},
    sync::{
        Arc, Barrier, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use toolformer_text::{
    AsyncTool, CallError, CallStatus, CallsUnderWay, FnTool, Invoker, Policy, Registry, Syntax, ToolError,
    ToolFuture, TypedTool, invoke,
};

/// For what never answers.
const SHORT: Duration = Duration::from_millis(50);
/// For what does.
const LONG: Duration = Duration::from_secs(600);

fn hangs(_: &str) -> Result<String, ToolError> {
    loop {
        std::thread::park();
    }
}

#[track_caller]
fn source(outcome: Result<String, CallError>) -> ToolError {
    match outcome.unwrap_err() {
        CallError::Tool { source, .. } => source,
        other => panic!("{other}"),
    }
}

#[test]
fn the_run_goes_on() {
    let mut tools = Registry::new().with_timeout(LONG).with_max_result_chars(20);
    tools.insert(FnTool::new("Hang", "", hangs).with_timeout(SHORT)).unwrap();
    tools.insert(FnTool::new("Panic", "", |args| panic!("at {args}"))).unwrap();
    tools.insert(FnTool::new("Flood", "", |_| Ok("0123456789".repeat(1_000_000)))).unwrap();
    tools.insert(TypedTool::new("Add", "", ["a", "b"], |a: i64, b: i64| a + b)).unwrap();
    let text = "a [Hang()] b [Panic(1)] c [Flood()] d [Add(1, 2)]";
    let invoked = invoke(text, &tools, &Syntax::default(), Policy::Leave).unwrap();
    let flood = "[Flood() -> 0123456789012345678…]";
    assert_eq!(invoked.text, format!("a [Hang()] b [Panic(1)] c {flood} d [Add(1, 2) -> 3]"));
    let statuses: Vec<_> = invoked.calls.iter().map(|call| call.status).collect();
    let expected = [CallStatus::TimedOut, CallStatus::ToolError, CallStatus::Ok, CallStatus::Ok];
    assert_eq!(statuses, expected);
    let reasons: Vec<_> = invoked.calls.iter().filter_map(|call| call.error.clone()).collect();
    assert_eq!(reasons[0], "the tool did not answer within 0.05 s; try again, or allow it more time");
    assert!(reasons[1].starts_with("the tool panicked: at 1;"), "{reasons:?}");
}

#[test]
fn a_tools_own_time_comes_first() {
    let mut tools = Registry::new().with_timeout(LONG);
    tools.insert(FnTool::new("Hang", "", hangs).with_timeout(SHORT)).unwrap();
    assert_eq!(source(tools.call("Hang", "")), ToolError::TimedOut { limit: SHORT });
}

#[test]
fn a_tool_that_only_hangs_is_given_up_until_it_answers() {
    let (gate, started) = (Arc::new((Mutex::new(false), Condvar::new())), Arc::new(AtomicUsize::new(0)));
    let (inner_gate, counter) = (Arc::clone(&gate), Arc::clone(&started));
    let waits = move |_: &str| {
        counter.fetch_add(1, Ordering::SeqCst);
        let open = inner_gate.1.wait_while(inner_gate.0.lock().unwrap(), |open| !*open);
        Ok(open.unwrap().to_string())
    };
    let mut tools = Registry::new().with_timeout(Duration::from_millis(20));
    tools.insert(FnTool::new("Wait", "", waits)).unwrap();
    for _ in 0..32 {
        assert!(matches!(source(tools.call("Wait", "")), ToolError::TimedOut { .. }));
    }
    let refused = source(tools.call("Wait", "")).to_string();
    assert_eq!(refused, "32 earlier calls of the tool still hang; it is not called again");
    assert!(started.load(Ordering::SeqCst) <= 32);
    // The threads end in their own time.
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    let answered = (0..1000).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        tools.call("Wait", "").is_ok()
    });
    assert!(answered);
}

/// Polled twice before it answers.
struct Later;

impl AsyncTool for Later {
    fn name(&self) -> &str {
        "Later"
    }

    fn description(&self) -> &str {
        "answers later"
    }

    fn call<'a>(&'a self, args: &'a str) -> ToolFuture<'a> {
        let mut polled = false;
        Box::pin(poll_fn(move |context| {
            if std::mem::replace(&mut polled, true) {
                return Poll::Ready(Ok(format!("later {args}")));
            }
            context.waker().wake_by_ref();
            Poll::Pending
        }))
    }
}

fn asynchronous() -> Registry {
    let mut tools = Registry::new().with_timeout(LONG);
    tools.insert_async(Later).unwrap();
    let never = TypedTool::new_async("Never", "", [], pending::<String>);
    tools.insert_async(never.with_timeout(SHORT)).unwrap();
    tools
        .insert_async(TypedTool::new_async("Panic", "", ["n"], async |n: i64| -> String { panic!("at {n}") }))
        .unwrap();
    tools.insert_async(TypedTool::new_async("Twice", "", ["n"], |n: i64| ready(n * 2))).unwrap();
    tools.insert(FnTool::new("Hang", "", hangs).with_timeout(SHORT)).unwrap();
    tools.insert(FnTool::new("Echo", "", |args| Ok(args.to_owned()))).unwrap();
    tools
}

/// What each call gives, in short.
fn shown(outcome: Result<String, CallError>) -> String {
    outcome.unwrap_or_else(|error| format!("{:?}", error.status()))
}

const CALLS: [(&str, &str, &str); 7] = [
    ("Later", "on", "later on"),
    ("Never", "", "TimedOut"),
    ("Panic", "1", "ToolError"),
    ("Twice", "4", "8"),
    ("Twice", "x", "BadArguments"),
    ("Hang", "", "TimedOut"),
    ("Echo", "x", "x"),
];

#[test]
fn asynchronous_tools_called_from_anywhere() {
    let tools = asynchronous();
    for (name, args, expected) in CALLS {
        assert_eq!(shown(tools.call(name, args)), expected, "{name}({args})");
    }
    assert_eq!(tools.get("Later").unwrap().call("x").unwrap(), "later x");
}

#[test]
fn any_tool_called_asynchronously() {
    let tools = asynchronous();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (name, args, expected) in CALLS {
        assert_eq!(shown(runtime.block_on(tools.call_async(name, args))), expected, "{name}({args})");
    }
    let text = "[Later(on)] [Never()] [Twice(4)] [Twice(4) -> 9] [Hang()]";
    let syntax = Syntax::default();
    let invoker = Invoker::new(&tools, &syntax).policy(Policy::Drop).jobs(3.try_into().unwrap());
    let invoked = runtime.block_on(invoker.text_async(text)).unwrap();
    assert_eq!(invoked, invoker.text(text).unwrap());
    assert_eq!(invoked.text, "[Later(on) -> later on] [Twice(4) -> 8] [Twice(4) -> 9]");
    assert!(runtime.block_on(invoker.policy(Policy::Fail).text_async(text)).is_err());
}

#[test]
fn several_calls_run_at_a_time() {
    // Each call waits for the other two.
    let barrier = Barrier::new(3);
    let mut tools = Registry::new();
    let meet = move |args: &str| {
        barrier.wait();
        Ok(args.to_owned())
    };
    tools.insert(FnTool::new("Meet", "", meet)).unwrap();
    let syntax = Syntax::default();
    let invoker = Invoker::new(&tools, &syntax).jobs(3.try_into().unwrap());
    assert_eq!(
        invoker.text("[Meet(1)] [Meet(2)]\n[Meet(3)]").unwrap().text,
        "[Meet(1) -> 1] [Meet(2) -> 2]\n[Meet(3) -> 3]"
    );
}

#[test]
fn no_more_calls_run_than_allowed() {
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let mut tools = Registry::new();
    let count = |_: &str| {
        let running = RUNNING.fetch_add(1, Ordering::SeqCst) + 1;
        MOST.fetch_max(running, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(2));
        RUNNING.fetch_sub(1, Ordering::SeqCst);
        Ok("x".to_owned())
    };
    tools.insert(FnTool::new("Count", "", count)).unwrap();
    let syntax = Syntax::default();
    let text = "[Count()] ".repeat(40);
    Invoker::new(&tools, &syntax).jobs(4.try_into().unwrap()).text(&text).unwrap();
    assert!((2..=4).contains(&MOST.load(Ordering::SeqCst)), "{MOST:?}");
}

#[test]
fn the_first_failure_in_the_text_counts() {
    let mut tools = Registry::new();
    let even = |n: i64| if n % 2 == 0 { Ok(n) } else { Err(format!("{n} is odd")) };
    tools.insert(TypedTool::new("Even", "", ["n"], even)).unwrap();
    let syntax = Syntax::default();
    let text: String = (0..50).map(|n| format!("[Even({})] ", n * 2 + n / 30)).collect();
    for jobs in [1, 2, 7] {
        let invoker = Invoker::new(&tools, &syntax).policy(Policy::Fail).jobs(jobs.try_into().unwrap());
        let toolformer_text::InvokeError::Call { span, .. } = invoker.text(&text).unwrap_err() else {
            panic!("another error")
        };
        assert_eq!(&text[span], "[Even(61)]");
    }
}

#[test]
fn calls_that_answer_at_once_are_never_overdue() {
    let mut tools = Registry::new().with_timeout(LONG);
    tools.insert(FnTool::new("Echo", "", |args| Ok(args.to_owned()))).unwrap();
    let syntax = Syntax::default();
    let invoker = Invoker::new(&tools, &syntax).policy(Policy::Fail).jobs(500.try_into().unwrap());
    invoker.text(&"[Echo(1)]".repeat(20_000)).unwrap();
}

/// Those that are slower than the others end later, whichever was started first; who does not wait finds them running.
#[test]
fn calls_under_way() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = std::sync::Mutex::new(receiver);
    let mut tools = asynchronous();
    let waits = move |_: &str| {
        receiver.lock().unwrap().recv().unwrap();
        Ok("at last".to_owned())
    };
    tools.insert(FnTool::new("Waits", "", waits)).unwrap();
    let mut calls = CallsUnderWay::default();
    calls.start(0, &tools, "Waits", "");
    calls.start(1, &tools, "Twice", "4");
    calls.start(2, &tools, "Never", "");
    calls.start(3, &tools, "Panic", "1");
    calls.start(4, &tools, "Unknown", "");
    let next = |calls: &mut CallsUnderWay<'_, i32>, wait, wanted: fn(&i32) -> bool| {
        calls.next_ended(wait, wanted).map(|(key, outcome)| (key, shown(outcome)))
    };
    let any: fn(&i32) -> bool = |_| true;
    assert_eq!(next(&mut calls, Some(Duration::ZERO), |&key| key == 0), None);
    assert_eq!(next(&mut calls, None, |&key| key > 2), Some((3, "ToolError".to_owned())));
    assert_eq!(next(&mut calls, None, any), Some((1, "8".to_owned())));
    assert!(next(&mut calls, None, |&key| key == 4).is_some());
    assert_eq!(next(&mut calls, None, any).map(|(key, _)| key), Some(2));
    assert_eq!((next(&mut calls, Some(Duration::ZERO), any), calls.len()), (None, 1));
    sender.send(()).unwrap();
    assert_eq!(next(&mut calls, None, any), Some((0, "at last".to_owned())));
    assert_eq!((next(&mut calls, None, any), calls.is_empty()), (None, true));
    calls.start(5, &tools, "Twice", "4");
    calls.retain(|&key| key != 5);
    assert!(calls.is_empty());
}
