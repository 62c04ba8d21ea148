//! Calls that run while their caller does something else.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use crate::{CallError, Registry, deadline::block_on};

type Outcome = Result<String, CallError>;

/// Calls that were started and whose results nobody has taken yet, each under a key.
///
/// A tool that [only computes](crate::Tool::is_pure) has ended when its call was started. Others run on threads of their own,
/// and asynchronous ones advance while their caller is in [`CallsUnderWay::next_ended`].
///
/// # Example
/// ```
/// use std::time::Duration;
/// use toolformer_text::{CallsUnderWay, FnTool, Registry};
///
/// let mut tools = Registry::new();
/// tools.insert(FnTool::new("Upper", "Upper case.", |args: &str| Ok(args.to_uppercase())))?;
/// let mut calls = CallsUnderWay::default();
/// calls.start(7, &tools, "Upper", "a");
/// let (key, result) = calls.next_ended(Some(Duration::from_secs(60)), |_| true).expect("it takes no minute");
/// assert_eq!((key, result?.as_str()), (7, "A"));
/// assert!(calls.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CallsUnderWay<'a, K> {
    calls: Vec<(K, Call<'a>)>,
}

enum Call<'a> {
    Running(Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>),
    Ended(Outcome),
}

impl Call<'_> {
    /// Takes it on; whether it has ended.
    fn advance(&mut self, context: &mut Context<'_>) -> bool {
        if let Self::Running(future) = self
            && let Poll::Ready(outcome) = future.as_mut().poll(context)
        {
            *self = Self::Ended(outcome);
        }
        matches!(self, Self::Ended(_))
    }
}

impl<K> Default for CallsUnderWay<'_, K> {
    fn default() -> Self {
        Self { calls: Vec::new() }
    }
}

impl<'a, K> CallsUnderWay<'a, K> {
    /// Starts a call, as [`Registry::call_async`] does. Returns whether it has ended already.
    pub fn start(&mut self, key: K, registry: &'a Registry, name: &str, args: &str) -> bool {
        let (name, args) = (name.to_owned(), args.to_owned());
        let mut call = Call::Running(Box::pin(async move { registry.call_async(&name, &args).await }));
        let has_ended = call.advance(&mut Context::from_waker(Waker::noop()));
        self.calls.push((key, call));
        has_ended
    }

    /// The first call, in the order in which they were started, that has ended and whose key is `wanted`. Waits for one at
    /// most for `wait`, without it until there is one; not at all if there are no such calls.
    pub fn next_ended(
        &mut self,
        wait: Option<Duration>,
        wanted: impl Fn(&K) -> bool,
    ) -> Option<(K, Outcome)> {
        if !self.calls.iter().any(|(key, _)| wanted(key)) {
            return None;
        }
        let ended = poll_fn(|context| {
            let ended = |(key, call): &mut (K, Call<'a>)| wanted(key) && call.advance(context);
            self.calls.iter_mut().position(ended).map_or(Poll::Pending, Poll::Ready)
        });
        let at = block_on(ended, wait)?;
        match self.calls.remove(at) {
            (key, Call::Ended(outcome)) => Some((key, outcome)),
            (_, Call::Running(_)) => None,
        }
    }

    /// Gives up the calls whose keys are not to be kept: a future is dropped, a thread left to itself.
    pub fn retain(&mut self, keep: impl Fn(&K) -> bool) {
        self.calls.retain(|(key, _)| keep(key));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }
}

impl<K: fmt::Debug> fmt::Debug for CallsUnderWay<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.calls.iter().map(|(key, _)| key)).finish()
    }
}
