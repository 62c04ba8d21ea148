//! Where the hub is, and how it is asked.

use std::{fmt, path::PathBuf, time::Duration};

/// Settings of a [`Hub`](super::Hub). Nothing here comes from the environment by itself.
#[derive(Clone)]
pub struct HubSettings {
    /// The cache: the folder with `models--org--name`, `~/.cache/huggingface/hub` by custom.
    pub cache: PathBuf,
    /// The server's address. Default: that of the crate `hf-hub`.
    pub endpoint: Option<String>,
    /// Opens private and gated models. It is sent to the endpoint alone, not to where it redirects.
    pub token: Option<String>,
    /// Never use the network. Default false.
    pub offline: bool,
    /// Whether requests go through the proxy that the environment names (`HTTPS_PROXY`, `NO_PROXY`). Default false.
    pub environment_proxy: bool,
    /// How often something that failed in passing is tried again. Default 4.
    pub retries: u32,
    /// How long is waited before the first of them; doubled each time. Default 1 s.
    pub first_wait: Duration,
    /// The longest silence of a server, in headers and in bodies. Default 30 s.
    pub timeout: Duration,
}

impl HubSettings {
    /// The defaults, with this cache.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self {
            cache: cache.into(),
            endpoint: None,
            token: None,
            offline: false,
            environment_proxy: false,
            retries: 4,
            first_wait: Duration::from_secs(1),
            timeout: Duration::from_secs(30),
        }
    }
}

impl fmt::Debug for HubSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The token stays out of logs.
        f.debug_struct("HubSettings")
            .field("cache", &self.cache)
            .field("endpoint", &self.endpoint)
            .field("token", &self.token.as_ref().map(|_| "..."))
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}
