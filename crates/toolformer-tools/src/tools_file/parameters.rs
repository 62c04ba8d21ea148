//! The parameters that a tool declares.

use toolformer_text::{Parameter, ParameterType, Parameters};

use super::{
    ToolsFileError, ToolsFileProblem,
    keys::{Field, Keys},
};
use crate::template::is_parameter_name;

const TYPES: &str = "write \"string\", \"integer\", \"number\", \"boolean\", \"any\", \"list of string\" (or of another \
                     of these), or \"text\" for all that is left of the arguments";

/// The parameters of a tool; without the key, one text called `text`.
pub(super) fn read(tool: &Keys<'_>) -> Result<Parameters, ToolsFileError> {
    let Some(field) = tool.get("parameters") else {
        return Ok(Parameters::text("text"));
    };
    let mut list: Vec<Parameter> = Vec::new();
    for element in field.list()? {
        let parameter = parameter(&element)?;
        if list.iter().any(|other| other.name == parameter.name) {
            return Err(element.error(ToolsFileProblem::TwoParameters { name: parameter.name }));
        }
        if let Some(text) = list.iter().find(|other| other.kind == ParameterType::Raw) {
            return Err(element.error(ToolsFileProblem::TextNotLast { name: text.name.clone() }));
        }
        list.push(parameter);
    }
    Ok(Parameters::new(list))
}

/// Checks that every placeholder is a parameter and every parameter is used.
pub(super) fn check_use<'n>(
    tool: &Keys<'_>,
    parameters: &Parameters,
    names: impl Iterator<Item = &'n str> + Clone,
) -> Result<(), ToolsFileError> {
    let declared = parameters.as_slice();
    if let Some(name) = names.clone().find(|&name| parameters.get(name).is_none()) {
        let parameters = parameters.to_string();
        return Err(tool.error(ToolsFileProblem::UnknownPlaceholder { name: name.to_owned(), parameters }));
    }
    match declared.iter().find(|parameter| !names.clone().any(|name| name == parameter.name)) {
        Some(unused) => Err(tool.error(ToolsFileProblem::UnusedParameter { name: unused.name.clone() })),
        None => Ok(()),
    }
}

fn parameter(element: &Field<'_>) -> Result<Parameter, ToolsFileError> {
    let table = element.table()?;
    table.only(&["name", "type", "description", "optional"])?;
    let name = table.require("name", "name = \"city\"")?;
    let text = name.string()?;
    if !is_parameter_name(text) {
        return Err(name.impossible(text, "use ASCII letters, digits and `_`"));
    }
    let kind = match table.get("type") {
        None => ParameterType::String,
        Some(field) => {
            kind(field.string()?).ok_or_else(|| field.impossible(field.string().unwrap_or(""), TYPES))?
        }
    };
    let mut parameter = Parameter::new(text, kind);
    if let Some(description) = table.get("description") {
        parameter = parameter.described(description.string()?);
    }
    let optional = table.get("optional").map_or(Ok(false), |field| field.boolean())?;
    Ok(if optional { parameter.optional() } else { parameter })
}

fn kind(text: &str) -> Option<ParameterType> {
    Some(match text {
        "integer" => ParameterType::Integer,
        "number" => ParameterType::Number,
        "boolean" => ParameterType::Boolean,
        "string" => ParameterType::String,
        "any" => ParameterType::Any,
        "text" => ParameterType::Raw,
        _ => {
            // As deep as anyone writes lists; the type is read recursively.
            let item = text.strip_prefix("list of ").filter(|item| item.len() < 64 && *item != "text")?;
            ParameterType::List(Box::new(kind(item).filter(|kind| !ends_in_raw(kind))?))
        }
    })
}

fn ends_in_raw(kind: &ParameterType) -> bool {
    match kind {
        ParameterType::List(item) => ends_in_raw(item),
        kind => *kind == ParameterType::Raw,
    }
}
