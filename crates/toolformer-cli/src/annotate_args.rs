//! How calls are sampled.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use toolformer::train::{AnnotateSettings, FewShotPrompt};

use crate::{failure::wrong_usage, input::read_text};

#[derive(Debug, Args)]
#[command(next_help_heading = "Sampling calls")]
pub(crate) struct AnnotateArgs {
    /// Most positions of a text at which calls are sampled (the paper's for the calculator)
    #[arg(long, value_name = "N", default_value_t = 20)]
    k: usize,
    /// Calls sampled at each position (the paper's for the calculator)
    #[arg(long, value_name = "N", default_value_t = 10)]
    m: usize,
    /// A position needs a probability of a call's start above this
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    tau_s: f64,
    /// Temperature at which calls are sampled; 0 takes the most likely
    #[arg(long, value_name = "T", default_value_t = 1.0)]
    temperature: f64,
    /// Most tokens of a call
    #[arg(long, value_name = "N", default_value_t = 32)]
    max_call_tokens: usize,
    /// Drop calls that use a number which the text gives only behind them
    #[arg(long)]
    no_look_ahead: bool,
    /// The few-shot prompt, with {text} where the text stands; read byte for byte [default: the tool's own]
    #[arg(long, value_name = "FILE")]
    prompt_file: Option<PathBuf>,
}

impl AnnotateArgs {
    pub(crate) fn settings(&self, seed: u64) -> AnnotateSettings {
        let &Self { k, m, tau_s, temperature, max_call_tokens, no_look_ahead, .. } = self;
        AnnotateSettings { tau_s, k, m, temperature, max_call_tokens, no_look_ahead, seed }
    }

    /// Each tool with its prompt.
    pub(crate) fn prompts(&self, tools: &[String]) -> Result<Vec<(String, FewShotPrompt)>> {
        let own = match &self.prompt_file {
            None => None,
            Some(_) if tools.len() > 1 => {
                return Err(wrong_usage("--prompt-file is the prompt of one tool; give one tool to --tools"));
            }
            Some(path) => {
                let prompt = FewShotPrompt::new(&read_text(path)?);
                Some(prompt.with_context(|| format!("{} is no few-shot prompt", path.display()))?)
            }
        };
        let of_tool = |tool: &String| {
            let prompt = own.clone().or_else(|| FewShotPrompt::builtin(tool)).ok_or_else(|| {
                wrong_usage(format!("no prompt ships for the tool {tool}; give one by --prompt-file"))
            })?;
            Ok((tool.clone(), prompt))
        };
        tools.iter().map(of_tool).collect()
    }
}
