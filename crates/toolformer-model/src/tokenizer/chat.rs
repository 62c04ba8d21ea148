//! Conversations as the text that a chat model was trained on, by the template that comes with it.

use std::collections::BTreeMap;

use minijinja::{
    Environment, ErrorKind,
    syntax::SyntaxConfig,
    value::{Serde, Value as Any},
};
use minijinja_contrib::pycompat::unknown_method_callback;
use serde::Serialize;
use serde_json::Value;

use super::Tokenizer;
use crate::error::ModelError;

/// A template may take this many steps: those of strangers could run for ever.
const MAX_STEPS: u64 = 50_000_000;

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChatMessage {
    /// Who speaks: `system`, `user` or `assistant` in most templates.
    pub role: String,
    /// What is said.
    pub content: String,
}

impl ChatMessage {
    /// A turn.
    pub fn new(role: impl Into<String>, content: impl Into<String>) -> Self {
        Self { role: role.into(), content: content.into() }
    }
}

/// What a conversation's text depends on besides its turns.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatOptions {
    /// Whether the text ends where the model is to speak. Default true.
    pub add_generation_prompt: bool,
    /// Further variables of the template, such as `tools` or `date_string`. Default none.
    pub variables: BTreeMap<String, Value>,
}

impl Default for ChatOptions {
    fn default() -> Self {
        Self { add_generation_prompt: true, variables: BTreeMap::new() }
    }
}

impl Tokenizer {
    /// The text of a conversation. It holds its special tokens written out: encode it with
    /// [`Tokenizer::encode`], which adds no more.
    ///
    /// The template is Jinja, as transformers reads it. It is not given the time: one that asks for the date
    /// needs it as a variable.
    ///
    /// # Errors
    /// If the model has no template, or the template fails or refuses the conversation; the text says why.
    pub fn apply_chat_template(
        &self,
        messages: &[ChatMessage],
        options: &ChatOptions,
    ) -> Result<String, ModelError> {
        let template = self.chat_template().ok_or_else(|| ModelError::ChatTemplate {
            why: "the model has none: it was not trained on conversations, or its tokenizer_config.json or \
                  chat_template.jinja is missing"
                .to_owned(),
        })?;
        let token = |id: Option<u32>| id.and_then(|id| self.id_to_token(id)).unwrap_or_default();
        let mut variables: BTreeMap<&str, Any> = BTreeMap::from([
            ("messages", Any::from(Serde(messages))),
            ("add_generation_prompt", options.add_generation_prompt.into()),
            ("bos_token", token(self.bos()).into()),
            ("eos_token", token(self.eos()).into()),
            ("unk_token", token(self.unk()).into()),
            ("pad_token", token(self.pad()).into()),
        ]);
        variables
            .extend(options.variables.iter().map(|(name, value)| (name.as_str(), Any::from(Serde(value)))));
        render(template, variables).map_err(|error| ModelError::ChatTemplate { why: described(&error) })
    }
}

fn render(template: &str, variables: BTreeMap<&str, Any>) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_fuel(Some(MAX_STEPS));
    environment.set_unknown_method_callback(unknown_method_callback);
    environment.add_function("raise_exception", |why: String| -> Result<String, minijinja::Error> {
        Err(minijinja::Error::new(ErrorKind::InvalidOperation, why))
    });
    environment.add_function("strftime_now", |_format: String| -> Result<String, minijinja::Error> {
        let why = "the template asks for the date; give it as a variable, `date_string` in most";
        Err(minijinja::Error::new(ErrorKind::InvalidOperation, why))
    });
    environment.add_filter("tojson", |value: Any| as_python_writes_json(&value));
    environment.render_str(template, variables)
}

/// As Python's `json.dumps` writes it, with a space behind `,` and `:`; models were trained on that.
fn as_python_writes_json(value: &Any) -> Result<String, minijinja::Error> {
    let failed =
        |error: serde_json::Error| minijinja::Error::new(ErrorKind::BadSerialization, error.to_string());
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, PythonJson);
    value.serialize(&mut serializer).map_err(failed)?;
    String::from_utf8(bytes)
        .map_err(|error| minijinja::Error::new(ErrorKind::BadSerialization, error.to_string()))
}

struct PythonJson;

impl serde_json::ser::Formatter for PythonJson {
    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        out.write_all(b": ")
    }
}

/// The error with its line.
fn described(error: &minijinja::Error) -> String {
    let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    match error.line() {
        Some(line) => format!("{what} (line {line} of the template)"),
        None => what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &str, expected: &str) {
        let turns = [ChatMessage::new("user", " hi "), ChatMessage::new("assistant", "é<")];
        let tools = serde_json::json!([{ "name": "a", "n": 1 }]);
        let variables = BTreeMap::from([
            ("messages", Any::from(Serde(turns))),
            ("tools", Any::from(Serde(tools))),
            ("bos_token", "<s>".into()),
            ("add_generation_prompt", true.into()),
        ]);
        assert_eq!(render(template, variables).map_err(|error| described(&error)), Ok(expected.to_owned()));
    }

    #[test]
    fn what_templates_use() {
        check(
            "{{ bos_token }}{% for m in messages %}\n  {% if loop.first %}\n[{{ m['role'] }}]{% endif %}\
             {{ m.content.strip() }}{% endfor %}{% if add_generation_prompt %}>{% endif %}",
            "<s>[user]hié<>",
        );
        check("{{ messages[0]['content'] | trim }}{{ messages[::-1][0].role }}", "hiassistant");
        check("{{ tools | tojson }}", r#"[{"name": "a", "n": 1}]"#);
        check(
            "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}",
            "2",
        );
        check(
            "{% for m in messages %}{% if loop.index0 == 1 %}{% break %}{% endif %}{{ m.role }}{% endfor %}",
            "user",
        );
        check(
            "{{ 'a,b'.split(',')[1] }}{{ 'Ab'.startswith('A') }}{{ 'x' if y is defined else 'z' }}",
            "bTruez",
        );
    }

    #[test]
    fn refusals_and_endless_templates_are_errors() {
        let error = |template| described(&render(template, BTreeMap::new()).unwrap_err());
        assert_eq!(
            error("a\n{{ raise_exception('no system turn') }}"),
            "no system turn (line 2 of the template)"
        );
        assert!(error("{{ strftime_now('%d') }}").contains("date_string"));
        let nested = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
        assert!(error(nested).contains("fuel"), "{}", error(nested));
        assert!(error("{% if %}").contains("line 1"));
    }
}
