//! Passages of web pages, from the package's form to ours.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// The passages as JSONL with `text`, in the package's order. It has several versions of each; `0` is the page's own.
pub(crate) fn jsonl(package: &[u8]) -> Result<Vec<u8>> {
    let mut lines = Vec::new();
    for (number, line) in package.split(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let versions: Value =
            serde_json::from_slice(line).with_context(|| format!("line {} is not JSON", number + 1))?;
        let own =
            versions["0"].as_str().with_context(|| format!("line {} has no passage `0`", number + 1))?;
        serde_json::to_writer(&mut lines, &json!({"text": own}))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_own_words_are_taken() {
        let package = "{\"1\": \"reworded\", \"0\": \"A \\u201cpage\\u201d\\n\"}\n\n{\"0\": \"Another\"}\n";
        let lines = jsonl(package.as_bytes()).unwrap();
        let expected = "{\"text\":\"A \u{201c}page\u{201d}\\n\"}\n{\"text\":\"Another\"}\n";
        assert_eq!(String::from_utf8(lines).unwrap(), expected);
    }

    #[test]
    fn the_line_without_a_passage_is_named() {
        let error = jsonl(b"{\"0\": \"A page\"}\n{\"1\": \"reworded\"}").unwrap_err().to_string();
        assert!(error.contains("line 2 has no passage"), "{error}");
    }
}
