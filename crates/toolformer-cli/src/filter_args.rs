//! Which calls are kept.

use clap::Args;
use toolformer::train::{FilterSettings, GivenSettings, ToolSettings};

#[derive(Debug, Args)]
#[command(next_help_heading = "Filtering calls")]
pub(crate) struct FilterArgs {
    /// A call is kept if its result lowers the weighted loss of what follows by this much, in nats
    /// [default: 0.5]
    #[arg(long, value_name = "NATS", allow_negative_numbers = true)]
    tau_f: Option<f64>,
    /// Compare with the call written ` [Name(args)]`, without the arrow that the paper leaves in it
    #[arg(long)]
    drop_arrow: bool,
}

impl FilterArgs {
    pub(crate) fn settings(&self) -> FilterSettings {
        let ToolSettings { tau_f, .. } = self.given().or_paper("Calculator");
        FilterSettings { tau_f, drop_arrow: self.drop_arrow, ..FilterSettings::default() }
    }

    /// What may be set for each tool, as far as it was given.
    pub(crate) fn given(&self) -> GivenSettings {
        GivenSettings { tau_f: self.tau_f, ..GivenSettings::default() }
    }
}
