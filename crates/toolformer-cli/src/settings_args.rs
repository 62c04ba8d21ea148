//! Settings of single tools.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use anyhow::Result;
use clap::Args;
use toolformer::{
    tools::BUILTINS,
    train::{Candidate, GivenSettings, SettingsFile, ToolSettings, TrainError},
};

#[derive(Debug, Args)]
#[command(next_help_heading = "Settings of each tool")]
pub(crate) struct SettingsArgs {
    /// A TOML file with a table for each tool that has settings of its own, such as QA: tau_s, k, m, tau_f, cost,
    /// max_examples, select, prompt. What it leaves open comes from the flags that are given, then from the paper
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

impl SettingsArgs {
    /// The file, if one is given. It may name `tools` and those that are built in.
    pub(crate) fn read(&self, tools: &[String]) -> Result<Option<SettingsFile>> {
        let Some(path) = &self.settings else { return Ok(None) };
        let others = tools.iter().map(String::as_str);
        let others = others.filter(|name| BUILTINS.iter().all(|builtin| builtin.name != *name));
        let known: Vec<&str> = BUILTINS.iter().map(|builtin| builtin.name).chain(others).collect();
        Ok(Some(SettingsFile::read(path, &known)?))
    }

    /// As [`SettingsArgs::read`] for the tools of candidates, which are read only if a file is given.
    pub(crate) fn read_for(
        &self,
        candidates: impl Iterator<Item = Result<Candidate, TrainError>>,
    ) -> Result<Option<SettingsFile>> {
        if self.are_given() { self.read(&tools_of(candidates)?) } else { Ok(None) }
    }

    pub(crate) fn are_given(&self) -> bool {
        self.settings.is_some()
    }
}

/// The settings of each tool: those of the file, then those of flags, then the paper's. None where all are those that the
/// flags give for the calculator.
pub(crate) fn by_tool(
    file: Option<&SettingsFile>,
    flags: &GivenSettings,
    tools: &[String],
) -> BTreeMap<String, ToolSettings> {
    let of_tool = |tool: &String| {
        let of_file = file.map(|file| file.of_tool(tool)).unwrap_or_default();
        (tool.clone(), of_file.or(flags.clone()).or_paper(tool))
    };
    let all: BTreeMap<String, ToolSettings> = tools.iter().map(of_tool).collect();
    // Where all are as the settings that they share, nothing is told twice.
    let shared = flags.or_paper("Calculator");
    if file.is_none() && all.values().all(|own| *own == shared && !own.select) {
        BTreeMap::new()
    } else {
        all
    }
}

/// The names of the tools that candidates call.
pub(crate) fn tools_of(
    mut candidates: impl Iterator<Item = Result<Candidate, TrainError>>,
) -> Result<Vec<String>> {
    let tools = candidates.try_fold(BTreeSet::new(), |mut tools, candidate| {
        let tool = candidate?.tool;
        if !tools.contains(&tool) {
            tools.insert(tool);
        }
        Ok::<_, TrainError>(tools)
    })?;
    Ok(tools.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_is_the_papers_for_the_tool() {
        let tools = ["QA".to_owned()];
        let k = GivenSettings { k: Some(7), ..GivenSettings::default() };
        let expected = ToolSettings { k: 7, ..ToolSettings::paper("QA") };
        assert_eq!(by_tool(None, &k, &tools)["QA"], expected);
        assert_eq!(by_tool(Some(&SettingsFile::default()), &k, &tools)["QA"], expected);
        let calculator = ["Calculator".to_owned()];
        assert!(by_tool(None, &k, &calculator).is_empty());
        let select = GivenSettings { select: Some(true), ..k };
        assert!(by_tool(None, &select, &calculator)["Calculator"].select);
    }
}
