//! How calls are sampled.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use clap::Args;
use toolformer::{
    text::Syntax,
    train::{
        AnnotateSettings, CallSampling, CallSource, FewShotPrompt, GivenSettings, SettingsFile, ToolSettings,
    },
};

use crate::{failure::wrong_usage, input::read_text, output::say};

#[derive(Debug, Args)]
#[command(next_help_heading = "Sampling calls")]
pub(crate) struct AnnotateArgs {
    /// Most positions of a text at which calls are sampled [default: the paper's, 20 for calculator and translate, else 5]
    #[arg(long, value_name = "N")]
    k: Option<usize>,
    /// Calls sampled at each position [default: the paper's, 10 for calculator and translate, else 5]
    #[arg(long, value_name = "N")]
    m: Option<usize>,
    /// A position needs a probability of a call's start above this [default: the paper's, 0 for calculator and translate,
    /// else 0.05]
    #[arg(long, value_name = "P")]
    tau_s: Option<f64>,
    /// Temperature at which calls are sampled; 0 takes the most likely
    #[arg(long, value_name = "T", default_value_t = 1.0)]
    temperature: f64,
    /// Most tokens of a call
    #[arg(long, value_name = "N", default_value_t = 32)]
    max_call_tokens: usize,
    /// Drop calls that use a number which the text gives only behind them
    #[arg(long)]
    no_look_ahead: bool,
    /// Let the model write nothing but well-formed calls to the tool, with arguments that it takes. The paper samples
    /// freely
    #[arg(long)]
    constrain: bool,
    /// Let the model write each text again, with calls in it, as toolformer-pytorch does, instead of sampling calls where they
    /// are likely. --m rewrites are drawn of a text; those that change it are dropped
    #[arg(long, conflicts_with_all = ["constrain", "tau_s"])]
    rewrite: bool,
    /// Of each rewrite take the first call alone
    #[arg(long, requires = "rewrite")]
    first_call_only: bool,
    /// The few-shot prompt, with {text} where the text stands; read byte for byte. With several tools TOOL=FILE,
    /// once for each that needs its own [default: the tool's own]
    #[arg(long, value_name = "FILE|TOOL=FILE")]
    prompt_file: Vec<String>,
    /// Annotate a text only for the tools that it looks worth it for, as in the paper; see `toolformer select`
    #[arg(long)]
    select: bool,
}

impl AnnotateArgs {
    pub(crate) fn settings(&self, seed: u64) -> AnnotateSettings {
        let &Self { temperature, max_call_tokens, no_look_ahead, constrain, .. } = self;
        let ToolSettings { tau_s, k, m, .. } = self.given().or_paper("Calculator");
        let sampling = if constrain { CallSampling::Constrained } else { CallSampling::Free };
        let source = match (self.rewrite, self.first_call_only) {
            (false, _) => CallSource::Positions,
            (true, false) => CallSource::Rewrites,
            (true, true) => CallSource::FirstCalls,
        };
        AnnotateSettings { tau_s, k, m, temperature, max_call_tokens, no_look_ahead, sampling, source, seed }
    }

    /// What may be set for each tool, as far as it was given.
    pub(crate) fn given(&self) -> GivenSettings {
        let &Self { k, m, tau_s, select, .. } = self;
        GivenSettings { tau_s, k, m, select: select.then_some(true), ..GivenSettings::default() }
    }

    /// Each tool with its prompt: that of the file of settings, of a flag, or the one that ships.
    pub(crate) fn prompts(
        &self,
        tools: &[String],
        settings: Option<&SettingsFile>,
    ) -> Result<Vec<(String, FewShotPrompt)>> {
        let mut own = BTreeMap::new();
        for given in &self.prompt_file {
            let (tool, path) = prompt_of(given, tools)?;
            let prompt = FewShotPrompt::new(&read_text(path.as_ref())?)
                .with_context(|| format!("{path} is no few-shot prompt"))?;
            if own.insert(tool, prompt).is_some() {
                return Err(wrong_usage(format!("--prompt-file is given twice for {tool}; give it once")));
            }
        }
        let of_tool = |tool: &String| {
            let of_file = settings.and_then(|file| file.of_tool(tool).prompt);
            let prompt = of_file.or_else(|| own.get(tool.as_str()).cloned());
            let prompt = prompt.or_else(|| FewShotPrompt::builtin(tool));
            let prompt = prompt.ok_or_else(|| {
                let how = format!("give one by --prompt-file {tool}=FILE");
                wrong_usage(format!("no prompt ships for the tool {tool}; {how}"))
            })?;
            for doubt in prompt.doubts(tool, &Syntax::default()) {
                say(&format!("warning: the prompt for {tool}, {doubt}"));
            }
            Ok((tool.clone(), prompt))
        };
        tools.iter().map(of_tool).collect()
    }
}

/// The tool and the file of one `--prompt-file`.
fn prompt_of<'a>(given: &'a str, tools: &'a [String]) -> Result<(&'a str, &'a str)> {
    if let Some((name, path)) = given.split_once('=')
        && let Some(tool) = tools.iter().find(|tool| *tool == name)
    {
        return Ok((tool, path));
    }
    match tools {
        [tool] => Ok((tool, given)),
        _ => {
            let tools = tools.join(", ");
            Err(wrong_usage(format!(
                "--prompt-file {given}: say whose it is, TOOL=FILE; the tools are {tools}"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_prompt_a_file_is() {
        let tools = ["A".to_owned(), "B".to_owned()];
        assert_eq!(prompt_of("B=x=y.txt", &tools).unwrap(), ("B", "x=y.txt"));
        assert_eq!(prompt_of("C=x.txt", &tools[..1]).unwrap(), ("A", "C=x.txt"));
        assert_eq!(prompt_of("x.txt", &tools[..1]).unwrap(), ("A", "x.txt"));
        let error = prompt_of("x.txt", &tools).unwrap_err().to_string();
        assert!(error.contains("the tools are A, B"), "{error}");
    }
}
