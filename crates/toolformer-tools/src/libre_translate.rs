//! Translations by a LibreTranslate server.

use std::fmt;

use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};
use toolformer_text::ToolError;
use url::Url;

use crate::http::{HttpClient, HttpError, HttpRules, Request, checked_url};

/// A server with LibreTranslate's interface, `POST /translate`. With the feature `translate` it is a `Translator`.
#[derive(Clone)]
pub struct LibreTranslate {
    client: HttpClient,
    url: Url,
    api_key: Option<String>,
}

impl LibreTranslate {
    /// The server at `base`, such as `http://127.0.0.1:5000`, asked as the rules allow.
    ///
    /// # Errors
    /// If `base` is no URL or breaks the rules.
    pub fn new(base: &str, rules: HttpRules) -> Result<Self, HttpError> {
        let url = checked_url(&format!("{}/translate", base.trim_end_matches('/')))?;
        rules.check(&url)?;
        Ok(Self { client: HttpClient::new(rules)?, url, api_key: None })
    }

    /// The key that the server asks for.
    #[must_use]
    pub fn with_api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// `text` in the language `to`; languages are codes such as `en`, and `from` may be `auto`.
    ///
    /// # Errors
    /// If the server does not answer in time, or does not translate.
    pub fn translate(&self, text: &str, from: &str, to: &str) -> Result<String, ToolError> {
        let mut body = json!({"q": text, "source": from, "target": to, "format": "text"});
        if let Some(key) = &self.api_key {
            body["api_key"] = json!(key);
        }
        let (method, url, headers) = (Method::POST, self.url.clone(), HeaderMap::new());
        let answer = self.client.send_for_json(Request { method, url, headers, json: Some(body) })?;
        match &answer["translatedText"] {
            Value::String(translated) => Ok(translated.clone()),
            _ => {
                Err(ToolError::failed("the answer has no `translatedText`; is this a LibreTranslate server?"))
            }
        }
    }
}

#[cfg(feature = "translate")]
impl crate::Translator for LibreTranslate {
    fn translate(&self, text: &str, from: crate::Language, to: crate::Language) -> Result<String, ToolError> {
        Self::translate(self, text, from.iso639_1(), to.iso639_1())
    }

    /// The server's address.
    fn fingerprint(&self) -> String {
        self.url.to_string()
    }

    /// Two seconds more than a request has: it is broken off in time.
    fn timeout(&self) -> Option<std::time::Duration> {
        Some(self.client.rules().timeout().saturating_add(crate::command_tool::SLACK))
    }
}

/// Without the key.
impl fmt::Debug for LibreTranslate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LibreTranslate").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}
