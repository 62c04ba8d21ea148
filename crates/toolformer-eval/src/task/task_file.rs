//! The file of a task.

use std::ops::Range;

use regex::Regex;
use serde::Deserialize;

use super::{DataFormat, FieldNames, Task};
use crate::{EvalError, Metric, PromptTemplate};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskFile {
    name: String,
    description: String,
    source: String,
    prompt: String,
    #[serde(default)]
    tools: Vec<String>,
    #[serde(default)]
    forbidden_tools: Vec<String>,
    max_tokens: usize,
    #[serde(default)]
    stop: Vec<String>,
    data: DataFormat,
    metric: Metric,
}

/// Reads and checks a task.
pub(super) fn parse(origin: &str, text: &str) -> Result<Task, EvalError> {
    let wrong = |field: String, why: String| EvalError::Task { origin: format!("`{origin}`"), field, why };
    let file: TaskFile = toml::from_str(text).map_err(|error| {
        let (line, key) = error.span().map_or((0, String::new()), |span| place(text, span));
        let at = if line == 0 { String::new() } else { format!("line {line}: ") };
        wrong(key, format!("{at}{}", error.message().trim()))
    })?;
    let refuse = |field: &str, why: &str| Err(wrong(field.to_owned(), why.to_owned()));
    let TaskFile { name, prompt, data, metric, tools, forbidden_tools, max_tokens, stop, .. } = &file;
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)) {
        return refuse("name", "is made of letters, digits, `-`, `_` and dots");
    }
    let template = PromptTemplate::parse(prompt).map_err(|why| wrong("prompt".to_owned(), why))?;
    if let Some(known) = data.prompt_fields()
        && let Some(unknown) = template.fields().find(|field| !known.contains(field))
    {
        let why = format!("has {{{unknown}}}, but the data have only {}", known.join(", "));
        return Err(wrong("prompt".to_owned(), why));
    }
    if template.fields().next().is_none() {
        return refuse("prompt", "has no {field}, so that all items would be asked alike; name one");
    }
    if *max_tokens == 0 && *metric != Metric::Perplexity {
        return refuse("max_tokens", "is 0; allow at least 1");
    }
    if stop.iter().any(String::is_empty) {
        return refuse("stop", "holds an empty text, which would end every output at once; remove it");
    }
    if let Some(both) = tools.iter().find(|tool| forbidden_tools.contains(tool)) {
        let why = format!("holds `{both}`, which stands in `tools` too; remove one of them");
        return Err(wrong("forbidden_tools".to_owned(), why));
    }
    check_metric(data, metric).map_err(|(field, why)| wrong(field.to_owned(), why.to_owned()))?;
    Ok(Task {
        name: file.name,
        description: file.description,
        source: file.source,
        prompt: template,
        data: file.data,
        metric: file.metric,
        tools: file.tools,
        forbidden_tools: file.forbidden_tools,
        max_tokens: file.max_tokens,
        stop: file.stop,
    })
}

fn check_metric(data: &DataFormat, metric: &Metric) -> Result<(), (&'static str, &'static str)> {
    match metric {
        Metric::WithinFirstWords { words: 0 } => {
            return Err(("metric.words", "is 0; let at least 1 word count"));
        }
        Metric::FirstNumber { tolerance } if !(tolerance.is_finite() && *tolerance >= 0.0) => {
            return Err(("metric.tolerance", "is no distance; give 0 or a small number above it"));
        }
        _ => {}
    }
    let calls = *metric == Metric::FunctionCalls;
    if calls != (*data == DataFormat::FunctionCalls) {
        return Err(("metric.kind", "`function_calls` and the data's format `function_calls` go together"));
    }
    if let DataFormat::Fields(FieldNames { answer_pattern: Some(pattern), .. }) = data
        && !Regex::new(pattern).is_ok_and(|pattern| pattern.captures_len() == 2)
    {
        return Err((
            "data.answer_pattern",
            "is no regular expression with one group; write one, as `#### (.+)`",
        ));
    }
    let has_answers = match data {
        DataFormat::Texts(_) | DataFormat::Wikitext => false,
        DataFormat::Fields(names) => names.answers.is_some(),
        _ => true,
    };
    if !has_answers && *metric != Metric::Perplexity {
        return Err(("data.answers", "is not given, but the metric needs answers; name their column"));
    }
    Ok(())
}

/// The line, from 1, and the key of what stands at a span.
fn place(text: &str, span: Range<usize>) -> (usize, String) {
    let start = text.floor_char_boundary(span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |end| end + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let key =
        line.split_once('=').map_or(line.trim_matches(|c: char| !c.is_alphanumeric()), |(key, _)| key.trim());
    (text[..start].matches('\n').count() + 1, key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "name = \"mine\"\ndescription = \"d\"\nsource = \"s\"\nprompt = \"Q: {q}\"\nmax_tokens = 8\n\
                        [data]\nformat = \"fields\"\nanswers = \"a\"\n[metric]\nkind = \"first_number\"\n";

    #[track_caller]
    fn check(from: &str, to: &str, expected: &[&str]) {
        let text = GOOD.replacen(from, to, 1);
        assert!(text != GOOD || from == to);
        match parse("mine.toml", &text) {
            Ok(_) => assert!(expected.is_empty(), "{text}"),
            Err(error) => {
                let error = error.to_string();
                assert!(!expected.is_empty() && expected.iter().all(|part| error.contains(part)), "{error}");
            }
        }
    }

    #[test]
    fn errors_name_the_field() {
        check("", "", &[]);
        check("prompt = \"Q: {q}\"\n", "", &["mine.toml", "missing field `prompt`"]);
        check("max_tokens = 8", "max_tokens = \"x\"", &["`max_tokens`", "line 5"]);
        check("max_tokens = 8", "max_tokens = 0", &["`max_tokens`", "at least 1"]);
        check("max_tokens = 8", "max_tokens = 8\nmax_token = 9", &["max_token", "unknown field"]);
        check("name = \"mine\"", "name = \"a b\"", &["`name`"]);
        check("{q}", "{q", &["`prompt`", "partner"]);
        check("{q}", "", &["`prompt`", "no {field}"]);
        check("max_tokens = 8", "max_tokens = 8\nstop = [\"\"]", &["`stop`"]);
        check(
            "max_tokens = 8",
            "max_tokens = 8\ntools = [\"QA\"]\nforbidden_tools = [\"QA\"]",
            &["`forbidden_tools`", "`QA`"],
        );
        check("format = \"fields\"", "format = \"x\"", &["unknown variant `x`", "web_questions"]);
        check("answers = \"a\"", "answer = \"a\"", &["unknown field `answer`", "answers"]);
        check("answers = \"a\"\n", "", &["`data.answers`"]);
        check("answers = \"a\"", "answers = \"a\"\nanswer_pattern = \"(\"", &["`data.answer_pattern`"]);
        check("answers = \"a\"", "answers = \"a\"\nanswer_pattern = \"a\"", &["`data.answer_pattern`"]);
        check(
            "kind = \"first_number\"",
            "kind = \"first_number\"\ntolerance = -1.0",
            &["`metric.tolerance`"],
        );
        check("kind = \"first_number\"", "kind = \"within_first_words\"", &["words"]);
        check("kind = \"first_number\"", "kind = \"within_first_words\"\nwords = 0", &["`metric.words`"]);
        check("kind = \"first_number\"", "kind = \"function_calls\"", &["`metric.kind`"]);
        check(
            "format = \"fields\"\nanswers = \"a\"",
            "format = \"svamp\"",
            &["`prompt`", "{q}", "body, question"],
        );
    }
}
