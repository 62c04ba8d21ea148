//! Results kept, written and replayed.

use std::{
    io::{self, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use toolformer_text::{FnTool, Invoker, Policy, Registry, ResultCache, Syntax, Tool, ToolError, invoke};

/// A log that the test can look at.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Tools that count their runs, with what is left of a cache.
fn tools(cache: ResultCache) -> (Registry, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let mut tools = Registry::new().with_cache(cache);
    let count = Arc::clone(&runs);
    let number = move |args: &str| {
        count.fetch_add(1, Ordering::SeqCst);
        match args {
            "fail" => Err(ToolError::failed("no network")),
            "none" => Err(ToolError::NoResult),
            "bad" => Err(ToolError::bad_arguments("not so")),
            args => Ok(format!("<{args}>")),
        }
    };
    tools.insert(FnTool::new("Tool", "", number)).unwrap();
    (tools, runs)
}

const TEXT: &str = "[Tool(a)] [Tool(fail)] [Tool(a)]\n[Tool(none)] [Tool(bad)] [Nope(1)] [Tool(b, \"c\")]";

#[track_caller]
fn check_runs(cache: ResultCache, text: &str, expected: usize) -> String {
    let (tools, runs) = tools(cache);
    let invoked = invoke(text, &tools, &Syntax::default(), Policy::Mark).unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), expected, "{text}");
    invoked.text
}

#[test]
fn a_run_is_repeated_from_its_log() {
    let log = Log::default();
    let first = check_runs(ResultCache::new().with_log(log.clone()), TEXT, 5);
    assert_eq!(
        log.text(),
        r#"{"tool":"Tool","args":"a","result":"<a>"}
{"tool":"Tool","args":"fail","error":{"kind":"failed","reason":"no network"}}
{"tool":"Tool","args":"none","error":{"kind":"no_result"}}
{"tool":"Tool","args":"bad","error":{"kind":"bad_arguments","reason":"not so"}}
{"tool":"Tool","args":"b, \"c\"","result":"<b, \"c\">"}
"#
    );
    let read = || {
        let cache = ResultCache::new();
        assert_eq!(cache.read(log.text().as_bytes()).unwrap(), log.text().len() as u64);
        assert_eq!(cache.len(), 5);
        cache
    };
    // A failure that may pass is tried again.
    assert_eq!(check_runs(read(), TEXT, 1), first);
    assert_eq!(check_runs(read().replay_only(), TEXT, 0), first);
    let unknown = check_runs(read().replay_only(), "[Tool(new)]", 0);
    assert_eq!(unknown, "[Tool(new) -> error: the call is not among the recorded ones]");
}

#[test]
fn the_log_does_not_depend_on_who_was_faster() {
    let text: String = (0..200).map(|n| format!("[Tool({})] ", n % 150)).collect();
    let logs = [1, 8].map(|jobs| {
        let log = Log::default();
        let (tools, runs) = tools(ResultCache::new().with_log(log.clone()));
        let syntax = Syntax::default();
        Invoker::new(&tools, &syntax).jobs(jobs.try_into().unwrap()).text(&text).unwrap();
        assert_eq!(runs.load(Ordering::SeqCst), 150);
        log.text()
    });
    assert_eq!(logs[0], logs[1]);
}

#[test]
fn a_torn_log_is_read_up_to_its_last_whole_line() {
    let log = Log::default();
    check_runs(ResultCache::new().with_log(log.clone()), TEXT, 5);
    let bytes = log.text().into_bytes();
    for cut in 0..=bytes.len() {
        let cache = ResultCache::new();
        let whole = cache.read(&bytes[..cut]).unwrap() as usize;
        // A record is whole where its line break alone is missing.
        let mut ends = (1..=bytes.len()).filter(|&at| bytes[at - 1] == b'\n').map(|at| at - 1);
        let records = ends.clone().filter(|&end| end <= cut).count();
        let expected = ends.rfind(|&end| end <= cut).map_or(0, |end| cut.min(end + 1));
        assert_eq!((whole, cache.len()), (expected, records));
    }
    let error = ResultCache::new().read(&b"\n{\"tool\":\"a\"}\n"[..]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 2 of the recorded results is no record; remove it, or start a new file"
    );
}

/// A tool whose results depend on a day.
struct Day(&'static str);

impl Tool for Day {
    fn name(&self) -> &str {
        "Day"
    }

    fn description(&self) -> &str {
        ""
    }

    fn fingerprint(&self) -> String {
        self.0.to_owned()
    }

    fn call(&self, _: &str) -> Result<String, ToolError> {
        Ok(self.0.to_owned())
    }
}

#[test]
fn what_results_depend_on_is_part_of_the_key() {
    let log = Log::default();
    for (day, records) in [("Monday", 1), ("Tuesday", 2), ("Monday", 2)] {
        let cache = ResultCache::new();
        cache.read(log.text().as_bytes()).unwrap();
        let mut tools = Registry::new().with_cache(cache.with_log(log.clone()));
        tools.insert(Day(day)).unwrap();
        assert_eq!(tools.call("Day", "").unwrap(), day);
        assert_eq!(tools.cache().unwrap().len(), records);
    }
}

/// A disk with room for ten bytes, and then for more again.
#[derive(Clone, Default)]
struct Full(Log, bool);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match std::mem::replace(&mut self.1, self.0.text().len() == 10) {
            false if self.0.text().is_empty() => self.0.write(&bytes[..10]),
            false => Err(io::ErrorKind::StorageFull.into()),
            true => self.0.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_log_that_cannot_be_written_is_reported_once() {
    let full = Full::default();
    let (tools, _) = tools(ResultCache::new().with_log(full.clone()));
    assert_eq!(tools.call("Tool", "a").unwrap(), "<a>");
    assert_eq!(tools.call("Tool", "b").unwrap(), "<b>");
    let cache = tools.cache().unwrap();
    assert_eq!(cache.check_log().unwrap_err().kind(), io::ErrorKind::StorageFull);
    cache.check_log().unwrap();
    // Nothing is written behind half a line.
    assert_eq!(tools.call("Tool", "c").unwrap(), "<c>");
    assert_eq!(full.0.text(), "{\"tool\":\"T");
}

#[test]
fn results_are_kept_as_they_were_given() {
    let log = Log::default();
    let (tools, _) = tools(ResultCache::new().with_log(log.clone()));
    let tools = tools.with_max_result_chars(3);
    assert_eq!(tools.call("Tool", "abcdef").unwrap(), "<a…");
    assert!(log.text().contains("<abcdef>"));
    assert_eq!(tools.call("Tool", "abcdef").unwrap(), "<a…");
}

#[test]
fn a_failure_of_a_tool_that_only_computes_stands() {
    for (pure, expected) in [(true, 1), (false, 2)] {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let tool = FnTool::new("Divide", "", move |_: &str| {
            counted.fetch_add(1, Ordering::SeqCst);
            Err(toolformer_text::ToolError::failed("division by zero"))
        });
        let mut tools = Registry::new().with_cache(ResultCache::new());
        tools.insert(if pure { tool.pure() } else { tool }).unwrap();
        assert!(tools.call("Divide", "1 / 0").is_err() && tools.call("Divide", "1 / 0").is_err());
        assert_eq!(runs.load(Ordering::SeqCst), expected);
    }
}
