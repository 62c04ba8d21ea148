//! Tools of MCP servers, started as programs and asked over HTTP.

mod lists;
mod lost;
mod of_file;
mod test_server;

use std::{collections::BTreeMap, path::Path, time::Duration};

use tempfile::TempDir;
use toolformer_text::{CallsUnderWay, RateLimit, Registry, Tool, ToolError};
use toolformer_tools::{CommandLine, HttpRules, McpError, McpServer, McpTool};

use self::test_server::{HttpServer, program};
use crate::processes::{assert_gone, pid_in};

const LIMIT: Duration = Duration::from_secs(2);

/// A server of that kind that is a program; what happens to it is noted in `notes`.
fn server(kind: &str, notes: &Path) -> McpServer {
    let (argv, environment) = program(kind, notes.to_str().unwrap());
    let command = CommandLine::new(argv).unwrap();
    let command =
        environment.into_iter().fold(command, |command, (name, value)| command.with_variable(name, value));
    McpServer::program("tests", command)
}

fn plain() -> Vec<McpTool> {
    server("plain", Path::new("/no/notes")).connect().unwrap()
}

fn http(server: &HttpServer) -> McpServer {
    let rules = HttpRules::for_url(&server.url()).unwrap().with_private_addresses(true);
    McpServer::http("tests", &server.url(), rules).unwrap()
}

#[track_caller]
fn called<'t>(tools: &'t [McpTool], name: &str) -> &'t McpTool {
    tools.iter().find(|tool| tool.name() == name).expect(name)
}

#[track_caller]
fn call(tools: &[McpTool], name: &str, args: &str) -> Result<String, String> {
    called(tools, name).call(args).map_err(|error| error.to_string())
}

/// What the tools give, however the server is spoken to.
#[track_caller]
fn check_tools(tools: &[McpTool]) {
    let names: Vec<&str> = tools.iter().map(|tool| tool.name()).collect();
    assert_eq!(
        names,
        ["add", "count", "die", "fail", "hang", "image", "long", "process_id", "sum_up", "where"]
    );
    assert_eq!(called(tools, "sum_up").original_name(), "sum-up");
    assert_eq!(called(tools, "sum_up").description(), "does [31m sum-up");
    let long = called(tools, "die").description();
    assert!(long.chars().count() == 500 && long.ends_with("zz…"), "{long}");
    assert_eq!(called(tools, "add").parameters().to_string(), "b: integer, a: integer");
    let signature = "numbers: list of number, label: string = null";
    assert_eq!(called(tools, "sum_up").parameters().to_string(), signature);
    assert_eq!(call(tools, "add", "2, 40"), Ok("42".to_owned()));
    assert_eq!(call(tools, "add", "a = 1, b = -1"), Ok("0".to_owned()));
    assert_eq!(call(tools, "sum_up", "[1, 2.5]"), Ok("{\"numbers\":[1,2.5]}\nsecond".to_owned()));
    let labelled = Ok("{\"numbers\":[],\"label\":\"a, b\"}\nsecond".to_owned());
    assert_eq!(call(tools, "sum_up", "[], \"a, b\""), labelled);
    assert_eq!(call(tools, "where", ""), Ok("{\"x\":1}".to_owned()));
    assert!(
        call(tools, "add", "2, b")
            .unwrap_err()
            .starts_with("bad arguments: parameter `a` is of type integer")
    );
    assert_eq!(called(tools, "fail").call("enough"), Err(ToolError::failed("\"enough\"")));
    let image = "the answer is an image, which is not supported; use a tool that gives text";
    assert_eq!(call(tools, "image", ""), Err(image.to_owned()));
}

#[test]
fn tools_of_a_program() {
    check_tools(&plain());
}

#[test]
fn tools_over_http() {
    let running = HttpServer::start("127.0.0.1:0");
    check_tools(&http(&running).connect().unwrap());
}

#[test]
fn the_tools_of_a_server_share_its_rate() {
    let limit = RateLimit::per_second(1e-5).unwrap();
    let tools = server("plain", Path::new("/no/notes")).with_rate_limit(limit).connect().unwrap();
    let mut registry = Registry::new();
    tools.into_iter().for_each(|tool| registry.insert(tool).unwrap());
    // The first call is free; whatever the other tool says, its turn is tomorrow.
    let mut calls = CallsUnderWay::default();
    calls.start(0, &registry, "count", "");
    assert!(calls.next_ended(None, |_| true).is_some());
    assert!(!calls.start(1, &registry, "add", "1, 2"));
    assert!(calls.next_ended(Some(Duration::from_millis(20)), |_| true).is_none());
}

