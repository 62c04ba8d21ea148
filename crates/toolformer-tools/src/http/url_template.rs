//! URLs with placeholders, where an argument stays what it is: text in one segment or in the query.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use toolformer_text::ToolError;
use url::Url;

use super::{HttpError, checked_url};
use crate::template::{Piece, Template, value_text};

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A URL with placeholders in its path and query.
#[derive(Debug, Clone)]
pub(crate) struct UrlTemplate {
    template: Template,
    /// With a letter for every argument.
    sample: Url,
}

impl UrlTemplate {
    pub(crate) fn parse(text: &str) -> Result<Self, HttpError> {
        let template = Template::parse(text)?;
        let begins_whole = match template.pieces() {
            [Piece::Text(text), _, ..] => {
                text.split_once("://").is_some_and(|(_, rest)| rest.contains(['/', '?', '#']))
            }
            [Piece::Text(_)] | [] => true,
            [Piece::Value(_), ..] => false,
        };
        if !begins_whole {
            return Err(HttpError::HostPlaceholder);
        }
        let letters = template.names().map(|name| (name.to_owned(), Value::from("x"))).collect();
        let sample = checked_url(&template.fill(&letters))?;
        Ok(Self { template, sample })
    }

    /// With a letter for every argument: the host is the same for all.
    pub(crate) fn sample(&self) -> &Url {
        &self.sample
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.template.names()
    }

    /// The URL with the arguments in it, percent-encoded.
    pub(crate) fn fill(&self, arguments: &Map<String, Value>) -> Result<Url, ToolError> {
        let mut text = String::new();
        for piece in self.template.pieces() {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Value(name) => {
                    let value = arguments.get(name).map(value_text).unwrap_or_default();
                    let in_path = !text.contains('?');
                    if in_path && value.is_empty() {
                        let reason =
                            format!("`{name}` is empty, but a part of the address's path; give a value");
                        return Err(ToolError::bad_arguments(reason));
                    }
                    text.extend(utf8_percent_encode(&value, RESERVED));
                }
            }
        }
        let url = Url::parse(&text).ok().filter(|url| self.is_alike(url));
        // A segment `..` cannot be encoded: `%2e%2e` means the same.
        url.ok_or_else(|| {
            ToolError::bad_arguments("`.` and `..` would change the address's path; give another value")
        })
    }

    /// Whether it has the same origin, and as many segments, empty in the same places.
    fn is_alike(&self, url: &Url) -> bool {
        let empty = |url: &Url| url.path().split('/').map(str::is_empty).collect::<Vec<_>>();
        url.origin() == self.sample.origin() && empty(url) == empty(&self.sample)
    }
}

/// As it is written.
impl fmt::Display for UrlTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.template.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(template: &str, value: &str, expected: &str) {
        let arguments = Map::from_iter([("x".to_owned(), json!(value))]);
        let filled = UrlTemplate::parse(template).map_err(|error| error.to_string());
        let filled = filled.and_then(|url| url.fill(&arguments).map_err(|error| error.to_string()));
        assert_eq!(filled.map_or_else(|error| error, String::from), expected);
    }

    #[test]
    fn arguments_are_encoded() {
        check("http://h/a/{x}/b", "New York", "http://h/a/New%20York/b");
        check("http://h/a/{x}", "../b?c#d%2e\\@:", "http://h/a/..%2Fb%3Fc%23d%252e%5C%40%3A");
        check("http://h/a?q={x}&z=1", "1&z=2+é\r\n", "http://h/a?q=1%26z%3D2%2B%C3%A9%0D%0A&z=1");
        check("http://h?q={x}", "", "http://h/?q=");
        check("http://h/{x}{x}", "@evil.example/", "http://h/%40evil.example%2F%40evil.example%2F");
    }

    #[test]
    fn the_path_keeps_its_form() {
        let dots = "bad arguments: `.` and `..` would change the address's path; give another value";
        check("http://h/a/{x}/b", "..", dots);
        check("http://h/a/{x}", ".", dots);
        check("http://h/a/{x}{x}/b", ".", dots);
        check("http://h/a/b{x}", "..", "http://h/a/b..");
        check("http://h/a?x={x}", "..", "http://h/a?x=..");
        check(
            "http://h/a/{x}",
            "",
            "bad arguments: `x` is empty, but a part of the address's path; give a value",
        );
    }

    #[test]
    fn the_host_takes_no_placeholder() {
        let refused = HttpError::HostPlaceholder.to_string();
        check("{x}://h/", "", &refused);
        check("http://{x}/", "", &refused);
        check("http://h{x}/", "", &refused);
        check("http://h:{x}/", "", &refused);
        check("http://a@{x}/", "", &refused);
        check("http://h/#{x}", "", &HttpError::Fragment.to_string());
        check("http://u@h/{x}", "", &HttpError::Credentials.to_string());
        check("file:///{x}", "", &HttpError::Scheme { scheme: "file".to_owned() }.to_string());
    }
}
