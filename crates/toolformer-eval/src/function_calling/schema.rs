//! A function that may be called.

use serde_json::{Map, Value};
use toolformer_text::{Parameter, ParameterType, Parameters, Tool, ToolError, is_valid_name};

/// A function that may be called, as a question declares it.
///
/// As a [`Tool`] it can be put into a registry, so that a model may call it; it checks its arguments and then has no
/// result.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionSchema {
    /// Its name, dots included.
    pub name: String,
    /// What it does.
    pub description: String,
    /// What it takes.
    pub parameters: Parameters,
    /// The properties as they were declared, in BFCL's types.
    declared: Map<String, Value>,
}

impl FunctionSchema {
    /// Reads BFCL's declaration: `name`, `description` and `parameters`, a JSON Schema with `dict`, `float`, `tuple`
    /// and `any` for what JSON Schema calls `object`, `number` and `array`, and any value.
    ///
    /// # Errors
    /// In words, if it has no name that a call can have, or no properties.
    pub fn from_bfcl(declaration: &Value) -> Result<Self, String> {
        let name = declaration["name"].as_str().unwrap_or_default();
        if !is_valid_name(name) {
            return Err(format!("has the name `{name}`; a call needs letters, digits, `_` and dots"));
        }
        let Some(declared) = declaration["parameters"]["properties"].as_object() else {
            return Err(format!("`{name}` has no `parameters.properties`; write an object, if an empty one"));
        };
        Ok(Self {
            name: name.to_owned(),
            description: declaration["description"].as_str().unwrap_or_default().to_owned(),
            parameters: Parameters::from_json_schema(as_json_schema(&declaration["parameters"])),
            declared: declared.clone(),
        })
    }

    /// The line that tells a model of it: `name(a: integer, b: string = null): what it does`.
    pub fn prompt_line(&self) -> String {
        let description = self.description.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{}({}): {description}", self.name, self.parameters)
    }

    /// BFCL's type of a parameter, and that of its elements.
    pub(super) fn type_of(&self, parameter: &str) -> Option<(&str, Option<&str>)> {
        let declared = self.declared.get(parameter)?;
        Some((declared["type"].as_str()?, declared["items"]["type"].as_str()))
    }

    /// For reading calls: a text is read as one, everything else as what it looks like, so that what a parameter may
    /// be is judged by BFCL's rules alone. A parameter that is declared as a text, but whose possible values are none,
    /// is read as what it looks like too.
    pub(super) fn as_read(&self, possible: &Map<String, Value>) -> Parameters {
        Parameters::new(self.parameters.as_slice().iter().map(|parameter| {
            let is_text =
                self.type_of(&parameter.name).is_some_and(|(kind, _)| matches!(kind, "string" | "any"));
            let values = possible.get(&parameter.name).and_then(Value::as_array);
            let kind = match values.into_iter().flatten().all(Value::is_string) && is_text {
                true => ParameterType::String,
                false => ParameterType::Any,
            };
            let read = Parameter::new(&parameter.name, kind);
            if parameter.required { read } else { read.optional() }
        }))
    }
}

impl Tool for FunctionSchema {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> &str {
        &self.description
    }

    fn parameters(&self) -> Parameters {
        self.parameters.clone()
    }

    fn is_pure(&self) -> bool {
        true
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        self.parameters.bind(args)?;
        Err(ToolError::NoResult)
    }
}

/// BFCL's types by their names in JSON Schema; `any` is none.
fn as_json_schema(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                let value = match (name.as_str(), value.as_str()) {
                    ("type", Some("any")) => return None,
                    ("type", Some("dict")) => Value::from("object"),
                    ("type", Some("float")) => Value::from("number"),
                    ("type", Some("tuple")) => Value::from("array"),
                    _ => as_json_schema(value),
                };
                Some((name.clone(), value))
            };
            Value::Object(fields.iter().filter_map(field).collect())
        }
        Value::Array(values) => values.iter().map(as_json_schema).collect(),
        other => other.clone(),
    }
}
