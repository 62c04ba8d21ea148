//! Texts continued by a server with OpenAI's interface.

use std::collections::BTreeMap;

use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};
use toolformer_text::ToolError;
use url::Url;

use crate::http::{HttpClient, HttpError, HttpRules, Request, checked_url, headers};

/// A server with OpenAI's interface: it continues a prompt, at temperature 0.
#[derive(Debug, Clone)]
pub struct OpenAiReader {
    client: HttpClient,
    base: String,
    model: String,
    headers: HeaderMap,
    max_tokens: u32,
    chat: bool,
}

impl OpenAiReader {
    /// How many tokens an answer may have if nothing else is said.
    pub const DEFAULT_MAX_TOKENS: u32 = 64;

    /// The model called `model` of the server at `base`, such as `http://127.0.0.1:8080` (a `/v1` behind it makes no
    /// difference), asked as the rules allow.
    ///
    /// # Errors
    /// If `base` is no URL or breaks the rules.
    pub fn new(base: &str, model: impl Into<String>, rules: HttpRules) -> Result<Self, HttpError> {
        let base = base.trim_end_matches('/');
        let base = base.strip_suffix("/v1").unwrap_or(base).to_owned();
        rules.check(&checked_url(&base)?)?;
        let (client, headers) = (HttpClient::new(rules)?, HeaderMap::new());
        let (model, max_tokens) = (model.into(), Self::DEFAULT_MAX_TOKENS);
        Ok(Self { client, base, model, headers, max_tokens, chat: false })
    }

    /// Sends the key that the server asks for.
    ///
    /// # Errors
    /// If it cannot be sent in a header.
    pub fn with_api_key(mut self, key: &str) -> Result<Self, HttpError> {
        self.headers = headers(&BTreeMap::from([("authorization".to_owned(), format!("Bearer {key}"))]))?;
        Ok(self)
    }

    /// How many tokens an answer may have; otherwise [`Self::DEFAULT_MAX_TOKENS`].
    #[must_use]
    pub fn with_max_tokens(mut self, max_tokens: u32) -> Self {
        self.max_tokens = max_tokens;
        self
    }

    /// Sends the prompt as a user's message in a chat, `/v1/chat/completions`; otherwise it is a text to go on from,
    /// `/v1/completions`.
    #[must_use]
    pub fn with_chat(mut self) -> Self {
        self.chat = true;
        self
    }

    /// What its answers depend on besides the prompt: the address, the model and the settings, not the key.
    pub fn fingerprint(&self) -> String {
        let interface = if self.chat { "chat" } else { "completions" };
        format!("{}#{} by {interface}, {} tokens", self.base, self.model, self.max_tokens)
    }

    /// What the model says to `prompt`.
    ///
    /// # Errors
    /// If the server does not answer in time, or with something else.
    pub fn read(&self, prompt: &str) -> Result<String, ToolError> {
        let mut body = json!({"model": self.model, "max_tokens": self.max_tokens, "temperature": 0});
        let (path, pointer) = match self.chat {
            true => ("chat/completions", "/choices/0/message/content"),
            false => ("completions", "/choices/0/text"),
        };
        match self.chat {
            true => body["messages"] = json!([{"role": "user", "content": prompt}]),
            false => body["prompt"] = json!(prompt),
        }
        let url = Url::parse(&format!("{}/v1/{path}", self.base)).map_err(|error| error.to_string())?;
        let (method, headers) = (Method::POST, self.headers.clone());
        let answer = self.client.send_for_json(Request { method, url, headers, json: Some(body) })?;
        match answer.pointer(pointer) {
            Some(Value::String(text)) => Ok(text.clone()),
            _ => {
                let reason =
                    format!("the answer has no text at `{pointer}`; does the server have /v1/{path}?");
                Err(ToolError::failed(reason))
            }
        }
    }
}
