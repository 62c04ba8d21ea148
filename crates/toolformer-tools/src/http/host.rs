//! Hosts that may be asked.

use std::{fmt, str::FromStr};

use url::{Host, Url};

use super::HttpError;

/// A host and port that may be asked: `example.org`, `example.org:8080`, `[::1]:8080`. Without a port it is the
/// scheme's own, 80 or 443.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    host: Host,
    port: Option<u16>,
}

impl AllowedHost {
    /// The host and port of a URL.
    pub(super) fn of(url: &Url) -> Option<Self> {
        Some(Self { host: url.host()?.to_owned(), port: url.port() })
    }

    pub(super) fn allows(&self, url: &Url) -> bool {
        let port = url.port_or_known_default();
        let own = match url.scheme() {
            "https" => 443,
            _ => 80,
        };
        url.host().is_some_and(|host| host.to_owned() == self.host) && port == Some(self.port.unwrap_or(own))
    }
}

impl FromStr for AllowedHost {
    type Err = HttpError;

    fn from_str(text: &str) -> Result<Self, HttpError> {
        let invalid = || HttpError::InvalidHost { host: text.to_owned() };
        let (host, port) = match text.rsplit_once(':') {
            // The colons of `[::1]` are in brackets.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().map_err(|_| invalid())?)),
            _ => (text, None),
        };
        let host = Host::parse(host).map_err(|_| invalid())?;
        Ok(Self { host, port })
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => write!(f, "{}", self.host),
        }
    }
}
