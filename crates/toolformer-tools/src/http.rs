//! Requests over HTTP to hosts that are allowed.

mod address;
mod client;
mod error;
mod host;
mod json_template;
mod redirects;
mod resolver;
mod rules;
mod tls;
mod tool;
mod url_template;

pub use error::HttpError;
pub use host::AllowedHost;
pub use rules::HttpRules;
pub use tool::{HttpMethod, HttpTool};

pub(crate) use client::{HttpClient, Request, headers};
#[cfg(feature = "mcp")]
pub(crate) use client::{build_client, reason};
pub(crate) use json_template::JsonTemplate;
pub(crate) use rules::checked_url;
pub(crate) use url_template::UrlTemplate;
