//! Wikipedia's introductions, from the package's form to ours.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

/// The articles of the package's file (an object of objects) as JSONL, in its order: `title`, `text` and
/// `description`, which is one line that another hand wrote about the article.
pub(crate) fn jsonl(package: &[u8]) -> Result<Vec<u8>> {
    let articles: Map<String, Value> =
        serde_json::from_slice(package).context("it is no object of articles")?;
    let mut lines = Vec::new();
    for (title, article) in &articles {
        let field = |name: &str| {
            article[name]
                .as_str()
                .with_context(|| format!("the article {title} has no text in the field `{name}`"))
        };
        let line = json!({
            "title": field("title")?, "text": field("extract")?, "description": field("description")?,
        });
        serde_json::to_writer(&mut lines, &line)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_become_lines_in_their_order() {
        let package = json!({
            "Zoo": {"title": "Zoo", "extract": "A zoo\nis", "description": "a place", "topic": "Arts"},
            "Ant": {"title": "Ant", "extract": "An ant is", "description": "", "topic": "Life"},
        });
        let lines = jsonl(package.to_string().as_bytes()).unwrap();
        let expected = "{\"title\":\"Zoo\",\"text\":\"A zoo\\nis\",\"description\":\"a place\"}\n\
                        {\"title\":\"Ant\",\"text\":\"An ant is\",\"description\":\"\"}\n";
        assert_eq!(String::from_utf8(lines).unwrap(), expected);
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = jsonl(br#"{"Ant": {"title": "Ant"}}"#).unwrap_err().to_string();
        assert!(error.contains("Ant has no text in the field `extract`"), "{error}");
        assert!(jsonl(b"[]").is_err());
    }
}
