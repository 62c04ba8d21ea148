//! The client that all requests go through.

use std::{collections::BTreeMap, error::Error, sync::Arc};

use reqwest::{
    Method, Response,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::Value;
use toolformer_text::ToolError;
use url::Url;

use super::{HttpError, HttpRules, redirects, resolver::PublicAddresses, tls};
use crate::{one_line, runtime};

/// So much of an answer is shown in an error: bytes read, characters shown.
const READ_FOR_ERROR: usize = 4096;
const SHOWN: usize = 200;

/// Headers that frame a request.
const FRAMING: &[&str] =
    &["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"];

/// Asks what its rules allow.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    client: reqwest::Client,
    rules: Arc<HttpRules>,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Option<Value>,
}

impl HttpClient {
    pub(crate) fn new(rules: HttpRules) -> Result<Self, HttpError> {
        let rules = Arc::new(rules);
        Ok(Self { client: build_client(&rules)?, rules })
    }

    pub(crate) fn rules(&self) -> &HttpRules {
        &self.rules
    }

    /// Sends a request and waits for the body of the answer.
    pub(crate) fn send(&self, request: Request) -> Result<Vec<u8>, ToolError> {
        let Self { client, rules } = self.clone();
        runtime::block_on(async move {
            let limit = rules.timeout;
            let answer = tokio::time::timeout(limit, exchange(&client, &rules, request)).await;
            answer.unwrap_or(Err(ToolError::TimedOut { limit }))
        })?
    }

    /// Sends a request and reads the answer as JSON.
    pub(crate) fn send_for_json(&self, request: Request) -> Result<Value, ToolError> {
        let body = self.send(request)?;
        serde_json::from_slice(&body).map_err(|error| {
            let shown = one_line::beginning(&String::from_utf8_lossy(&body), SHOWN);
            ToolError::failed(format!("the answer is no JSON ({error}); it begins: {shown}"))
        })
    }
}

/// The headers of these names and values; the values are kept out of logs.
pub(crate) fn headers(map: &BTreeMap<String, String>) -> Result<HeaderMap, HttpError> {
    let mut headers = HeaderMap::new();
    for (name, value) in map {
        let invalid = || HttpError::InvalidHeader { name: name.clone() };
        let header: HeaderName = name.parse().map_err(|_| invalid())?;
        if FRAMING.contains(&header.as_str()) {
            return Err(invalid());
        }
        let mut value = HeaderValue::from_str(value).map_err(|_| invalid())?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

/// A client that connects only to what the rules allow; the first address is for the caller to check.
pub(crate) fn build_client(rules: &Arc<HttpRules>) -> Result<reqwest::Client, HttpError> {
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .referer(false)
        .connect_timeout(rules.timeout)
        .redirect(redirects::policy(Arc::clone(rules)))
        .tls_backend_preconfigured(tls::config()?)
        .user_agent(concat!("toolformer/", env!("CARGO_PKG_VERSION")));
    if !rules.allow_private {
        builder = builder.dns_resolver(PublicAddresses);
    }
    builder.build().map_err(|error| HttpError::Client { reason: reason(&error) })
}

async fn exchange(
    client: &reqwest::Client,
    rules: &HttpRules,
    request: Request,
) -> Result<Vec<u8>, ToolError> {
    let Request { method, url, headers, json } = request;
    rules.check(&url).map_err(|error| ToolError::failed(error.to_string()))?;
    let mut builder = client.request(method, url).headers(headers);
    if let Some(json) = json {
        builder = builder.json(&json);
    }
    let mut response = builder.send().await.map_err(|error| failed(&error))?;
    let status = response.status();
    if !status.is_success() {
        // What can be read of it; the status is what counts.
        let mut body = Vec::new();
        let _ = read_up_to(&mut response, READ_FOR_ERROR, &mut body).await;
        let shown = one_line::beginning(&String::from_utf8_lossy(&body), SHOWN);
        let said = if shown.is_empty() { "and nothing else".to_owned() } else { shown };
        return Err(ToolError::failed(format!("the server answers {status}: {said}")));
    }
    let limit = rules.response_limit;
    let too_long = || {
        ToolError::failed(format!(
            "the answer is longer than {limit} bytes; ask for less, or raise the limit"
        ))
    };
    if response
        .content_length()
        .is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit))
    {
        return Err(too_long());
    }
    let mut body = Vec::new();
    match read_up_to(&mut response, limit, &mut body).await {
        Ok(true) => Ok(body),
        Ok(false) => Err(too_long()),
        Err(error) => Err(failed(&error)),
    }
}

/// Reads the body; `false` if it is longer than `limit`, and then only its beginning.
async fn read_up_to(response: &mut Response, limit: usize, body: &mut Vec<u8>) -> reqwest::Result<bool> {
    while let Some(chunk) = response.chunk().await? {
        let room = limit - body.len();
        body.extend(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            return Ok(false);
        }
    }
    Ok(true)
}

fn failed(error: &reqwest::Error) -> ToolError {
    let reason = reason(error);
    ToolError::failed(if error.is_connect() {
        format!("the server cannot be reached; check that it runs and that its address is right ({reason})")
    } else {
        reason
    })
}

/// Why a request failed: the rule that it broke, or the whole chain of causes.
pub(crate) fn reason(error: &(dyn Error + 'static)) -> String {
    let chain: Vec<_> = std::iter::successors(Some(error), source).collect();
    if let Some(rule) = chain.iter().find_map(|error| error.downcast_ref::<HttpError>()) {
        return rule.to_string();
    }
    let mut texts: Vec<String> = chain.iter().map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}

fn source<'e>(error: &&'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    (*error).source()
}
