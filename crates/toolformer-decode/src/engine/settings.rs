//! How much an engine does at a time.

use crate::error::DecodeError;

/// The settings of an [`Engine`](crate::Engine).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineSettings {
    /// Most rows that advance together.
    pub batch: usize,
    /// Most bytes of keys and values: of running rows, and of what is kept for texts that begin alike. One row runs in
    /// any case.
    pub memory: usize,
    /// Whether what was computed is kept for later texts that begin alike.
    pub remember: bool,
    /// Most tokens of prompts that are read in one pass.
    pub chunk: usize,
    /// Whether running rows advance between two passes over prompts: they wait less, and all together take longer.
    pub interleave: bool,
    /// Whether completions go on while the tool of another one runs, if it takes longer than a moment. Which rows run
    /// together then depends on how long tools take, and with it the rounding.
    pub overlap_calls: bool,
}

impl Default for EngineSettings {
    /// 16 rows, 2 GiB, 512 tokens a pass, prompts first, and a step waits for the tools it has called.
    fn default() -> Self {
        Self {
            batch: 16,
            memory: 2 << 30,
            remember: true,
            chunk: 512,
            interleave: false,
            overlap_calls: false,
        }
    }
}

impl EngineSettings {
    /// # Errors
    /// If a value is out of range.
    pub fn validate(&self) -> Result<(), DecodeError> {
        let at_least_one = |name, value| match value {
            0 => Err(DecodeError::Setting { name, why: "must be at least 1".to_owned() }),
            _ => Ok(()),
        };
        at_least_one("batch", self.batch)?;
        at_least_one("chunk", self.chunk)
    }
}
