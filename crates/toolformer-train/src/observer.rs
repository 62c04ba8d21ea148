//! Who watches a long job: progress out, the clock in.

use std::sync::Arc;

/// Seconds since any fixed moment.
pub type Clock = Arc<dyn Fn() -> f64 + Send + Sync>;

/// Sees how a job goes on, and lends it a clock (libraries do not read one themselves).
pub trait Observer {
    /// The clock.
    fn clock(&self) -> Clock;

    /// What the clock shows.
    fn seconds(&self) -> f64 {
        self.clock()()
    }

    /// A stage starts, with so many steps to do; `done` of them were done by an earlier run.
    fn start(&mut self, stage: &'static str, steps: usize, done: usize);

    /// Steps were done, which took so many tokens through the model.
    fn advance(&mut self, steps: usize, tokens: usize);

    /// The stage is over.
    fn finish(&mut self);

    /// Something worth a line.
    fn note(&mut self, text: &str);
}

/// Watches nothing; its clock stands still.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn clock(&self) -> Clock {
        Arc::new(|| 0.0)
    }
    fn start(&mut self, _: &'static str, _: usize, _: usize) {}
    fn advance(&mut self, _: usize, _: usize) {}
    fn finish(&mut self) {}
    fn note(&mut self, _: &str) {}
}
