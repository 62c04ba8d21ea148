//! How texts are cut into units, and how many of these are under way at once.

use std::num::NonZeroUsize;

use clap::Args;
use toolformer::train::{Shard, Units};

#[derive(Debug, Args)]
#[command(next_help_heading = "Units")]
pub(crate) struct UnitArgs {
    /// Texts that go through the model together, and between which a run can be cut off
    #[arg(long, value_name = "N", default_value = "8")]
    pub(crate) unit_texts: NonZeroUsize,
    /// Units under way at once; it changes nothing but time and memory [default: one for every core, at most 8]
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
}

impl UnitArgs {
    /// A part of them.
    pub(crate) fn units_of(&self, shard: Shard) -> Units {
        Units { texts: self.unit_texts.get(), workers: self.workers(), shard }
    }

    pub(crate) fn workers(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8));
        self.workers.map_or_else(cores, NonZeroUsize::get)
    }
}
