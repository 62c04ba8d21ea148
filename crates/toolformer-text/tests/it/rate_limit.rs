//! Tools that may not be called as often as one likes. No test asks how long anything took.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use toolformer_text::{
    AsyncTool, CallsUnderWay, FnTool, RateLimit, RateLimited, Registry, ResultCache, ToolFuture,
};

/// One call in about a day.
fn rare() -> RateLimit {
    RateLimit::per_second(1e-5).unwrap()
}

/// A tool that counts its calls, held to a limit.
fn counting(name: &str, limit: RateLimit) -> (RateLimited<impl toolformer_text::Tool>, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let tool = FnTool::new(name, "counts", move |args: &str| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(args.to_owned())
    });
    (RateLimited::new(tool.pure(), limit), calls)
}

#[test]
fn what_the_cache_knows_waits_for_nothing() {
    let (tool, calls) = counting("T", rare());
    let mut tools = Registry::new().with_cache(ResultCache::new());
    tools.insert(tool).unwrap();
    // A second call would wait for a day.
    for _ in 0..3 {
        assert_eq!(tools.call("T", "a").unwrap(), "a");
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn a_burst_is_served_at_once() {
    let (tool, calls) = counting("T", rare().with_burst(NonZeroU32::new(3).unwrap()));
    let mut tools = Registry::new();
    tools.insert(tool).unwrap();
    (0..3).for_each(|_| assert_eq!(tools.call("T", "a").unwrap(), "a"));
    assert_eq!(calls.load(Ordering::Relaxed), 3);
}

/// Calls that wait are under way; who gives them up has neither called nor used up anything.
#[test]
fn waiting_can_be_given_up() {
    let (tool, calls) = counting("T", rare());
    let mut tools = Registry::new();
    tools.insert(tool).unwrap();
    let mut under_way = CallsUnderWay::default();
    assert!(under_way.start(1, &tools, "T", "a"));
    assert!(!under_way.start(2, &tools, "T", "b"));
    assert!(under_way.next_ended(Some(Duration::from_millis(20)), |&key| key == 2).is_none());
    assert_eq!(under_way.next_ended(None, |_| true).unwrap().0, 1);
    under_way.retain(|_| false);
    assert!(under_way.is_empty());
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn tools_that_share_a_limit_share_it() {
    let limit = rare();
    let ((first, _), (second, calls)) = (counting("A", limit.clone()), counting("B", limit));
    let mut tools = Registry::new();
    tools.insert(first).unwrap();
    tools.insert(second).unwrap();
    tools.call("A", "a").unwrap();
    let mut under_way = CallsUnderWay::default();
    assert!(!under_way.start((), &tools, "B", "b"));
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

/// Answers at once, and has next to no time.
struct Hurried(RateLimit);

impl AsyncTool for Hurried {
    fn name(&self) -> &str {
        "Hurried"
    }

    fn description(&self) -> &str {
        "answers at once"
    }

    fn timeout(&self) -> Option<Duration> {
        Some(Duration::from_millis(1))
    }

    fn rate_limit(&self) -> Option<RateLimit> {
        Some(self.0.clone())
    }

    fn call<'a>(&'a self, args: &'a str) -> ToolFuture<'a> {
        Box::pin(std::future::ready(Ok(args.to_owned())))
    }
}

/// The waits are some twenty times what a call may take.
#[test]
fn waiting_is_no_part_of_a_calls_time() {
    let mut tools = Registry::new();
    tools.insert_async(Hurried(RateLimit::per_second(50.0).unwrap())).unwrap();
    (0..3).for_each(|_| assert_eq!(tools.call("Hurried", "a").unwrap(), "a"));
    let mut under_way = CallsUnderWay::default();
    (0..3).for_each(|key| {
        under_way.start(key, &tools, "Hurried", "b");
    });
    for _ in 0..3 {
        let (_, outcome) = under_way.next_ended(None, |_| true).unwrap();
        assert_eq!(outcome.unwrap(), "b");
    }
}
