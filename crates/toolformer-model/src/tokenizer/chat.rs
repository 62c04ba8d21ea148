//! Conversations as the text that a chat model was trained on, by the template that comes with it.

use std::collections::BTreeMap;

use jiff::{civil::DateTime, fmt::strtime};
use minijinja::{
    Environment, ErrorKind,
    syntax::SyntaxConfig,
    value::{Kwargs, Serde, Value as Any},
};
use minijinja_contrib::pycompat::unknown_method_callback;
use serde::Serialize;
use serde_json::Value;

use super::{Tokenizer, json_filter::tojson};
use crate::error::ModelError;

/// A template may take this many steps: those of strangers could run for ever.
const MAX_STEPS: u64 = 50_000_000;

/// The function by which templates ask for the date.
const CLOCK: &str = "strftime_now";

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
    /// The local time, for templates that write the date (`strftime_now`). Default none: such a template then writes
    /// the date that it has for that case, or fails.
    pub now: Option<DateTime>,
}

impl Default for ChatOptions {
    fn default() -> Self {
        Self { add_generation_prompt: true, variables: BTreeMap::new(), now: None }
    }
}

impl Tokenizer {
    /// The text of a conversation. It holds its special tokens written out: encode it with
    /// [`Tokenizer::encode`], which adds no more.
    ///
    /// The template is Jinja, as transformers reads it. Of several that which is named `default` is taken, and `tool_use`
    /// where the variables have `tools`.
    ///
    /// # Errors
    /// If the model has no template (or several and none is `default`), or the template fails or refuses the conversation;
    /// the text says why.
    pub fn apply_chat_template(
        &self,
        messages: &[ChatMessage],
        options: &ChatOptions,
    ) -> Result<String, ModelError> {
        let tools = options.variables.get("tools").is_some_and(|tools| !tools.is_null());
        let template = self.chat_templates.choose(tools)?;
        let token = |id: Option<u32>| id.and_then(|id| self.id_to_token(id)).unwrap_or_default();
        let mut variables: BTreeMap<&str, Any> = BTreeMap::from([
            ("messages", Any::from(Serde(messages))),
            ("add_generation_prompt", options.add_generation_prompt.into()),
            ("tools", ().into()),
            ("documents", ().into()),
            ("bos_token", token(self.bos()).into()),
            ("eos_token", token(self.eos()).into()),
            ("unk_token", token(self.unk()).into()),
            ("pad_token", token(self.pad()).into()),
        ]);
        variables
            .extend(options.variables.iter().map(|(name, value)| (name.as_str(), Any::from(Serde(value)))));
        render(template, variables, options.now)
            .map_err(|error| ModelError::ChatTemplate { why: described(&error) })
    }
}

fn render(
    template: &str,
    variables: BTreeMap<&str, Any>,
    now: Option<DateTime>,
) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_fuel(Some(MAX_STEPS));
    environment.set_unknown_method_callback(unknown_method_callback);
    let refused = |why: String| minijinja::Error::new(ErrorKind::InvalidOperation, why);
    environment
        .add_function("raise_exception", move |why: String| -> Result<String, _> { Err(refused(why)) });
    // Without a date the function is not there: templates that look for it have a date of their own.
    if let Some(now) = now {
        environment.add_function(CLOCK, move |format: &str| {
            strtime::format(format, now).map_err(|error| refused(format!("{CLOCK}: {error}")))
        });
    }
    environment.add_filter("tojson", |value: Any, options: Kwargs| tojson(&value, &options));
    environment.render_str(&without_marks(template), variables)
}

/// The template with a scope of its own where it marks what the model is to say (`{% generation %}`), which is for
/// training only.
fn without_marks(template: &str) -> String {
    let mut plain = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("{%") {
        let (before, from) = rest.split_at(start);
        plain.push_str(before);
        let Some(end) = from.find("%}") else {
            rest = from;
            break;
        };
        let (tag, after) = from.split_at(end + 2);
        let word = tag[2..end].trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '+'));
        match word {
            "generation" | "endgeneration" => plain.push_str(&tag.replacen("generation", "with", 1)),
            _ => plain.push_str(tag),
        }
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// The error with its line.
fn described(error: &minijinja::Error) -> String {
    let mut what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    if error.kind() == ErrorKind::UnknownFunction && what.contains(CLOCK) {
        what = format!("the template asks for the date ({CLOCK}), and none was given");
    }
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
        assert_eq!(
            render(template, variables, None).map_err(|error| described(&error)),
            Ok(expected.to_owned())
        );
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
        let error = |template| described(&render(template, BTreeMap::new(), None).unwrap_err());
        assert_eq!(
            error("a\n{{ raise_exception('no system turn') }}"),
            "no system turn (line 2 of the template)"
        );
        assert!(error("{{ strftime_now('%d') }}").contains("asks for the date"));
        let nested = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
        assert!(error(nested).contains("fuel"), "{}", error(nested));
        assert!(error("{% if %}").contains("line 1"));
    }
}
