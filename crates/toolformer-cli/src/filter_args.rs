//! Which calls are kept.

use clap::{Args, ValueEnum};
use toolformer::train::{Compat, FilterSettings, GivenSettings, ToolSettings};

#[derive(Debug, Args)]
#[command(next_help_heading = "Filtering calls")]
pub(crate) struct FilterArgs {
    /// A call is kept if its result lowers the weighted loss of what follows by this much, in nats
    /// [default: the paper's, 0.5 for calculator and translate, else 1]
    #[arg(long, value_name = "NATS", allow_negative_numbers = true)]
    tau_f: Option<f64>,
    /// A call has to gain so much more for each unit of its tool's `cost` in --settings, in nats: dear tools must help more
    #[arg(long, value_name = "NATS", default_value_t = 0.0, requires = "settings")]
    cost_weight: f64,
    /// Compare with the call written ` [Name(args)]`, without the arrow that the paper leaves in it
    #[arg(long)]
    drop_arrow: bool,
    /// What stands between a call and the text that it is put before; the paper does not say. Taken as it is
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    separator: String,
    /// Where calls stand when their losses are taken, and how the tokens behind them are weighed
    #[arg(long, value_enum, default_value = "paper", conflicts_with_all = ["drop_arrow", "separator"])]
    compat: CompatArg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum CompatArg {
    /// Before the text; the weights sum up to 1
    Paper,
    /// In their place, without an arrow; the weights sum up to 3, so that toolformer-pytorch's threshold of 1 is its
    /// --tau-f 1
    Lucidrains,
}

impl FilterArgs {
    pub(crate) fn settings(&self) -> FilterSettings {
        let ToolSettings { tau_f, .. } = self.given().or_paper("Calculator");
        let compat = match self.compat {
            CompatArg::Paper => Compat::Paper,
            CompatArg::Lucidrains => Compat::Lucidrains,
        };
        let (cost_weight, separator) = (self.cost_weight, self.separator.clone());
        let drop_arrow = self.drop_arrow;
        FilterSettings { tau_f, cost_weight, drop_arrow, separator, compat, ..FilterSettings::default() }
    }

    /// What may be set for each tool, as far as it was given.
    pub(crate) fn given(&self) -> GivenSettings {
        GivenSettings { tau_f: self.tau_f, ..GivenSettings::default() }
    }
}
