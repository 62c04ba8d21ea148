//! Which redirects are followed.

use std::sync::Arc;

use reqwest::redirect::Policy;
use url::Url;

use super::{HttpError, HttpRules};

/// Those that the rules allow, each on its own.
pub(super) fn policy(rules: Arc<HttpRules>) -> Policy {
    Policy::custom(move |attempt| match check(&rules, attempt.previous(), attempt.url()) {
        Ok(()) => attempt.follow(),
        Err(error) => attempt.error(error),
    })
}

/// `previous` are the addresses so far, the first of them asked for.
fn check(rules: &HttpRules, previous: &[Url], next: &Url) -> Result<(), HttpError> {
    if previous.len() > rules.max_redirects {
        return Err(HttpError::TooManyRedirects { limit: rules.max_redirects });
    }
    let encrypted = |url: &Url| url.scheme() == "https";
    if previous.last().is_some_and(encrypted) && !encrypted(next) {
        return Err(HttpError::Downgrade);
    }
    rules.check(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_hop(from: &str, to: &str, expected: Option<HttpError>) {
        let hosts = ["a.example", "a.example:444", "10.0.0.1"].iter().flat_map(|host| host.parse());
        let parsed = Url::parse(from).and_then(|from| Ok((from, Url::parse(to)?)));
        let outcome = parsed.map(|(from, to)| check(&HttpRules::new(hosts), &[from], &to).err());
        assert_eq!(outcome, Ok(expected), "{from} {to}");
    }

    #[test]
    fn hops_are_checked() {
        check_hop("http://a.example/", "http://a.example/x", None);
        check_hop("http://a.example/", "https://a.example/x", None);
        check_hop("https://a.example/", "https://a.example:444/x", None);
        check_hop("https://a.example/", "http://a.example/x", Some(HttpError::Downgrade));
        check_hop(
            "http://a.example/",
            "ftp://a.example/x",
            Some(HttpError::Scheme { scheme: "ftp".to_owned() }),
        );
        check_hop("http://a.example/", "http://u:p@a.example/", Some(HttpError::Credentials));
        let private = HttpError::PrivateAddress { host: "10.0.0.1".to_owned() };
        check_hop("http://a.example/", "http://0x0a.1/", Some(private.clone()));
        check_hop("http://a.example/", "http://167772161/", Some(private));
    }

    #[test]
    fn the_host_must_be_listed_with_its_port() {
        let refused = |host: &str| {
            let allowed = ["a.example", "a.example:444", "10.0.0.1"].map(str::to_owned).to_vec();
            Some(HttpError::HostNotAllowed { host: host.to_owned(), allowed })
        };
        check_hop("http://a.example/", "http://b.example/", refused("b.example"));
        check_hop("http://a.example/", "http://a.example:8080/", refused("a.example:8080"));
        check_hop("http://a.example/", "https://a.example:80/", refused("a.example:80"));
        check_hop("http://a.example/", "http://a.example./", refused("a.example."));
    }
}
