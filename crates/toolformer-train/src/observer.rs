//! Who watches a long job: progress out, the clock in.

/// Sees how a job goes on, and lends it a clock (libraries do not read one themselves).
pub trait Observer {
    /// Seconds since any fixed moment.
    fn seconds(&self) -> f64;

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
    fn seconds(&self) -> f64 {
        0.0
    }
    fn start(&mut self, _: &'static str, _: usize, _: usize) {}
    fn advance(&mut self, _: usize, _: usize) {}
    fn finish(&mut self) {}
    fn note(&mut self, _: &str) {}
}
