//! Requests to a hub: redirects, statuses, retries.

use std::{
    fmt,
    io::{ErrorKind, Read},
    thread,
    time::Duration,
};

use hf_hub::{Cache, api::sync::ApiBuilder};
use ureq::{
    Agent, Body,
    http::{HeaderMap, Response},
    tls::{RootCerts, TlsConfig},
};
use url::Url;

use super::{
    OnEvent, PullEvent, error::HubError, repository::Repository, settings::HubSettings, words::shown,
};

/// Most redirects of one request, as in browsers and in Python's library.
const MAX_REDIRECTS: usize = 10;

/// The longest wait before a try, whatever the server wants.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// So many bytes with one try show that trying helps: the tries are counted from the start again.
const WORTH_IT: u64 = 1 << 20;

/// Asks one hub.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    endpoint: Url,
    token: Option<Token>,
    retries: u32,
    first_wait: Duration,
}

/// A secret, which stays out of logs.
struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// An answer, after redirects.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Of every answer on the way, the first first: only the hub itself says what it redirects to.
    headers: Vec<HeaderMap>,
    pub(super) body: Body,
}

/// What a request is about, for its errors.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) repo: &'a Repository,
    pub(super) file: Option<&'a str>,
}

impl Answer {
    /// A header, of the first answer that has it.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|headers| headers.get(name)?.to_str().ok())
    }

    /// A header of the last answer.
    pub(super) fn last_header(&self, name: &str) -> Option<&str> {
        self.headers.last()?.get(name)?.to_str().ok()
    }

    /// The whole body, if it has at most `limit` bytes.
    pub(super) fn read_up_to(self, limit: u64, host: &str) -> Result<Vec<u8>, HubError> {
        let mut bytes = Vec::new();
        let mut reader = self.body.into_reader().take(limit + 1);
        reader.read_to_end(&mut bytes).map_err(|error| broken(host, &error))?;
        if bytes.len() as u64 > limit {
            return Err(HubError::Answer { what: format!("it is longer than {limit} bytes") });
        }
        Ok(bytes)
    }
}

impl Client {
    pub(super) fn new(settings: &HubSettings) -> Result<Self, HubError> {
        let token = settings.token.as_deref().map(str::trim).filter(|token| !token.is_empty());
        if token.is_some_and(|token| !token.bytes().all(|b| b.is_ascii_graphic())) {
            let why = "holds characters that no token has; copy it again".to_owned();
            return Err(HubError::Setting { name: "token", why });
        }
        let mut config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .accept_encoding("identity")
            .user_agent(concat!("toolformer/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(settings.timeout))
            .timeout_recv_response(Some(settings.timeout))
            .timeout_per_read(Some(settings.timeout))
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build());
        if !settings.environment_proxy {
            config = config.proxy(None);
        }
        Ok(Self {
            agent: config.build().new_agent(),
            endpoint: endpoint(settings)?,
            token: token.map(|token| Token(token.to_owned())),
            retries: settings.retries,
            first_wait: settings.first_wait,
        })
    }

    /// An address below the endpoint; the parts are escaped.
    pub(super) fn url<'a>(&self, parts: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }

    /// Where a file of a commit is.
    pub(super) fn file_url(&self, repo: &Repository, commit: &str, file: &str) -> Url {
        let repo = repo.named().url();
        self.url(repo.split('/').chain(["resolve", commit]).chain(file.split('/')))
    }

    pub(super) fn host(&self) -> String {
        host(&self.endpoint)
    }

    /// Asks once. `range` is the value of a `Range` header.
    pub(super) fn get(&self, url: &Url, range: Option<&str>, about: About<'_>) -> Result<Answer, HubError> {
        let mut url = url.clone();
        let mut headers = Vec::new();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send(&url, range)?;
            let status = response.status().as_u16();
            headers.push(response.headers().clone());
            if matches!(status, 301 | 302 | 303 | 307 | 308) {
                url = redirected(&url, response.headers())?;
                continue;
            }
            let answer = Answer { status, headers, body: response.into_body() };
            // 416: what there is of a file reaches to its end, or beyond.
            return if matches!(status, 200 | 206 | 416) {
                Ok(answer)
            } else {
                Err(self.refused(&answer, about))
            };
        }
        Err(HubError::Redirect { what: format!("more than {MAX_REDIRECTS} times") })
    }

