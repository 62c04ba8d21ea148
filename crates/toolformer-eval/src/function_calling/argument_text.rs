//! Arguments as they are written in a call.

use serde_json::{Map, Value};

/// Named arguments as they stand between the parentheses of a call: `city="Paris", days=3`. Strings are quoted, with
/// their line ends escaped; lists stand in brackets, objects as JSON.
///
/// ```
/// use serde_json::json;
/// let arguments = json!({"city": "Paris, France", "days": [1, 2], "exact": true});
/// let text = toolformer_eval::argument_text(arguments.as_object().unwrap());
/// assert_eq!(text, "city=\"Paris, France\", days=[1, 2], exact=true");
/// ```
pub fn argument_text(arguments: &Map<String, Value>) -> String {
    let argument = |(name, value): (&String, &Value)| format!("{name}={}", value_text(value));
    arguments.iter().map(argument).collect::<Vec<_>>().join(", ")
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        // What is in a list of JSON's own values is written as JSON, which every reader of lists knows.
        other => with_spaces(other),
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' | '\\' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// JSON with a space behind commas and colons, as people write it.
fn with_spaces(value: &Value) -> String {
    let inner = |texts: Vec<String>| texts.join(", ");
    match value {
        Value::Array(values) => {
            let text = inner(values.iter().map(with_spaces).collect());
            // The bracket of a list, not that of a call.
            format!("{}{text}{}", '\u{5b}', '\u{5d}')
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), with_spaces(value))
            };
            format!("{{{}}}", inner(fields.iter().map(field).collect()))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use toolformer_text::{Parameter, ParameterType, Parameters, Syntax, parse};

    use super::*;

    /// Writes a call and reads it back.
    fn read_back(arguments: &Value, kinds: &[(&str, ParameterType)]) -> Value {
        let syntax = Syntax::default();
        let text = syntax.call("f", &argument_text(arguments.as_object().unwrap()));
        let document = parse(&text, &syntax);
        assert_eq!(document.calls().len(), 1, "{text}");
        let list = kinds.iter().map(|(name, kind)| Parameter::new(*name, kind.clone()));
        Parameters::new(list).bind(&document.calls()[0].args).unwrap().into()
    }

    #[test]
    fn values_of_all_kinds_come_back() {
        let arguments = json!({
            "text": "a \"b\", (c] d\\ 'e'\n= 5",
            "number": -2.5,
            "truth": false,
            "list": ["x, y", "don't", "\"q\""],
            "object": {"k": [1, {"m": null}], "n": "]"},
        });
        let any = ["number", "truth", "list", "object"].map(|name| (name, ParameterType::Any));
        let kinds = [&[("text", ParameterType::String)][..], &any].concat();
        assert_eq!(read_back(&arguments, &kinds), arguments);
    }

    proptest! {
        #[test]
        fn any_two_texts_come_back(one in "[a-z0-9 ,=()\"'\\\\\\]\\n-]{0,12}", other in "\\PC{0,8}") {
            let arguments = json!({"one": one, "other": other});
            let kinds = [("one", ParameterType::String), ("other", ParameterType::String)];
            prop_assert_eq!(read_back(&arguments, &kinds), arguments);
        }
    }
}
