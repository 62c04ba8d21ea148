//! A declared request as a tool.

use std::{collections::BTreeMap, time::Duration};

use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};
use toolformer_text::{Parameters, Tool, ToolError};

use super::{HttpClient, HttpError, HttpRules, JsonTemplate, Request, UrlTemplate, headers};
use crate::{command_tool::SLACK, fingerprint::fingerprint};

/// How a server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpMethod {
    /// `GET`, without a body.
    Get,
    /// `POST`, with a body of JSON if there is one.
    Post,
}

/// A request over HTTP with placeholders: a [`Tool`].
#[derive(Debug, Clone)]
pub struct HttpTool {
    name: String,
    description: String,
    parameters: Parameters,
    client: HttpClient,
    request: RequestTemplate,
}

#[derive(Debug, Clone)]
struct RequestTemplate {
    method: HttpMethod,
    url: UrlTemplate,
    headers: HeaderMap,
    body: Option<JsonTemplate>,
    answer: Option<String>,
    /// The headers and the body as they are declared; hashed, for they may hold passwords.
    headers_fingerprint: String,
    body_fingerprint: String,
}

impl HttpTool {
    /// A tool called `name` that asks `url`, in whose path and query `{parameter}` stands for an argument.
    ///
    /// # Errors
    /// If the URL is none, has placeholders elsewhere, or breaks the rules.
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: Parameters,
        method: HttpMethod,
        url: &str,
        rules: HttpRules,
    ) -> Result<Self, HttpError> {
        let url = UrlTemplate::parse(url)?;
        rules.check(url.sample())?;
        let request = RequestTemplate {
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
            answer: None,
            headers_fingerprint: String::new(),
            body_fingerprint: String::new(),
        };
        let client = HttpClient::new(rules)?;
        Ok(Self { name: name.into(), description: description.into(), parameters, client, request })
    }

    /// Sends these headers as well. They have no placeholders.
    ///
    /// # Errors
    /// If one cannot be sent.
    pub fn with_headers(mut self, map: &BTreeMap<String, String>) -> Result<Self, HttpError> {
        self.request.headers = headers(map)?;
        self.request.headers_fingerprint = fingerprint(&json!(map));
        Ok(self)
    }

    /// Sends this JSON, in whose strings `{parameter}` stands for an argument; a string that is a placeholder and
    /// nothing else becomes the argument itself, with its type.
    ///
    /// # Errors
    /// If a string in it is no template.
    pub fn with_body(mut self, body: &Value) -> Result<Self, HttpError> {
        self.request.body = Some(JsonTemplate::parse(body)?);
        self.request.body_fingerprint = fingerprint(body);
        Ok(self)
    }

    /// Takes the value at this JSON pointer as the result, such as `/current/summary`; otherwise the result is the
    /// whole body as text.
    #[must_use]
    pub fn with_answer(mut self, pointer: impl Into<String>) -> Self {
        self.request.answer = Some(pointer.into());
        self
    }

    /// The names of all placeholders.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.request.url.names().chain(self.request.body.iter().flat_map(JsonTemplate::names))
    }
}

impl Tool for HttpTool {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> &str {
        &self.description
    }

    fn parameters(&self) -> Parameters {
        self.parameters.clone()
    }

    /// Two seconds more than the request has: the request is broken off in time.
    fn timeout(&self) -> Option<Duration> {
        Some(self.client.rules().timeout().saturating_add(SLACK))
    }

    fn fingerprint(&self) -> String {
        let request = &self.request;
        fingerprint(&json!({
            "method": match request.method {
                HttpMethod::Get => "GET",
                HttpMethod::Post => "POST",
            },
            "url": request.url.to_string(),
            "headers": request.headers_fingerprint,
            "body": request.body_fingerprint,
            "answer": request.answer,
            "parameters": self.parameters.to_string(),
        }))
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        let arguments = self.parameters.bind(args)?;
        let RequestTemplate { method, url, headers, body, answer, .. } = &self.request;
        let request = Request {
            method: match method {
                HttpMethod::Get => Method::GET,
                HttpMethod::Post => Method::POST,
            },
            url: url.fill(&arguments)?,
            headers: headers.clone(),
            json: body.as_ref().map(|body| body.fill(&arguments)),
        };
        match answer {
            None => Ok(String::from_utf8_lossy(&self.client.send(request)?).into_owned()),
            Some(pointer) => at(&self.client.send_for_json(request)?, pointer),
        }
    }
}

/// The value at a JSON pointer as text.
fn at(answer: &Value, pointer: &str) -> Result<String, ToolError> {
    match answer.pointer(pointer) {
        None => Err(ToolError::failed(format!("the answer has nothing at `{pointer}`; check the pointer"))),
        Some(Value::Null) => Err(ToolError::NoResult),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value) => Ok(value.to_string()),
    }
}