#[test]
fn fingerprints_tell_servers_apart_but_not_limits() {
    let running = HttpServer::start("127.0.0.1:0");
    let print = |server: McpServer| called(&server.connect().unwrap(), "add").fingerprint();
    let keyed = |key: &str| {
        let headers = BTreeMap::from([("x-key".to_owned(), key.to_owned())]);
        print(http(&running).with_headers(&headers).unwrap())
    };
    assert_eq!(keyed("one"), keyed("one"));
    assert_ne!(keyed("one"), keyed("another"));
    assert_ne!(keyed("one"), print(http(&running)));
    assert_eq!(
        print(http(&running)),
        print(http(&running).with_timeout(LIMIT).with_prefix("").with_start_timeout(LIMIT))
    );
    let plain = || server("plain", Path::new("/no/notes"));
    assert_eq!(print(plain()), print(plain().with_timeout(LIMIT)));
    assert_ne!(print(plain()), print(server("plain", Path::new("/other/notes"))));
    let tools = plain().connect().unwrap();
    assert_ne!(called(&tools, "count").fingerprint(), called(&tools, "die").fingerprint());
}

#[test]
fn tools_of_one_server_share_it_and_it_ends_with_them() {
    let tools = plain();
    let first: u32 = call(&tools, "count", "").unwrap().parse().unwrap();
    assert_eq!(call(&tools, "count", ""), Ok((first + 1).to_string()));
    let pid = call(&tools, "process_id", "").unwrap().parse().unwrap();
    let mut tools = tools;
    tools.truncate(1);
    assert_eq!(call(&tools, "add", "1, 1"), Ok("2".to_owned()));
    drop(tools);
    assert_gone(pid);
}

#[test]
fn answers_that_are_too_long_end_the_program() {
    let limited = || server("plain", Path::new("/no/notes")).with_response_limit(10_000);
    let tools = limited().connect().unwrap();
    let pid: u32 = call(&tools, "process_id", "").unwrap().parse().unwrap();
    assert_eq!(call(&tools, "long", "9000").unwrap().len(), 9000);
    let error = called(&tools, "long").call("10000").unwrap_err();
    assert!(matches!(error, ToolError::Failed { .. }), "{error:?}");
    let said = "the MCP server `tests` is gone (its answer is longer than 10000 bytes; ask for less, or raise \
                `response_limit_bytes`), and may or may not have done what it was asked; the next call starts it again";
    assert_eq!(error.to_string(), said);
    assert_gone(pid);
    assert_eq!(call(&tools, "count", ""), Ok("1".to_owned()));
    let narrow = limited().with_response_limit(500);
    check_refused(&narrow, "does not list its tools: its answer is longer than 500 bytes");
}

#[track_caller]
fn check_refused(server: &McpServer, expected: &str) -> McpError {
    let error = server.connect().map(|tools| tools.len()).unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
    error
}

#[test]
fn servers_that_do_not_start() {
    let folder = TempDir::new().unwrap();
    let notes = folder.path();
    let broken =
        check_refused(&server("broken", notes), "the MCP server `tests` does not start: exit status: 7");
    assert!(broken.to_string().contains("no licence found; try its command"), "{broken}");
    let mute = server("mute", notes).with_start_timeout(Duration::from_secs(3));
    let mute = check_refused(&mute, "did not start and list its tools within 3 s");
    assert!(mute.to_string().contains("thinking"), "{mute}");
    assert_gone(pid_in(&notes.join("pid")));
    let absent = McpServer::program("tests", CommandLine::new(["/no/such/server"]).unwrap());
    check_refused(&absent, "does not start: `/no/such/server` or its working directory was not found");
    let no_mcp = McpServer::program("tests", CommandLine::new(["true"]).unwrap());
    check_refused(&no_mcp, "does not start: exit status: 0");
}

#[test]
fn addresses_are_held_to_the_rules() {
    let running = HttpServer::start("127.0.0.1:0");
    let rules = HttpRules::for_url(&running.url()).unwrap();
    let literal = McpServer::http("tests", &running.url(), rules).unwrap_err().to_string();
    assert!(literal.contains("`127.0.0.1` is an address of this machine"), "{literal}");
    let url = format!("http://localhost:{}/mcp", running.address.port());
    let named = McpServer::http("tests", &url, HttpRules::for_url(&url).unwrap()).unwrap();
    check_refused(&named, "`localhost` is an address of this machine or a private network");
}

#[test]
fn names() {
    let notes = Path::new("/no/notes");
    let prefixed = server("plain", notes).with_prefix("t.").with_only(["sum-up", "add"]).connect().unwrap();
    let names: Vec<&str> = prefixed.iter().map(|tool| tool.name()).collect();
    assert_eq!(names, ["t.add", "t.sum_up"]);
    check_refused(
        &server("plain", notes).with_only(["sum_up"]),
        "has no tool `sum_up`; it has add, count, die, fail, hang, image, long, process/id, sum-up, where",
    );
    check_refused(
        &server("clash", notes),
        "`process/id` of the server `tests` and `process-id` of the server `tests` would both be called `process_id`",
    );
}
