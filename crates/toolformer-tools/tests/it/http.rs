//! Requests, and servers that misbehave.

use std::{collections::BTreeMap, io::Write, thread, time::Duration};

use serde_json::json;
use toolformer_text::{Parameter, ParameterType, Parameters, Tool, ToolError};
use toolformer_tools::{AllowedHost, HttpError, HttpMethod, HttpRules, HttpTool};

use crate::loopback::{Loopback, answer};

/// A tool that asks `path` of a server; its parameters are `a: string, b: integer = null`.
fn tool_with(server: &Loopback, method: HttpMethod, path: &str, rules: HttpRules) -> HttpTool {
    let parameters = Parameters::new([
        Parameter::new("a", ParameterType::String),
        Parameter::new("b", ParameterType::Integer).optional(),
    ]);
    let url = format!("http://{}{path}", server.host());
    HttpTool::new("Ask", "", parameters, method, &url, rules).unwrap()
}

fn rules(server: &Loopback) -> HttpRules {
    HttpRules::for_url(&format!("http://{}/", server.host())).unwrap().with_private_addresses(true)
}

fn tool(server: &Loopback, path: &str) -> HttpTool {
    tool_with(server, HttpMethod::Get, path, rules(server))
}

#[track_caller]
fn check_failed(outcome: Result<String, ToolError>, expected: &str) {
    let error = outcome.unwrap_err();
    assert!(matches!(error, ToolError::Failed { .. }), "{error:?}");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn get() {
    let server = Loopback::constant("200 OK", "mild\n");
    let ask = tool(&server, "/in/{a}?days={b}&x=1");
    assert_eq!(ask.call("New York/NY, 3").as_deref(), Ok("mild\n"));
    assert_eq!(ask.call("\"a&b=#?\"").as_deref(), Ok("mild\n"));
    let requests = server.requests();
    assert!(requests[0].starts_with("GET /in/New%20York%2FNY?days=3&x=1 HTTP/1.1\r\n"), "{requests:?}");
    assert!(requests[1].starts_with("GET /in/a%26b%3D%23%3F?days=&x=1 HTTP/1.1\r\n"), "{requests:?}");
    assert!(matches!(ask.call(".."), Err(ToolError::BadArguments { .. })));
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn post() {
    let server = Loopback::constant("200 OK", r#"{"out": [{"text": "done"}, null, 5]}"#);
    let ask = |pointer| {
        let body = json!({"q": "{a}", "n": "{b}", "s": "<{a}>", "k": true});
        let tool = tool_with(&server, HttpMethod::Post, "/", rules(&server)).with_body(&body).unwrap();
        let headers = BTreeMap::from([("X-Key".to_owned(), "secret".to_owned())]);
        tool.with_headers(&headers).unwrap().with_answer(pointer)
    };
    assert_eq!(ask("/out/0/text").call("a\"b, b=7").as_deref(), Ok("done"));
    assert_eq!(ask("/out/1").call("a"), Err(ToolError::NoResult));
    assert_eq!(ask("/out/2").call("a").as_deref(), Ok("5"));
    check_failed(ask("/out/3").call("a"), "the answer has nothing at `/out/3`");
    let requests = server.requests();
    assert!(requests[0].contains("\r\nx-key: secret\r\n"), "{requests:?}");
    assert!(requests[0].ends_with(r#"{"q":"a\"b","n":7,"s":"<a\"b>","k":true}"#), "{requests:?}");
    assert!(requests[1].ends_with(r#"{"q":"a","s":"<a>","k":true}"#), "{requests:?}");
    assert!(!format!("{:?}", ask("")).contains("secret"));
}

#[test]
fn answers_that_are_none() {
    let not_json = Loopback::constant("200 OK", "<html>\n oops");
    check_failed(tool(&not_json, "/{a}").with_answer("/x").call("a"), "the answer is no JSON (");
    check_failed(tool(&not_json, "/{a}").with_answer("/x").call("a"), "it begins: <html> oops");
    let failing = Loopback::constant("503 Service Unavailable", "come  back later");
    let said = "the server answers 503 Service Unavailable: come back later";
    check_failed(tool(&failing, "/{a}").call("a"), said);
    let silent = Loopback::start(|_, _| ());
    check_failed(tool(&silent, "/{a}").call("a"), "error sending request");
    let gone = tool(&silent, "/{a}").call("a").unwrap_err().to_string();
    assert!(gone.matches("error sending request").count() == 1, "{gone}");
}

#[test]
fn long_answers_are_broken_off() {
    let limited = |server: &Loopback, limit| {
        tool_with(server, HttpMethod::Get, "/{a}", rules(server).with_response_limit(limit)).call("a")
    };
    let five = Loopback::constant("200 OK", "12345");
    assert_eq!(limited(&five, 5).as_deref(), Ok("12345"));
    check_failed(limited(&five, 4), "the answer is longer than 4 bytes");
    let endless = Loopback::start(|_, stream| {
        let mut more = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while more.is_ok() {
            more = stream.write_all(&[b'a'; 8192]);
        }
    });
    check_failed(limited(&endless, 1 << 20), "the answer is longer than 1048576 bytes");
    let failing = Loopback::start(|_, stream| {
        let mut more = stream.write_all(b"HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n");
        while more.is_ok() {
            more = stream.write_all(&[b'a'; 8192]);
        }
    });
    check_failed(limited(&failing, 1 << 20), "the server answers 500 Internal Server Error: aaa");
}

#[test]
fn slow_servers_are_left() {
    let limit = Duration::from_millis(300);
    let ask = |server: &Loopback| {
        let rules = rules(server).with_timeout(limit);
        tool_with(server, HttpMethod::Get, "/{a}", rules).call("a")
    };
    let mute = Loopback::start(|_, _| thread::sleep(Duration::from_secs(60)));
    assert_eq!(ask(&mute), Err(ToolError::TimedOut { limit }));
    let drop_by_drop = Loopback::start(|_, stream| {
        let mut more = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while more.is_ok() {
            thread::sleep(Duration::from_millis(50));
            more = stream.write_all(b"a");
        }
    });
    assert_eq!(ask(&drop_by_drop), Err(ToolError::TimedOut { limit }));
}

/// A server that sends `/` elsewhere, and answers other paths.
fn redirecting(to: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Loopback {
    Loopback::start(move |path, stream| {
        let answer = match to(path) {
            Some(to) => answer("302 Found", &format!("Location: {to}\r\n"), ""),
            None => answer("200 OK", "", path),
        };
        let _ = stream.write_all(answer.as_bytes());
    })
}

#[test]
fn redirects_within_the_list_are_followed() {
    let other = Loopback::constant("200 OK", "there");
    let to = format!("http://{}/there", other.host());
    let server = redirecting(move |path| match path {
        "/a" => Some("/b?c=d".to_owned()),
        "/x" => Some(to.clone()),
        _ => None,
    });
    assert_eq!(tool(&server, "/{a}").call("a").as_deref(), Ok("/b?c=d"));
    check_failed(tool(&server, "/{a}").call("x"), &format!("the host `{}` is not allowed", other.host()));
    assert_eq!(other.requests().len(), 0);
    let hosts = [server.host(), other.host()].map(|host| host.parse::<AllowedHost>().unwrap());
    let both = HttpRules::new(hosts).with_private_addresses(true);
    assert_eq!(tool_with(&server, HttpMethod::Get, "/{a}", both).call("x").as_deref(), Ok("there"));
}

#[test]
fn redirects_elsewhere_are_refused() {
    let check = |to: &'static str, expected: &str| {
        let server = redirecting(move |path| (path == "/a").then(|| to.to_owned()));
        check_failed(tool(&server, "/{a}").call("a"), expected);
        assert_eq!(server.requests().len(), 1);
    };
    check("http://169.254.169.254/latest", "the host `169.254.169.254` is not allowed");
    check("http://0x7f000001/", "the host `127.0.0.1` is not allowed");
    check("//localhost/", "the host `localhost` is not allowed");
    check("http://a:b@h/", "a URL may not hold a user's name or password");
}

#[test]
fn redirects_end() {
    let server = redirecting(|path| Some(format!("{path}a")));
    check_failed(tool(&server, "/{a}").call("a"), "there are more than 5 redirects");
    assert_eq!(server.requests().len(), 6);
    let none = tool_with(&server, HttpMethod::Get, "/{a}", rules(&server).with_max_redirects(0));
    check_failed(none.call("a"), "there are more than 0 redirects");
    assert_eq!(server.requests().len(), 7);
}

#[test]
fn private_addresses_are_refused() {
    let server = Loopback::constant("200 OK", "inside");
    let ask = |host: &str, allowed| {
        let url = format!("http://{host}:{}/{{text}}", server.port());
        let rules = HttpRules::new([format!("{host}:{}", server.port()).parse()?]);
        let rules = rules.with_private_addresses(allowed);
        let tool = HttpTool::new("Ask", "", Parameters::text("text"), HttpMethod::Get, &url, rules)?;
        Ok::<_, HttpError>(tool.call("a"))
    };
    // A name is looked up when it is asked, an address is seen before.
    check_failed(
        ask("localhost", false).unwrap(),
        "`localhost` is an address of this machine or a private network",
    );
    for host in ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"] {
        assert!(matches!(ask(host, false), Err(HttpError::PrivateAddress { .. })), "{host}");
    }
    assert_eq!(server.requests().len(), 0);
    assert_eq!(ask("localhost", true).unwrap().as_deref(), Ok("inside"));
    assert_eq!(ask("127.1", true).unwrap().as_deref(), Ok("inside"));
}

#[test]
fn a_tool_may_be_called_on_a_runtime() {
    let server = Loopback::constant("200 OK", "fine");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ask = tool(&server, "/{a}");
    assert_eq!(runtime.block_on(async { ask.call("a") }).as_deref(), Ok("fine"));
}

#[test]
fn fingerprints_tell_requests_apart() {
    let server = Loopback::constant("200 OK", "");
    let ask = || tool(&server, "/{a}");
    assert_eq!(ask().fingerprint(), ask().fingerprint());
    assert_ne!(ask().fingerprint(), tool(&server, "/x{a}").fingerprint());
    assert_ne!(ask().fingerprint(), ask().with_answer("/x").fingerprint());
    assert_ne!(ask().fingerprint(), ask().with_body(&json!(1)).unwrap().fingerprint());
    assert_ne!(
        ask().fingerprint(),
        tool_with(&server, HttpMethod::Post, "/{a}", rules(&server)).fingerprint()
    );
    let keyed = |key: &str| {
        let headers = BTreeMap::from([("x-key".to_owned(), key.to_owned())]);
        ask().with_headers(&headers).unwrap().fingerprint()
    };
    assert_ne!(keyed("one"), keyed("another"));
    let patient = rules(&server).with_timeout(std::time::Duration::from_secs(99)).with_response_limit(1);
    assert_eq!(ask().fingerprint(), tool_with(&server, HttpMethod::Get, "/{a}", patient).fingerprint());
}
