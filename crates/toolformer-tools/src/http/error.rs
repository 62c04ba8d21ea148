//! Why requests cannot be prepared.

use crate::template::TemplateError;

/// Why something cannot be asked over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// It is no URL.
    #[error("`{url}` is no URL ({reason}); write one such as http://host:8000/path")]
    InvalidUrl {
        /// What there is.
        url: String,
        /// Why it is none.
        reason: String,
    },
    /// The scheme is another.
    #[error("the scheme `{scheme}` is not possible; write http or https")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// There is a password in a URL.
    #[error("a URL may not hold a user's name or password; send them in a header")]
    Credentials,
    /// There is something behind a `#`.
    #[error("what stands behind `#` is never sent; leave it out, or write %23")]
    Fragment,
    /// A call could choose the host.
    #[error("a placeholder cannot stand in the scheme, host or port; write these out, and a `/` behind them")]
    HostPlaceholder,
    /// It is no host.
    #[error(
        "`{host}` is no host; write a name or address, and a port where it is not 80 or 443: example.org:8080"
    )]
    InvalidHost {
        /// What there is.
        host: String,
    },
    /// A host is not allowed.
    #[error("the host `{host}` is not allowed; allowed are {}; add it to them if it may be asked", list(.allowed))]
    HostNotAllowed {
        /// The host, with its port.
        host: String,
        /// Those that are.
        allowed: Vec<String>,
    },
    /// An address is not of the public internet.
    #[error(
        "`{host}` is an address of this machine or a private network; if that is meant, allow private addresses \
         (`allow_private = true` in a tools file)"
    )]
    PrivateAddress {
        /// The host, a name or an address.
        host: String,
    },
    /// A header cannot be sent.
    #[error(
        "the header `{name}` cannot be sent; use ASCII, and leave those to the program that frame a request"
    )]
    InvalidHeader {
        /// Its name.
        name: String,
    },
    /// A redirect leads from encrypted to plain.
    #[error("a redirect leads from https to http, where anyone could read along; ask another address")]
    Downgrade,
    /// There are too many redirects.
    #[error("there are more than {limit} redirects; ask the last address directly, or allow more")]
    TooManyRedirects {
        /// So many are followed.
        limit: usize,
    },
    /// A text is no template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The client cannot be made.
    #[error("the HTTP client does not start: {reason}")]
    Client {
        /// Why.
        reason: String,
    },
}

fn list(hosts: &[String]) -> String {
    if hosts.is_empty() { "none".to_owned() } else { hosts.join(", ") }
}
