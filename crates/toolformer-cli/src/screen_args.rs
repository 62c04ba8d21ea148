//! `--screen`: a reward model that leaves out calls before they are run.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use toolformer::{burn::tensor::backend::Backend, model::model_checksum, text::Syntax, train::Screen};

/// Tokens that go through the reward model at once.
const BATCH_TOKENS: usize = 1024;

#[derive(Debug, Args)]
#[command(next_help_heading = "Screening")]
pub(crate) struct ScreenArgs {
    /// Score every call by a reward model, as `reward train --from-run` makes it, and run only those with a high score
    #[arg(long, value_name = "DIR")]
    screen: Option<PathBuf>,
    /// What a call has to score to be run
    #[arg(
        long,
        value_name = "SCORE",
        default_value_t = 0.0,
        requires = "screen",
        allow_negative_numbers = true
    )]
    screen_score: f64,
}

impl ScreenArgs {
    pub(crate) fn open<B: Backend>(&self, syntax: &Syntax, device: &B::Device) -> Result<Option<Screen<B>>> {
        let open =
            |folder: &PathBuf| Screen::open(folder, syntax.clone(), self.screen_score, BATCH_TOKENS, device);
        Ok(self.screen.as_ref().map(open).transpose()?)
    }

    /// What stands for it, in files that must not be mixed with those of another; none without one.
    pub(crate) fn fingerprint(&self) -> Result<Option<String>> {
        let Some(folder) = &self.screen else { return Ok(None) };
        Ok(Some(format!("screen {} {}", model_checksum(folder)?, self.screen_score)))
    }
}
