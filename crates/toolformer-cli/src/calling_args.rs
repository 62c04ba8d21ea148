//! When tools are called while text is completed.

use anyhow::Result;
use clap::Args;
use toolformer::{
    decode::CallSettings,
    text::{Policies, Registry},
};

use crate::{failure::wrong_usage, policy_arg::read_policies};

#[derive(Debug, Args)]
#[command(next_help_heading = "Calls")]
pub(crate) struct CallingArgs {
    /// Take a call's start where it is among the K most likely next tokens (the paper's)
    #[arg(long, value_name = "K", default_value_t = 10)]
    start_top_k: usize,
    /// Add this to the score of a call's start: above 0 for more calls
    #[arg(long, value_name = "B", default_value_t = 0.0, allow_negative_numbers = true)]
    start_bias: f32,
    /// Most calls of a completion (the paper's)
    #[arg(long, value_name = "N", default_value_t = 1)]
    max_calls: usize,
    /// A tool, by its name in a text, that must not be called; may be given more than once
    #[arg(long, value_name = "NAME")]
    forbid: Vec<String>,
    /// Once a call has begun, let the model write nothing but a well-formed call to a tool, with arguments that it takes.
    /// The paper decodes freely
    #[arg(long)]
    constrain: bool,
    /// What becomes of a call without a result: leave (closed without one), mark (the reason as its result), drop (taken
    /// out of the text) or fail; or by reason: failure=mark,unknown-tool=drop,bad-arguments=leave,no-result=drop
    #[arg(long, value_name = "POLICY", default_value = "leave", value_parser = read_policies, hide_default_value = true)]
    failed_calls: Policies,
    /// While a tool takes its time, let other completions go on. How long tools take then decides which are computed
    /// together, and so how numbers are rounded
    #[arg(long)]
    pub(crate) overlap_calls: bool,
    /// Never let the model start a call
    #[arg(long, conflicts_with_all = [
        "tools", "start_top_k", "start_bias", "max_calls", "forbid", "constrain", "failed_calls", "overlap_calls",
    ])]
    pub(crate) no_calls: bool,
}

impl CallingArgs {
    pub(crate) fn settings(&self, registry: &Registry) -> Result<CallSettings> {
        if !self.start_bias.is_finite() {
            return Err(wrong_usage("--start-bias must be a number"));
        }
        if let Some(unknown) = self.forbid.iter().find(|name| registry.get(name).is_none()) {
            let names: Vec<&str> = registry.names().collect();
            let names = if names.is_empty() { "none; give --tools".to_owned() } else { names.join(", ") };
            return Err(wrong_usage(format!("--forbid {unknown}: there is no such tool; there are {names}")));
        }
        Ok(CallSettings {
            start_top_k: self.start_top_k,
            start_bias: self.start_bias,
            max_calls: self.max_calls,
            forbidden: self.forbid.clone(),
            constrained: self.constrain,
            policies: self.failed_calls,
        })
    }
}
