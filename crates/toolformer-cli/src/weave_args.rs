//! What goes into the training set beside texts with calls.

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Weaving")]
pub(crate) struct WeaveArgs {
    /// For each text with calls, so many texts for which no call was kept, drawn from all of them. The paper drops these
    #[arg(long, value_name = "RATIO", default_value_t = 0.0)]
    pub(crate) plain_ratio: f64,
}
