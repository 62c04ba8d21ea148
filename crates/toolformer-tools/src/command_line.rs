//! Programs as tools, without a shell.

mod interpreters;
mod process;
mod run;
mod streams;

use std::{collections::BTreeMap, path::PathBuf, process::Command, time::Duration};

use serde_json::{Map, Value, json};
use toolformer_text::ToolError;

use self::{interpreters::code_with_placeholders, run::Limits};
use crate::{
    command_tool::SLACK,
    template::{Piece, Template, TemplateError, value_text},
};

/// Where programs are looked for if the environment declares no `PATH`.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A program and its arguments, with placeholders for those of a call.
///
/// No shell is involved: an element of `argv` is one argument of the program, whatever the call puts into it. Where the
/// program is a shell or another interpreter itself, an element that it would run as code has no placeholders. The
/// program sees the environment that is declared and no other, with a `PATH` of `/usr/local/bin:/usr/bin:/bin`
/// unless that is declared as well. A name with a `/` in it is relative to the working directory.
///
/// The run ends with the program, and with it all that the program started in its process group: it is killed (on
/// Unix; elsewhere only the program itself). A program that leaves the group, a daemon, is not found again.
///
/// ```
/// use serde_json::{Map, Value};
/// use toolformer_tools::CommandLine;
///
/// let capitals = CommandLine::new(["tr", "a-z", "A-Z"])?.with_stdin("{text}")?;
/// let arguments = Map::from_iter([("text".to_owned(), Value::from("hello"))]);
/// # #[cfg(unix)]
/// assert_eq!(capitals.run(&arguments)?, "HELLO");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CommandLine {
    program: String,
    arguments: Vec<Template>,
    stdin: Option<Template>,
    directory: PathBuf,
    environment: BTreeMap<String, String>,
    limits: Limits,
}

