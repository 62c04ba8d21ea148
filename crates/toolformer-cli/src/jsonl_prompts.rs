//! `--prompts`: one object with a `prompt` a line, its other fields carried along.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::input::read_text;

/// A prompt and whatever else its object holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct JsonlPrompt {
    pub(crate) prompt: String,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

impl JsonlPrompt {
    /// A prompt alone.
    pub(crate) fn new(prompt: &str) -> Self {
        Self { prompt: prompt.to_owned(), rest: Map::new() }
    }

    /// What its random draws hang on: its `id`, so that they do not change with its place in the file.
    pub(crate) fn key(&self, number: usize) -> String {
        match self.rest.get("id") {
            Some(Value::String(id)) => id.clone(),
            Some(id) => id.to_string(),
            None => number.to_string(),
        }
    }
}

/// Reads all prompts of a file.
pub(crate) fn read_prompts(path: &Path) -> Result<Vec<JsonlPrompt>> {
    parse_prompts(&read_text(path)?).with_context(|| format!("{} is no file of prompts", path.display()))
}

fn parse_prompts(text: &str) -> Result<Vec<JsonlPrompt>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let prompts = lines.map(|(number, line)| {
        let number = number + 1;
        serde_json::from_str(line)
            .with_context(|| format!("line {number} is not a JSON object with a \"prompt\""))
    });
    let prompts: Vec<JsonlPrompt> = prompts.collect::<Result<_>>()?;
    if prompts.is_empty() {
        bail!("it holds no prompt");
    }
    Ok(prompts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_fields_stay_and_the_id_is_the_key() {
        let prompts =
            parse_prompts("{\"id\":\"a\",\"prompt\":\"p\",\"answer\":3}\n\n{\"prompt\":\"q\"}\n").unwrap();
        assert_eq!(prompts[0].rest["answer"], 3);
        assert_eq!((prompts[0].key(0), prompts[1].key(1)), ("a".to_owned(), "1".to_owned()));
    }

    #[test]
    fn the_wrong_line_is_named() {
        let error = parse_prompts("{\"prompt\":\"p\"}\nx\n").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(parse_prompts("\n").is_err());
    }
}
