//! Which tools there are, and what they are lent.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Error, Result};
use clap::Args;
use toolformer::{
    text::{RateLimit, RateLimited, Registry, Tool},
    tools::{
        BUILTINS, BuiltinError, BuiltinSettings, Calendar, Date, ServerFailure, ToolsFile, ToolsFileDefaults,
        WikiIndex, builtin, iso_date,
    },
    train::DatedTools,
};

use crate::{failure::wrong_usage, output::say, tool_backends};

/// What `tools list` says of the built-in tools: the name for --tools, the one in a text, what is needed.
pub(crate) fn builtin_tools() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    BUILTINS.iter().map(|tool| (tool.short, tool.name, needs(tool.short, tool.needs)))
}

/// What a built-in tool needs in the words of the command line; `otherwise` for one that has none of its own.
fn needs(short: &str, otherwise: &'static str) -> &'static str {
    match short {
        "calendar" => "nothing; --now fixes its day",
        "wiki" => "--wiki-index, made by `toolformer index build`",
        "translate" => "--translate-with a program or a server",
        "qa" => "--wiki-index, and --qa-with a model or a server",
        _ if otherwise.is_empty() => "nothing",
        _ => otherwise,
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Tools")]
pub(crate) struct ToolArgs {
    /// Built-in tools, with commas between them: calculator, calendar, wiki, translate, qa
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) tools: Vec<String>,
    /// A tools.toml that declares commands, HTTP endpoints and MCP servers as tools; all of them are used
    #[arg(long, value_name = "FILE")]
    pub(crate) tools_file: Option<PathBuf>,
    /// The day that it is for tools, instead of today; a text that is annotated and has a date of its own keeps it
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = iso_date)]
    pub(crate) now: Option<Date>,
    /// The index that wiki and qa search
    #[arg(long, value_name = "DIR")]
    pub(crate) wiki_index: Option<PathBuf>,
    /// What translate runs, with the text on its standard input: `apertium -u {from3}-{to3}`; or the address of a
    /// server that speaks as LibreTranslate does
    #[arg(long, value_name = "COMMAND|URL")]
    pub(crate) translate_with: Option<String>,
    /// Languages that translate reads, such as es,fr; short texts are not told apart without it [default: all]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) translate_from: Vec<String>,
    /// What answers for qa: a model of this program, or the address of an OpenAI-compatible server, with the
    /// model's name behind a `#`: http://127.0.0.1:8000/v1#my-model
    #[arg(long, value_name = "PATH|URL")]
    pub(crate) qa_with: Option<String>,
    /// The server of --qa-with has a model for chats: ask it as a user does, not to go on from a text
    #[arg(long, requires = "qa_with")]
    pub(crate) qa_chat: bool,
    /// Most calls a second to the server of translate, and as many to that of qa; calls wait for their turn. A tool of
    /// --tools-file has its own `calls_per_second`
    #[arg(long, value_name = "N")]
    pub(crate) calls_per_second: Option<f64>,
    /// Longest time that a call may take, in seconds; a tool of --tools-file may set its own
    #[arg(long, value_name = "S", default_value_t = 60.0)]
    pub(crate) tool_timeout: f64,
    /// Longest result that is written into a text, in characters; what is over is cut off, with a `…`
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) max_result_chars: usize,
}

/// The tools of a command line.
pub(crate) struct ChosenTools {
    pub(crate) registry: Registry,
    /// The names that they are called by in text: those of --tools in the order given, then those of the file.
    pub(crate) names: Vec<String>,
    /// The servers of the file that cannot be used; the person at the terminal knows.
    pub(crate) missing: Vec<ServerFailure>,
}

impl ToolArgs {
    /// Whether none are asked for.
    pub(crate) fn are_none(&self) -> bool {
        self.tools.is_empty() && self.tools_file.is_none()
    }

    /// Of the tools of these names, those that answer by the day of a text.
    pub(crate) fn dated(&self, names: &[String]) -> Option<DatedTools> {
        let names: Vec<String> = names.iter().filter(|name| *name == "Calendar").cloned().collect();
        let most = self.max_result_chars;
        let on = move |day: Date| {
            let mut registry = Registry::new().with_max_result_chars(most);
            // Its name is a good one, and there is no other tool.
            let _ = registry.insert(Calendar::on(day));
            registry
        };
        (!names.is_empty()).then(|| DatedTools::new(names, on))
    }