    fn send(&self, url: &Url, range: Option<&str>) -> Result<Response<Body>, HubError> {
        let mut request = self.agent.get(url.as_str());
        if let Some(Token(token)) = &self.token
            && url.origin() == self.endpoint.origin()
        {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(range) = range {
            request = request.header("Range", range);
        }
        request.call().map_err(|error| {
            let passing = match &error {
                ureq::Error::Io(error) => {
                    !matches!(error.kind(), ErrorKind::ConnectionRefused) && !is_unknown_name(error)
                }
                ureq::Error::Timeout(_) | ureq::Error::Protocol(_) => true,
                _ => false,
            };
            HubError::Unreachable { host: host(url), why: shown(&error.to_string()), passing }
        })
    }

    /// What a status means.
    fn refused(&self, answer: &Answer, about: About<'_>) -> HubError {
        let (repo, kind, had_token) = (about.repo.id.clone(), about.repo.kind, self.token.is_some());
        let said = shown(answer.header("x-error-message").unwrap_or_default());
        let code = answer.header("x-error-code").unwrap_or_default();
        match (answer.status, code) {
            (_, "GatedRepo") => HubError::Denied { repo, kind, gated: true, had_token, said },
            (_, "RevisionNotFound") => HubError::NoRevision { repo, revision: about.repo.revision.clone() },
            (401 | 403 | 404, "RepoNotFound") => HubError::NoRepository { repo, kind, had_token, said },
            (401 | 403, _) => HubError::Denied { repo, kind, gated: false, had_token, said },
            (404, _) => match about.file {
                Some(file) => HubError::NoFile { repo, wanted: file.to_owned(), files: Vec::new() },
                None => HubError::NoRepository { repo, kind, had_token, said },
            },
            (status @ (408 | 429 | 500..), _) => {
                let wait = answer.header("retry-after").and_then(|seconds| seconds.trim().parse().ok());
                let wait = wait.map(Duration::from_secs);
                HubError::Busy { host: self.host(), status, tries: 1, wait }
            }
            (status, _) => HubError::Status { host: self.host(), status, said },
        }
    }

    /// Does the work again while it fails with what may pass.
    pub(super) fn retrying<T>(
        &self,
        on_event: &mut OnEvent<'_>,
        mut work: impl FnMut(&mut OnEvent<'_>) -> Result<T, HubError>,
    ) -> Result<T, HubError> {
        let mut tries = 0;
        loop {
            let error = match work(on_event) {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            if matches!(error, HubError::Cut { gained: WORTH_IT.., .. }) {
                tries = 0;
            }
            tries += 1;
            let Some(wanted) = error.passing().filter(|_| tries <= self.retries) else {
                return Err(match error {
                    HubError::Busy { host, status, wait, .. } => HubError::Busy { host, status, tries, wait },
                    other => other,
                });
            };
            let backed_off = self.first_wait.saturating_mul(1 << (tries - 1).min(6));
            let wait = wanted.unwrap_or_default().max(backed_off).min(MAX_WAIT);
            on_event(PullEvent::Note(&format!("{}; trying again in {:.0?}", reason(&error), wait)));
            thread::sleep(wait);
        }
    }
}

/// What happened, without what to do about it.
fn reason(error: &HubError) -> String {
    match error {
        HubError::Busy { host, status, .. } => format!("{host} answers {status}"),
        HubError::Unreachable { host, why, .. } => format!("{host} cannot be reached ({why})"),
        HubError::Cut { file, done, size, .. } => {
            format!("`{file}` was cut off after {done} of {size} bytes")
        }
        other => other.to_string(),
    }
}

/// Whether no address was found for a server's name, which the system has tried again by itself. The standard library
/// has no kind for it.
fn is_unknown_name(error: &std::io::Error) -> bool {
    error.to_string().starts_with("failed to lookup address information")
}

/// A body that broke off.
pub(super) fn broken(host: &str, error: &std::io::Error) -> HubError {
    HubError::Unreachable { host: host.to_owned(), why: shown(&error.to_string()), passing: true }
}

fn endpoint(settings: &HubSettings) -> Result<Url, HubError> {
    let text = match &settings.endpoint {
        Some(endpoint) => endpoint.clone(),
        None => default_endpoint(settings)
            .ok_or_else(|| HubError::Setting { name: "endpoint", why: "must be given".to_owned() })?,
    };
    let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.filter(Url::has_host).ok_or_else(|| HubError::Setting {
        name: "endpoint",
        why: format!("`{}` is no address; it must begin with https:// (HF_ENDPOINT)", shown(&text)),
    })
}

/// The server that `hf-hub` asks where none is named: the beginning of the address of any file.
fn default_endpoint(settings: &HubSettings) -> Option<String> {
    let api = ApiBuilder::from_cache(Cache::new(settings.cache.clone())).build().ok()?;
    let url = api.model("m".to_owned()).url("f");
    url.strip_suffix("/m/resolve/main/f").map(str::to_owned)
}

fn redirected(from: &Url, headers: &HeaderMap) -> Result<Url, HubError> {
    let redirect = |what: String| HubError::Redirect { what };
    let location = headers.get("location").and_then(|location| location.to_str().ok());
    let location = location.ok_or_else(|| redirect("without saying where to".to_owned()))?;
    let to = from.join(location).ok().filter(Url::has_host);
    let to = to.ok_or_else(|| redirect(format!("to `{}`, which is no address", shown(location))))?;
    match (from.scheme(), to.scheme()) {
        (_, "https") | ("http", "http") => Ok(to),
        _ => Err(redirect(format!("from {} to {}://, which is not safe", from.scheme(), to.scheme()))),
    }
}

fn host(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::repository::RepositoryKind, *};

    fn client(endpoint: Option<&str>) -> Result<Client, HubError> {
        let mut settings = HubSettings::new("/nowhere");
        settings.endpoint = endpoint.map(str::to_owned);
        Client::new(&settings)
    }

    fn repository(kind: RepositoryKind) -> Repository {
        Repository { kind, id: "a/b".to_owned(), revision: "main".to_owned() }
    }

    #[test]
    fn addresses_are_below_the_endpoint() {
        let model = repository(RepositoryKind::Model);
        let file = |endpoint| client(endpoint).unwrap().file_url(&model, "c0", "x y/z#?.gguf").to_string();
        assert_eq!(file(Some("http://h:1")), "http://h:1/a/b/resolve/c0/x%20y/z%23%3F.gguf");
        assert_eq!(file(Some("https://h/mirror/")), "https://h/mirror/a/b/resolve/c0/x%20y/z%23%3F.gguf");
        assert!(file(None).starts_with("https://"), "hf-hub's own");
        let data =
            client(Some("http://h")).unwrap().file_url(&repository(RepositoryKind::Dataset), "c0", "x.csv");
        assert_eq!(data.as_str(), "http://h/datasets/a/b/resolve/c0/x.csv");
        for wrong in ["", "h", "ftp://h", "file:///x", "http://"] {
            assert!(client(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[track_caller]
    fn check_redirect(from: &str, location: &str, expected: Option<&str>) {
        let headers = HeaderMap::from_iter([(ureq::http::header::LOCATION, location.parse().unwrap())]);
        let to = redirected(&from.parse().unwrap(), &headers).ok();
        assert_eq!(to.as_ref().map(Url::as_str), expected);
    }

    #[test]
    fn redirects_do_not_leave_encryption() {
        check_redirect("https://h/a/b", "/c", Some("https://h/c"));
        check_redirect("http://h/a", "http://i/c", Some("http://i/c"));
        check_redirect("http://h/a", "https://i/c", Some("https://i/c"));
        check_redirect("https://h/a", "http://i/c", None);
        check_redirect("http://h/a", "file:///etc/passwd", None);
        check_redirect("http://h/a", "http://", None);
    }
}
