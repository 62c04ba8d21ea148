//! `--tools` and `--now`: which tools there are, and which day it is for them.

use anyhow::Result;
use clap::Args;
use toolformer::{
    text::{Registry, Tool},
    tools::{BUILTIN_NAMES, BuiltinSettings, Calendar, Date, builtin, iso_date},
};

use crate::failure::wrong_usage;

#[derive(Debug, Args)]
#[command(next_help_heading = "Tools")]
pub(crate) struct ToolArgs {
    /// Built-in tools by name, with commas between them: calculator, calendar
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) tools: Vec<String>,
    /// The day that it is for tools, instead of today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = iso_date)]
    pub(crate) now: Option<Date>,
}

/// The tools of a command line.
pub(crate) struct ChosenTools {
    pub(crate) registry: Registry,
    /// The names that they are called by in text, in the order given.
    pub(crate) names: Vec<String>,
}

/// Longest result of a tool in a text; `9 ^ 300` has 287 digits, and no reader wants them.
const MAX_RESULT_CHARS: usize = 200;

impl ToolArgs {
    /// The tools, of which there may be none.
    pub(crate) fn chosen(&self) -> Result<ChosenTools> {
        let mut chosen = ChosenTools {
            registry: Registry::new().with_max_result_chars(MAX_RESULT_CHARS),
            names: Vec::new(),
        };
        // One day for the whole run, also where it goes on past midnight.
        let today = self.now.unwrap_or_else(|| jiff::ZonedDateTime::now().date());
        let settings = BuiltinSettings::new(Calendar::on(today));
        for name in &self.tools {
            let tool = builtin(&name.to_ascii_lowercase(), &settings).ok_or_else(|| {
                wrong_usage(format!("there is no tool `{name}`; --tools knows {}", BUILTIN_NAMES.join(", ")))
            })?;
            chosen.names.push(tool.name().to_owned());
            chosen.registry.insert(tool).map_err(|error| wrong_usage(format!("--tools: {error}")))?;
        }
        tracing::debug!(tools = ?chosen.names, %today);
        Ok(chosen)
    }

    /// The tools, of which there must be one.
    pub(crate) fn at_least_one(&self) -> Result<ChosenTools> {
        let chosen = self.chosen()?;
        if chosen.names.is_empty() {
            return Err(wrong_usage(format!("--tools is needed; it knows {}", BUILTIN_NAMES.join(", "))));
        }
        Ok(chosen)
    }
}