/// Why a command line cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandLineError {
    /// There is no program.
    #[error("it names no program; write the program first, then its arguments")]
    NoProgram,
    /// The program depends on the call.
    #[error("the program cannot depend on a call; write its name without placeholders")]
    ProgramPlaceholder,
    /// A value of a call would be run as a program's text.
    #[error(
        "`{element}` is code to `{program}`, and what a call puts into it would be run; pass the value as an \
         argument of its own behind the code (`sh -c 'echo \"$1\"' sh {{text}}`), or on standard input"
    )]
    Code {
        /// The program.
        program: String,
        /// The element of `argv`.
        element: String,
    },
    /// There is a NUL byte.
    #[error("it holds a NUL byte, which no program can be passed; leave it out")]
    Nul,
    /// A text is no template.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl CommandLine {
    /// The time that a program has if nothing else is said.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

    /// How much a program may print if nothing else is said, bytes.
    pub const DEFAULT_OUTPUT_LIMIT: usize = 64 * 1024;

    /// The program and its arguments. In an argument `{name}` stands for the call's argument of that name, `{{`
    /// and `}}` for braces; an element that names an argument which the call leaves out is left out as a whole.
    ///
    /// # Errors
    /// If there is no program, it has placeholders, or an element is no template.
    pub fn new<S: AsRef<str>>(argv: impl IntoIterator<Item = S>) -> Result<Self, CommandLineError> {
        let mut argv = argv.into_iter().map(|element| template(element.as_ref()));
        let program = argv.next().ok_or(CommandLineError::NoProgram)??;
        let program = program.literal().ok_or(CommandLineError::ProgramPlaceholder)?.to_owned();
        if program.is_empty() {
            return Err(CommandLineError::NoProgram);
        }
        let arguments: Vec<Template> = argv.collect::<Result<_, _>>()?;
        if let Some(code) = code_with_placeholders(&program, &arguments) {
            return Err(CommandLineError::Code { program, element: code.to_string() });
        }
        Ok(Self {
            program,
            arguments,
            stdin: None,
            directory: PathBuf::from("."),
            environment: BTreeMap::new(),
            limits: Limits { timeout: Self::DEFAULT_TIMEOUT, output_bytes: Self::DEFAULT_OUTPUT_LIMIT },
        })
    }

    /// What the program reads on its standard input; otherwise that is empty.
    ///
    /// # Errors
    /// If it is no template.
    pub fn with_stdin(mut self, text: &str) -> Result<Self, CommandLineError> {
        self.stdin = Some(template(text)?);
        Ok(self)
    }

    /// The working directory; otherwise that of this program.
    #[must_use]
    pub fn with_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = directory.into();
        self
    }

    /// A variable of its environment.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// The time that it has; otherwise [`Self::DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// How many bytes it may print; otherwise [`Self::DEFAULT_OUTPUT_LIMIT`].
    #[must_use]
    pub fn with_output_limit(mut self, bytes: usize) -> Self {
        self.limits.output_bytes = bytes;
        self
    }

    /// The time that it has.
    pub fn timeout(&self) -> Duration {
        self.limits.timeout
    }

    /// When a caller may give up on a run, two seconds after its time is up: by then the program has been ended, and
    /// the run has said so. For [`Tool::timeout`](toolformer_text::Tool::timeout).
    pub fn call_timeout(&self) -> Duration {
        self.limits.timeout.saturating_add(SLACK)
    }

    /// Why the program could not be started, and what to do.
    #[cfg(feature = "mcp")]
    pub(crate) fn why_not_started(&self, error: &std::io::Error) -> String {
        run::not_started(&self.program, error)
    }

    /// The names of all placeholders.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.arguments.iter().chain(&self.stdin).flat_map(Template::names)
    }

    /// Runs it with these arguments: what it prints, without the line ends behind it. Bytes that are not UTF-8
    /// are replaced.
    ///
    /// # Errors
    /// [`ToolError::BadArguments`] for an argument that would become an option of the program, or holds a NUL
    /// byte; [`ToolError::TimedOut`] if it takes too long; [`ToolError::Failed`] if it does not start, prints too
    /// much, or ends by a signal or with another status than 0. In all cases it has ended.
    pub fn run(&self, arguments: &Map<String, Value>) -> Result<String, ToolError> {
        let holds_nul = |value: &Value| value.as_str().is_some_and(|text| text.contains('\0'));
        if let Some((name, _)) = arguments.iter().find(|(_, value)| holds_nul(value)) {
            let reason = format!("`{name}` holds a NUL byte, which no program can be passed; leave it out");
            return Err(ToolError::bad_arguments(reason));
        }
        let mut command = self.prepared(arguments)?;
        let input = self.stdin.as_ref().map(|text| text.fill(arguments));
        run::run(&mut command, &self.program, input, &self.limits)
    }

    /// All that what it prints depends on, as far as it is declared: not the limits.
    pub(crate) fn declaration(&self) -> Value {
        json!({
            "program": self.program,
            "arguments": self.arguments.iter().map(Template::to_string).collect::<Vec<_>>(),
            "stdin": self.stdin.as_ref().map(Template::to_string),
            "directory": self.directory.to_string_lossy(),
            "environment": self.environment,
        })
    }

    /// The program, its arguments, its directory and environment.
    pub(crate) fn prepared(&self, arguments: &Map<String, Value>) -> Result<Command, ToolError> {
        let mut command = self.command()?;
        command.args(self.filled(arguments)?);
        Ok(command)
    }

    /// The program in its directory and environment, without arguments.
    fn command(&self) -> Result<Command, ToolError> {
        let no_directory = |error| ToolError::failed(format!("there is no working directory: {error}"));
        let directory = std::path::absolute(&self.directory).map_err(no_directory)?;
        let is_path = self.program.contains(std::path::is_separator);
        let mut command = match is_path {
            true => Command::new(directory.join(&self.program)),
            false => Command::new(&self.program),
        };
        command.current_dir(directory).env_clear().envs(&self.environment);
        if cfg!(unix) && !self.environment.contains_key("PATH") {
            command.env("PATH", PATH);
        }
        Ok(command)
    }

    fn filled(&self, arguments: &Map<String, Value>) -> Result<Vec<String>, ToolError> {
        let mut options_end = false;
        let mut filled = Vec::new();
        for template in &self.arguments {
            if template.names().any(|name| !arguments.contains_key(name)) {
                continue;
            }
            let text = template.fill(arguments);
            if !options_end && let Some(name) = option_from(template, &text, arguments) {
                return Err(ToolError::bad_arguments(format!(
                    "`{name}` begins with `-` and would be an option of `{}`; write it otherwise, or let the tool \
                     pass it behind `--` or on standard input",
                    self.program
                )));
            }
            options_end |= template.literal() == Some("--");
            filled.push(text);
        }
        Ok(filled)
    }
}

/// The string argument by which `text` begins with a `-`, if it does so by one.
fn option_from<'t>(template: &'t Template, text: &str, arguments: &Map<String, Value>) -> Option<&'t str> {
    if !text.starts_with('-') {
        return None;
    }
    // An argument may be empty as text in other ways than as a string: null is.
    let filled = template.pieces().iter().find_map(|piece| match piece {
        Piece::Text(_) => Some(None),
        Piece::Value(name) => {
            let value = arguments.get(name)?;
            (!value_text(value).is_empty()).then_some(value.is_string().then_some(name.as_str()))
        }
    });
    filled.flatten()
}

fn template(text: &str) -> Result<Template, CommandLineError> {
    match text.contains('\0') {
        true => Err(CommandLineError::Nul),
        false => Ok(Template::parse(text)?),
    }
}
