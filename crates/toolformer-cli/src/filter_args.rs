//! Which calls are kept.

use clap::Args;
use toolformer::train::FilterSettings;

#[derive(Debug, Args)]
#[command(next_help_heading = "Filtering calls")]
pub(crate) struct FilterArgs {
    /// A call is kept if its result lowers the weighted loss of what follows by this much, in nats
    #[arg(long, value_name = "NATS", default_value_t = 0.5, allow_negative_numbers = true)]
    tau_f: f64,
    /// Compare with the call written ` [Name(args)]`, without the arrow that the paper leaves in it
    #[arg(long)]
    drop_arrow: bool,
}

impl FilterArgs {
    pub(crate) fn settings(&self) -> FilterSettings {
        let &Self { tau_f, drop_arrow } = self;
        FilterSettings { tau_f, drop_arrow, ..FilterSettings::default() }
    }
}