    /// The tools that there are, of which there may be none. A server of the file that cannot be used is warned of.
    pub(crate) fn chosen(&self) -> Result<ChosenTools> {
        let timeout =
            Duration::try_from_secs_f64(self.tool_timeout).ok().filter(|timeout| !timeout.is_zero());
        let timeout = timeout.ok_or_else(|| wrong_usage("--tool-timeout is a number of seconds above 0"))?;
        let mut chosen = ChosenTools {
            registry: Registry::new().with_max_result_chars(self.max_result_chars).with_timeout(timeout),
            names: Vec::new(),
            missing: Vec::new(),
        };
        self.check_calls_per_second()?;
        let settings = self.settings(timeout)?;
        for name in &self.tools {
            let tool =
                builtin(&name.to_ascii_lowercase(), &settings).map_err(|error| self.explain(&error))?;
            let tool = match self.rate_limit(tool.name())? {
                Some(limit) => Box::new(RateLimited::new(tool, limit)),
                None => tool,
            };
            chosen.add(tool).map_err(|error| wrong_usage(format!("--tools: {error:#}")))?;
        }
        if let Some(path) = &self.tools_file {
            let why = || format!("the tools of {} cannot be used", path.display());
            let defaults = ToolsFileDefaults::new().with_timeout(timeout);
            let file = ToolsFile::read_with(path, &defaults).with_context(why)?;
            let connected = file.connect();
            for tool in connected.tools {
                chosen.add(tool).with_context(why)?;
            }
            for failure in &connected.failures {
                say(&format!("warning: the tools of a server are missing: {failure}"));
            }
            chosen.missing = connected.failures;
        }
        tracing::debug!(tools = ?chosen.names);
        Ok(chosen)
    }

    /// As [`ToolArgs::chosen`], but where tools are asked for and every server is missing that would bring one, that is an
    /// error.
    pub(crate) fn usable(&self) -> Result<ChosenTools> {
        let chosen = self.chosen()?;
        match chosen.missing.first() {
            Some(failure) if chosen.names.is_empty() => {
                Err(Error::new(failure.clone()).context("none of the tools can be used"))
            }
            None if chosen.names.is_empty() && !self.are_none() => {
                Err(wrong_usage("the file of --tools-file declares no tool; declare one, or leave it out"))
            }
            _ => Ok(chosen),
        }
    }

    /// The tools, of which there must be one.
    pub(crate) fn at_least_one(&self) -> Result<ChosenTools> {
        if self.are_none() {
            return Err(wrong_usage(
                "--tools or --tools-file is needed; `toolformer tools list` shows what there is",
            ));
        }
        self.usable()
    }

    /// The time that it is for the templates of conversations: midnight of a day that was given.
    pub(crate) fn local_time(&self) -> jiff::civil::DateTime {
        match self.now {
            Some(day) => day.at(0, 0, 0, 0),
            None => jiff::ZonedDateTime::now().datetime(),
        }
    }

    /// What the built-in tools are lent; only what those that are asked for need is opened.
    fn settings(&self, timeout: Duration) -> Result<BuiltinSettings> {
        let asked = |name: &str| self.tools.iter().any(|tool| tool.eq_ignore_ascii_case(name));
        // One day for the whole run, also where it goes on past midnight.
        let today = self.now.unwrap_or_else(|| jiff::ZonedDateTime::now().date());
        let mut settings = BuiltinSettings::new(Calendar::on(today));
        settings.wiki_chars = self.max_result_chars;
        if let Some(folder) = self.wiki_index.as_ref().filter(|_| asked("wiki") || asked("qa")) {
            settings.wiki = Some(Arc::new(WikiIndex::open(folder)?));
        }
        if let Some(with) = self.translate_with.as_ref().filter(|_| asked("translate")) {
            settings.translate = Some(tool_backends::translate(with, &self.translate_from, timeout)?);
        }
        if let Some(with) = self.qa_with.as_ref().filter(|_| asked("qa")) {
            settings.reader = Some(tool_backends::reader(with, self.qa_chat, timeout)?);
        }
        Ok(settings)
    }

    /// How often a built-in tool may be called, by its name in a text; only those that ask a server are held back.
    fn rate_limit(&self, tool: &str) -> Result<Option<RateLimit>> {
        let Some(per_second) = self.calls_per_second else { return Ok(None) };
        let limit = RateLimit::per_second(per_second)
            .map_err(|error| wrong_usage(format!("--calls-per-second: {error}")))?;
        Ok(self.asks_server(tool).then_some(limit))
    }

    /// Whether a built-in tool asks a server, by its name in a text.
    fn asks_server(&self, tool: &str) -> bool {
        let asked = |name: &str| self.tools.iter().any(|tool| tool.eq_ignore_ascii_case(name));
        let with = match tool {
            "MT" if asked("translate") => self.translate_with.as_deref(),
            "QA" if asked("qa") => self.qa_with.as_deref(),
            _ => None,
        };
        with.is_some_and(tool_backends::is_url)
    }

    /// Refuses a limit that would hold nothing back.
    fn check_calls_per_second(&self) -> Result<()> {
        if self.calls_per_second.is_some() && !["MT", "QA"].iter().any(|tool| self.asks_server(tool)) {
            return Err(wrong_usage(
                "--calls-per-second is for the server of --translate-with or --qa-with, and neither is one; tools of \
                 --tools-file have their own `calls_per_second`",
            ));
        }
        Ok(())
    }

    /// An error of [`builtin`] in the words of the command line.
    fn explain(&self, error: &BuiltinError) -> anyhow::Error {
        wrong_usage(match error {
            BuiltinError::Missing { name, needs: otherwise, .. } => {
                format!("--tools {name} needs {}", needs(name, otherwise))
            }
            other => format!("--tools: {other}"),
        })
    }
}

impl ChosenTools {
    fn add(&mut self, tool: Box<dyn Tool>) -> Result<()> {
        let name = tool.name().to_owned();
        self.registry.insert(tool)?;
        self.names.push(name);
        Ok(())
    }
}
