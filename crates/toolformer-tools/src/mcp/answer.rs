//! A server's answer as text.

use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use toolformer_text::ToolError;

use crate::one_line::said;

/// The texts of an answer, a line each; without any, its structured content.
pub(super) fn text(result: CallToolResult) -> Result<String, ToolError> {
    let mut lines = Vec::new();
    let mut unsupported = Vec::new();
    for block in &result.content {
        match block {
            ContentBlock::Text(text) => lines.push(text.text.clone()),
            ContentBlock::Resource(resource) => match &resource.resource {
                ResourceContents::TextResourceContents { text, .. } => lines.push(text.clone()),
                _ => unsupported.push("a binary resource"),
            },
            ContentBlock::ResourceLink(link) => lines.push(link.uri.clone()),
            ContentBlock::Image(_) => unsupported.push("an image"),
            ContentBlock::Audio(_) => unsupported.push("a sound"),
            _ => unsupported.push("something unknown"),
        }
    }
    if lines.is_empty()
        && let Some(structured) = &result.structured_content
    {
        lines.push(structured.to_string());
    }
    let text = lines.join("\n");
    if result.is_error == Some(true) {
        let silent = "the tool failed and does not say why".to_owned();
        return Err(ToolError::failed(Some(said(&text)).filter(|said| !said.is_empty()).unwrap_or(silent)));
    }
    match unsupported.first() {
        Some(what) if lines.is_empty() => Err(ToolError::failed(format!(
            "the answer is {what}, which is not supported; use a tool that gives text"
        ))),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(answer: serde_json::Value, expected: Result<&str, &str>) {
        let text =
            serde_json::from_value(answer).map(|answer| text(answer).map_err(|error| error.to_string()));
        assert_eq!(text.ok(), Some(expected.map(str::to_owned).map_err(str::to_owned)));
    }

    #[test]
    fn texts_are_joined() {
        check(json!({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}), Ok("a\nb"));
        check(json!({"content": [{"type": "text", "text": "a"}], "structuredContent": {"x": 1}}), Ok("a"));
        check(json!({"content": [], "structuredContent": {"x": 1}}), Ok(r#"{"x":1}"#));
        check(json!({"content": []}), Ok(""));
    }

    #[test]
    fn other_contents_are_named() {
        let image = json!({"type": "image", "data": "", "mimeType": "image/png"});
        let refused = "the answer is an image, which is not supported; use a tool that gives text";
        check(json!({"content": [image]}), Err(refused));
        check(json!({"content": [image, {"type": "text", "text": "a"}]}), Ok("a"));
    }

    #[test]
    fn errors_are_failures() {
        check(json!({"content": [{"type": "text", "text": "no"}], "isError": true}), Err("no"));
        check(json!({"content": [], "isError": true}), Err("the tool failed and does not say why"));
        let text = "a\n\u{1b}]0;title\u{7}b\u{9b}2J\u{202e}";
        check(json!({"content": [{"type": "text", "text": text}], "isError": true}), Err("a ]0;title b 2J"));
    }
}
