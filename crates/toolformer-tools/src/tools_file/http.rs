//! `kind = "http"`.

use toolformer_text::Parameters;

use super::{
    ToolsFileDefaults, ToolsFileError, ToolsFileProblem,
    keys::{Field, Keys},
    parameters,
    rate::RATE,
};
use crate::http::{HttpError, HttpMethod, HttpRules, HttpTool};

const KEYS: &[&str] = &[
    "kind",
    "description",
    "parameters",
    "method",
    "url",
    "headers",
    "body",
    "answer",
    "hosts",
    "allow_private",
    "timeout_seconds",
    "response_limit_bytes",
    "max_redirects",
];

impl From<HttpError> for ToolsFileProblem {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Template(error) => Self::Template(error),
            error => Self::Url { reason: error.to_string() },
        }
    }
}

pub(super) fn read(
    name: &str,
    description: String,
    parameters: Parameters,
    table: &Keys<'_>,
    defaults: &ToolsFileDefaults,
) -> Result<HttpTool, ToolsFileError> {
    table.only(&[KEYS, RATE].concat())?;
    let url = table.require("url", "url = \"http://host:8000/path?q={text}\"")?;
    let method = table.get("method").map_or(Ok(HttpMethod::Get), |field| method(&field))?;
    // The placeholders in it mean nothing to the rules.
    let sample = crate::http::UrlTemplate::parse(url.string()?).map_err(|error| url.error(error))?;
    let mut rules = rules(table, sample.sample().as_str(), &url)?;
    if let Some(timeout) = table.timeout(defaults)? {
        rules = rules.with_timeout(timeout);
    }
    let tool = HttpTool::new(name, description, parameters.clone(), method, url.string()?, rules);
    let mut tool = tool.map_err(|error| url.error(error))?;
    if let Some(field) = table.get("headers") {
        tool = tool.with_headers(&field.string_map()?).map_err(|error| field.error(error))?;
    }
    if let Some(field) = table.get("body") {
        if method == HttpMethod::Get {
            let advice = "write method = \"POST\", or put the arguments into the url".to_owned();
            return Err(
                field.error(ToolsFileProblem::Conflict { other: "method = \"GET\"".to_owned(), advice })
            );
        }
        tool = tool.with_body(&field.json()?).map_err(|error| field.error(error))?;
    }
    if let Some(field) = table.get("answer") {
        let pointer = field.string()?;
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(field.impossible(pointer, "write a JSON pointer, such as /current/summary"));
        }
        tool = tool.with_answer(pointer);
    }
    let names: Vec<&str> = tool.placeholders().collect();
    parameters::check_use(table, &parameters, names.into_iter())?;
    Ok(tool)
}

/// The keys `hosts`, `allow_private`, `response_limit_bytes` and `max_redirects`; without hosts
/// that of the URL is allowed.
pub(super) fn rules(table: &Keys<'_>, url: &str, field: &Field<'_>) -> Result<HttpRules, ToolsFileError> {
    let mut rules = match table.get("hosts") {
        None => HttpRules::for_url(url).map_err(|error| field.error(error))?,
        Some(hosts) => {
            let host = |element: &Field<'_>| {
                element.string()?.parse().map_err(|error: HttpError| element.error(error))
            };
            HttpRules::new(hosts.list()?.iter().map(host).collect::<Result<Vec<_>, _>>()?)
        }
    };
    if let Some(field) = table.get("allow_private") {
        rules = rules.with_private_addresses(field.boolean()?);
    }
    if let Some(field) = table.get("response_limit_bytes") {
        rules = rules.with_response_limit(field.bytes()?);
    }
    if let Some(field) = table.get("max_redirects") {
        let max_redirects = field.whole(0..=20)?;
        rules = rules.with_max_redirects(usize::try_from(max_redirects).unwrap_or_default());
    }
    Ok(rules)
}

fn method(field: &Field<'_>) -> Result<HttpMethod, ToolsFileError> {
    match field.string()? {
        "GET" => Ok(HttpMethod::Get),
        "POST" => Ok(HttpMethod::Post),
        other => Err(field.impossible(other, "write \"GET\" or \"POST\"")),
    }
}
