//! The completions of one prompt, and which of them are kept.

use crate::generation::{GenerateSettings, Generation};

/// Completions of a prompt that have ended.
#[derive(Default)]
pub(super) struct Choices {
    ended: Vec<Generation>,
    count: usize,
}

impl Choices {
    /// Takes a further one; returns those that are certain now to be kept.
    pub(super) fn take(&mut self, generation: Generation, settings: &GenerateSettings) -> &[Generation] {
        self.ended.push(generation);
        self.count += 1;
        if settings.samples() == settings.n {
            return &self.ended[self.ended.len() - 1..];
        }
        if self.ended.len() < settings.samples() {
            return &[];
        }
        let likely = |generation: &Generation| generation.mean_logprob.unwrap_or(f64::NEG_INFINITY);
        // Of equals the one that was drawn first.
        self.ended.sort_by(|a, b| likely(b).total_cmp(&likely(a)).then(a.index.cmp(&b.index)));
        self.ended.truncate(settings.n);
        for (index, generation) in self.ended.iter_mut().enumerate() {
            generation.index = index;
        }
        &self.ended
    }

    /// How many have ended.
    pub(super) fn ended(&self) -> usize {
        self.count
    }
}
