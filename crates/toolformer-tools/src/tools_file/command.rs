//! `kind = "command"`.

use std::path::Path;

use toolformer_text::Parameters;

use super::{
    ToolsFileDefaults, ToolsFileError, ToolsFileProblem,
    keys::{Field, Keys},
    parameters,
    rate::RATE,
};
use crate::{command_line::CommandLine, command_tool::CommandTool};

const KEYS: &[&str] = &[
    "kind",
    "description",
    "parameters",
    "argv",
    "stdin",
    "timeout_seconds",
    "output_limit_bytes",
    "directory",
    "environment",
];

pub(super) fn read(
    name: &str,
    description: String,
    parameters: Parameters,
    table: &Keys<'_>,
    folder: &Path,
    defaults: &ToolsFileDefaults,
) -> Result<CommandTool, ToolsFileError> {
    table.only(&[KEYS, RATE].concat())?;
    let argv = table.require("argv", "argv = [\"program\", \"{text}\"]")?;
    let mut command = CommandLine::new(argv.strings()?).map_err(|error| argv.error(error))?;
    if let Some(stdin) = table.get("stdin") {
        command = command.with_stdin(stdin.string()?).map_err(|error| stdin.error(error))?;
    }
    if let Some(timeout) = table.timeout(defaults)? {
        command = command.with_timeout(timeout);
    }
    if let Some(limit) = table.get("output_limit_bytes") {
        command = command.with_output_limit(limit.bytes()?);
    }
    command = surroundings(command, table, folder)?;
    let names: Vec<&str> = command.placeholders().collect();
    parameters::check_use(table, &parameters, names.into_iter())?;
    Ok(CommandTool::new(name, description, parameters, command))
}

/// The keys `directory` and `environment`.
pub(super) fn surroundings(
    mut command: CommandLine,
    table: &Keys<'_>,
    folder: &Path,
) -> Result<CommandLine, ToolsFileError> {
    let directory = match table.get("directory") {
        None => ".",
        Some(field) => match field.string()? {
            text if text.contains('\0') => return Err(field.impossible("\\0", "write a directory")),
            text => text,
        },
    };
    command = command.with_directory(folder.join(directory));
    let Some(environment) = table.get("environment") else {
        return Ok(command);
    };
    for (variable, field) in environment.table()?.fields() {
        let value = field.string()?;
        check_variable(variable, value, &field)?;
        command = command.with_variable(variable, value);
    }
    Ok(command)
}

fn check_variable(variable: &str, value: &str, field: &Field<'_>) -> Result<(), ToolsFileError> {
    if variable.is_empty() || variable.contains(['=', '\0']) || value.contains('\0') {
        let advice = "use a name without `=`, and no NUL bytes".to_owned();
        return Err(field.error(ToolsFileProblem::Value { value: variable.to_owned(), advice }));
    }
    Ok(())
}
