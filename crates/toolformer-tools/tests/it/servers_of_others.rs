//! Servers with the interfaces of LibreTranslate and OpenAI.

use toolformer_text::ToolError;
use toolformer_tools::{HttpError, HttpRules, LibreTranslate, OpenAiReader};

use crate::loopback::Loopback;

fn at(server: &Loopback) -> (String, HttpRules) {
    let base = format!("http://{}/", server.host());
    let rules = HttpRules::for_url(&base).unwrap().with_private_addresses(true);
    (base, rules)
}

fn translator(server: &Loopback) -> LibreTranslate {
    let (base, rules) = at(server);
    LibreTranslate::new(&base, rules).unwrap()
}

fn reader(server: &Loopback) -> OpenAiReader {
    let (base, rules) = at(server);
    OpenAiReader::new(&base, "small", rules).unwrap()
}

#[track_caller]
fn check_request(server: &Loopback, line: &str, body: &str) {
    let requests = server.requests();
    let last = requests.last().expect("no request");
    assert!(last.starts_with(line), "{last}");
    assert!(last.ends_with(body), "{last}");
}

#[test]
fn translations() {
    let server = Loopback::constant("200 OK", r#"{"translatedText": "Guten \"Tag\""}"#);
    assert_eq!(translator(&server).translate("good \"day\"", "en", "de").as_deref(), Ok("Guten \"Tag\""));
    let body = r#"{"q":"good \"day\"","source":"en","target":"de","format":"text"}"#;
    check_request(&server, "POST /translate HTTP/1.1\r\n", body);
    let keyed = translator(&server).with_api_key("k").translate("a", "auto", "de");
    assert_eq!(keyed.as_deref(), Ok("Guten \"Tag\""));
    check_request(&server, "POST /translate", r#""target":"de","format":"text","api_key":"k"}"#);
}

#[test]
fn translations_that_fail() {
    let refusing = Loopback::constant("400 Bad Request", r#"{"error": "de is not supported"}"#);
    let reason = r#"the server answers 400 Bad Request: {"error": "de is not supported"}"#;
    assert_eq!(translator(&refusing).translate("a", "en", "de"), Err(ToolError::failed(reason)));
    let other = Loopback::constant("200 OK", "{}");
    let reason = "the answer has no `translatedText`; is this a LibreTranslate server?";
    assert_eq!(translator(&other).translate("a", "en", "de"), Err(ToolError::failed(reason)));
}

#[test]
fn completions() {
    let server = Loopback::constant("200 OK", r#"{"choices": [{"text": " Paris."}]}"#);
    let reader = reader(&server).with_max_tokens(8).with_api_key("k").unwrap();
    assert_eq!(reader.read("The capital is").as_deref(), Ok(" Paris."));
    let body = r#"{"model":"small","max_tokens":8,"temperature":0,"prompt":"The capital is"}"#;
    check_request(&server, "POST /v1/completions HTTP/1.1\r\n", body);
    assert!(server.requests()[0].contains("\r\nauthorization: Bearer k\r\n"));
    let (base, rules) = at(&server);
    let other_base = OpenAiReader::new(&format!("{base}v1/"), "small", rules).unwrap();
    assert_eq!(other_base.read("x").as_deref(), Ok(" Paris."));
    check_request(&server, "POST /v1/completions HTTP/1.1\r\n", "}");
}

#[test]
fn chats() {
    let server = Loopback::constant("200 OK", r#"{"choices": [{"message": {"content": "Paris"}}]}"#);
    assert_eq!(reader(&server).with_chat().read("Which?").as_deref(), Ok("Paris"));
    let body = r#""temperature":0,"messages":[{"role":"user","content":"Which?"}]}"#;
    check_request(&server, "POST /v1/chat/completions HTTP/1.1\r\n", body);
    let reason = "the answer has no text at `/choices/0/text`; does the server have /v1/completions?";
    assert_eq!(reader(&server).read("Which?"), Err(ToolError::failed(reason)));
}

#[test]
fn rules_hold_for_them_too() {
    let rules = || HttpRules::for_url("http://127.0.0.1/").unwrap();
    assert!(matches!(
        LibreTranslate::new("http://127.0.0.1", rules()),
        Err(HttpError::PrivateAddress { .. })
    ));
    assert!(matches!(OpenAiReader::new("http://h", "m", rules()), Err(HttpError::HostNotAllowed { .. })));
}

#[test]
fn readers_are_told_apart() {
    let reader = |base: &str, model: &str| {
        OpenAiReader::new(base, model, HttpRules::for_url(base).unwrap()).unwrap().fingerprint()
    };
    assert_eq!(reader("http://h", "m"), reader("http://h/v1/", "m"));
    assert_ne!(reader("http://h", "m"), reader("http://h", "n"));
    assert_ne!(reader("http://h", "m"), reader("http://i", "m"));
}

#[cfg(feature = "translate")]
#[test]
fn translations_of_servers_are_told_apart_and_end_in_time() {
    use std::time::Duration;

    use toolformer_text::Tool as _;
    use toolformer_tools::Translate;

    let translate = |base: &str| {
        let rules = HttpRules::for_url(base).unwrap().with_timeout(Duration::from_secs(7));
        Translate::new(LibreTranslate::new(base, rules).unwrap())
    };
    assert_ne!(translate("http://h").fingerprint(), translate("http://i").fingerprint());
    assert_eq!(translate("http://h").timeout(), Some(Duration::from_secs(9)));
}
