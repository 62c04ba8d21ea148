//! A question with functions, and what should be called.

use serde_json::{Map, Value};

use super::FunctionSchema;
use crate::Item;

/// A question with the functions that may be called for it.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionCase {
    /// Its id.
    pub id: String,
    /// Its category, `simple_python`.
    pub category: String,
    /// What is asked.
    pub question: String,
    /// What may be called.
    pub functions: Vec<FunctionSchema>,
    /// What should be.
    pub expected: ExpectedCalls,
}

/// What should be called.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpectedCalls {
    /// This function, once.
    One {
        /// Its name.
        function: String,
        /// The values that each parameter may have; `""` among them: it may be left out.
        arguments: Map<String, Value>,
    },
    /// None: no function fits.
    None,
    /// Any of the functions, whatever its arguments.
    Any,
}

impl FunctionCase {
    /// As an item with the fields `question` and `functions`, a line for each. It has no answers: calls are judged
    /// ([`FunctionCase::judge`]).
    pub fn item(&self) -> Item {
        let lines: Vec<_> = self.functions.iter().map(FunctionSchema::prompt_line).collect();
        Item::new(&self.id, Vec::new())
            .with("question", &self.question)
            .with("functions", lines.join("\n"))
            .in_category(&self.category)
    }

    /// A right call, with the first values that each parameter may have; its name and arguments. None where none is
    /// right, or any is.
    pub fn reference_call(&self) -> Option<(&str, Map<String, Value>)> {
        let ExpectedCalls::One { function, arguments } = &self.expected else { return None };
        let chosen =
            arguments.iter().filter_map(|(name, values)| Some((name.clone(), chosen(first_of(values)?))));
        Some((function, chosen.collect()))
    }
}

/// The first of the values that a parameter may have; none if it is `""`, which leaves it out.
fn first_of(values: &Value) -> Option<&Value> {
    let first = values.as_array()?.first()?;
    (first.as_str() != Some("")).then_some(first)
}

/// The fields of an object, also of those in a list, have a list of values again.
fn chosen(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(name, values): (&String, &Value)| Some((name.clone(), first_of(values)?.clone()));
            Value::Object(fields.iter().filter_map(field).collect())
        }
        Value::Array(values) => values.iter().map(chosen).collect(),
        other => other.clone(),
    }
}
