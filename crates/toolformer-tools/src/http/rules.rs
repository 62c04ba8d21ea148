//! What may be asked, and how long.

use std::time::Duration;

use url::{Host, Url};

use super::{AllowedHost, HttpError, address::is_public};

/// Which hosts may be asked over HTTP, and the limits of a request.
///
/// Redirects are held to the same rules. Addresses of this machine, of private networks and of links are refused
/// unless they are allowed; what counts is the address that is connected to, whatever name leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRules {
    pub(super) hosts: Vec<AllowedHost>,
    pub(super) allow_private: bool,
    pub(super) timeout: Duration,
    pub(super) response_limit: usize,
    pub(super) max_redirects: usize,
}

impl HttpRules {
    /// The time that a request has if nothing else is said.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

    /// How long an answer may be if nothing else is said, bytes.
    pub const DEFAULT_RESPONSE_LIMIT: usize = 1024 * 1024;

    /// How many redirects are followed if nothing else is said.
    pub const DEFAULT_MAX_REDIRECTS: usize = 5;

    /// These hosts alone, at public addresses.
    pub fn new(hosts: impl IntoIterator<Item = AllowedHost>) -> Self {
        Self {
            hosts: hosts.into_iter().collect(),
            allow_private: false,
            timeout: Self::DEFAULT_TIMEOUT,
            response_limit: Self::DEFAULT_RESPONSE_LIMIT,
            max_redirects: Self::DEFAULT_MAX_REDIRECTS,
        }
    }

    /// The host and port of this URL alone.
    ///
    /// ```
    /// use toolformer_tools::HttpRules;
    /// let rules = HttpRules::for_url("http://127.0.0.1:5000/")?.with_private_addresses(true);
    /// # Ok::<(), toolformer_tools::HttpError>(())
    /// ```
    ///
    /// # Errors
    /// If it is no URL, or no request could be sent to it.
    pub fn for_url(url: &str) -> Result<Self, HttpError> {
        Ok(Self::new(AllowedHost::of(&checked_url(url)?)))
    }

    /// Whether addresses of this machine and of private networks are allowed.
    #[must_use]
    pub fn with_private_addresses(mut self, allowed: bool) -> Self {
        self.allow_private = allowed;
        self
    }

    /// The time that a request has; otherwise [`Self::DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long an answer may be, bytes; otherwise [`Self::DEFAULT_RESPONSE_LIMIT`].
    #[must_use]
    pub fn with_response_limit(mut self, bytes: usize) -> Self {
        self.response_limit = bytes;
        self
    }

    /// How many redirects are followed; otherwise [`Self::DEFAULT_MAX_REDIRECTS`].
    #[must_use]
    pub fn with_max_redirects(mut self, max_redirects: usize) -> Self {
        self.max_redirects = max_redirects;
        self
    }

    /// The time that a request has.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How long an answer may be, bytes.
    #[cfg(feature = "mcp")]
    pub(crate) fn response_limit(&self) -> usize {
        self.response_limit
    }

    /// Whether this may be asked, as far as the URL itself tells: names are looked up later.
    pub(crate) fn check(&self, url: &Url) -> Result<(), HttpError> {
        check_form(url)?;
        if !self.hosts.iter().any(|host| host.allows(url)) {
            return Err(HttpError::HostNotAllowed {
                host: AllowedHost::of(url).map(|host| host.to_string()).unwrap_or_default(),
                allowed: self.hosts.iter().map(ToString::to_string).collect(),
            });
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) | None => None,
        };
        match address.filter(|&address| !self.allow_private && !is_public(address)) {
            Some(address) => Err(HttpError::PrivateAddress { host: address.to_string() }),
            None => Ok(()),
        }
    }
}

/// A URL to which a request can be sent.
pub(crate) fn checked_url(text: &str) -> Result<Url, HttpError> {
    let invalid =
        |error: url::ParseError| HttpError::InvalidUrl { url: text.to_owned(), reason: error.to_string() };
    let url = Url::parse(text).map_err(invalid)?;
    check_form(&url)?;
    match url.fragment() {
        Some(_) => Err(HttpError::Fragment),
        None => Ok(url),
    }
}

fn check_form(url: &Url) -> Result<(), HttpError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(HttpError::Scheme { scheme: url.scheme().to_owned() });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(HttpError::Credentials);
    }
    Ok(())
}
