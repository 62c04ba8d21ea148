//! How often a tool may be called.

use std::{fmt, num::NonZeroU32, sync::Arc, time::Duration};

use futures_timer::Delay;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};

use crate::{ArgumentGrammar, Parameters, Tool, ToolError};

/// How often something may be called: some calls at once, then one each time that an equal part of a second has passed.
///
/// Clones share one allowance, so that several tools of one server can be held to what the server bears.
#[derive(Clone)]
pub struct RateLimit {
    per_second: f64,
    burst: NonZeroU32,
    allowance: Arc<Allowance<DefaultClock>>,
}

/// A rate that cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{per_second} calls a second are not possible; give a number from 0.00001 to 1000000")]
pub struct RateLimitError {
    /// What was given.
    pub per_second: f64,
}

impl RateLimit {
    /// So many calls a second, evenly: 0.5 is one every two seconds.
    ///
    /// # Errors
    /// If it is no number from 0.00001 to a million.
    pub fn per_second(per_second: f64) -> Result<Self, RateLimitError> {
        if !(1e-5..=1e6).contains(&per_second) {
            return Err(RateLimitError { per_second });
        }
        let burst = NonZeroU32::MIN;
        let allowance = Arc::new(Allowance::new(per_second, burst, DefaultClock::default()));
        Ok(Self { per_second, burst, allowance })
    }

    /// So many calls may come at once after a rest; without it, one.
    #[must_use]
    pub fn with_burst(self, burst: NonZeroU32) -> Self {
        let allowance = Arc::new(Allowance::new(self.per_second, burst, DefaultClock::default()));
        Self { burst, allowance, ..self }
    }

    /// Waits until the next call may be made, and counts it. Dropped before that, nothing is counted.
    pub(crate) async fn ready(&self) {
        while let Some(wait) = self.allowance.take() {
            Delay::new(wait).await;
        }
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { per_second, burst, .. } = self;
        f.debug_struct("RateLimit")
            .field("per_second", per_second)
            .field("burst", burst)
            .finish_non_exhaustive()
    }
}

/// What may still be called by some clock.
struct Allowance<C: Clock> {
    limiter: RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>>,
}

impl<C: Clock> Allowance<C> {
    fn new(per_second: f64, burst: NonZeroU32, clock: C) -> Self {
        let quota = Quota::with_period(Duration::from_secs_f64(per_second.recip()));
        let quota = quota.unwrap_or_else(|| Quota::per_second(NonZeroU32::MAX)).allow_burst(burst);
        Self { limiter: RateLimiter::direct_with_clock(quota, clock) }
    }

    /// Counts a call, or says how long to wait before asking again.
    fn take(&self) -> Option<Duration> {
        let now = || self.limiter.clock().now();
        self.limiter.check().err().map(|not_until| not_until.wait_time_from(now()))
    }
}

/// A tool that is called no more often than a limit allows: calls wait for their turn.
///
/// A [`Registry`](crate::Registry) waits outside the time that a call may take, and neither for what its cache knows.
/// [`Tool::call`] alone does not wait.
///
/// ```
/// use toolformer_text::{FnTool, RateLimit, RateLimited, Registry};
///
/// let search = FnTool::new("Search", "a search", |args: &str| Ok(args.to_uppercase()));
/// let mut tools = Registry::new();
/// tools.insert(RateLimited::new(search, RateLimit::per_second(2.0)?))?;
/// assert_eq!(tools.call("Search", "a")?, "A");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct RateLimited<T> {
    tool: T,
    limit: RateLimit,
}

impl<T: Tool> RateLimited<T> {
    /// Holds `tool` to `limit`.
    pub fn new(tool: T, limit: RateLimit) -> Self {
        Self { tool, limit }
    }
}

impl<T: Tool> Tool for RateLimited<T> {
    fn name(&self) -> &str {
        self.tool.name()
    }

    fn description(&self) -> &str {
        self.tool.description()
    }

    fn parameters(&self) -> Parameters {
        self.tool.parameters()
    }

    fn argument_grammar(&self) -> ArgumentGrammar {
        self.tool.argument_grammar()
    }

    fn timeout(&self) -> Option<Duration> {
        self.tool.timeout()
    }

    fn rate_limit(&self) -> Option<RateLimit> {
        Some(self.limit.clone())
    }

    fn is_pure(&self) -> bool {
        self.tool.is_pure()
    }

    fn fingerprint(&self) -> String {
        self.tool.fingerprint()
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        self.tool.call(args)
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// At each time (milliseconds after the one before) how long a call has to wait; 0 for not at all.
    #[track_caller]
    fn check(per_second: f64, burst: u32, calls: &[(u64, u64)]) {
        let clock = FakeRelativeClock::default();
        let allowance = Allowance::new(per_second, NonZeroU32::new(burst).unwrap(), clock.clone());
        for (number, &(after, wait)) in calls.iter().enumerate() {
            clock.advance(MS(after));
            assert_eq!(allowance.take().unwrap_or_default(), MS(wait), "call {number}");
        }
    }

    #[test]
    fn calls_are_apart_by_an_equal_part_of_a_second() {
        check(2.0, 1, &[(0, 0), (0, 500), (499, 1), (1, 0), (0, 500), (10_000, 0), (0, 500)]);
        check(0.5, 1, &[(0, 0), (0, 2000), (2000, 0)]);
        // A burst after a rest, then evenly.
        check(
            2.0,
            3,
            &[(0, 0), (0, 0), (0, 0), (0, 500), (500, 0), (0, 500), (60_000, 0), (0, 0), (0, 0), (0, 500)],
        );
    }

    #[test]
    fn rates_that_cannot_be_are_refused() {
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9, 1e9] {
            assert!(RateLimit::per_second(wrong).is_err(), "{wrong}");
        }
        assert!(RateLimit::per_second(1e-5).is_ok() && RateLimit::per_second(1e6).is_ok());
    }
}
