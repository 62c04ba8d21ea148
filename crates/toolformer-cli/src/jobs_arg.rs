//! How many calls run at a time.

use std::num::NonZeroUsize;

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Tools")]
pub(crate) struct JobsArg {
    /// Most calls of a unit that run at a time; it changes nothing but the time
    #[arg(long, value_name = "N", default_value = "4")]
    pub(crate) jobs: NonZeroUsize,
}
