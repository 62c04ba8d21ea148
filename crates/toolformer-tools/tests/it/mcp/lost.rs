//! Servers that die, get stuck or forget who asks, and what becomes of the calls.

use std::{fs, num::NonZeroUsize, path::Path, thread, time::Duration};

use tempfile::TempDir;
use toolformer_text::{Invoker, Policy, Registry, Syntax, Tool, ToolError};
use toolformer_tools::{HttpRules, McpServer, McpTool};

use super::{HttpServer, LIMIT, call, called, http, plain, server};
use crate::processes::{assert_gone, patiently, pid_in};

fn fragile(notes: &Path) -> Vec<McpTool> {
    server("fragile", notes).with_timeout(Duration::from_secs(20)).connect().unwrap()
}

#[track_caller]
fn assert_gives(tools: &[McpTool], name: &str, error: &str) {
    let found = call(tools, name, "").unwrap_err();
    assert!(found.contains(error), "{found}");
}

#[test]
fn a_server_that_dies_is_started_again() {
    let tools = plain();
    let pid = call(&tools, "process_id", "").unwrap();
    let error = called(&tools, "die").call("").unwrap_err();
    assert!(matches!(error, ToolError::Failed { .. }), "{error:?}");
    let gone = "the MCP server `tests` is gone (exit status: 3: ";
    assert!(error.to_string().starts_with(gone), "{error}");
    let advice =
        "it is enough), and may or may not have done what it was asked; the next call starts it again";
    assert!(error.to_string().contains(advice), "{error}");
    assert_eq!(call(&tools, "count", ""), Ok("1".to_owned()));
    let other = call(&tools, "process_id", "").unwrap();
    assert_ne!(pid, other);
    assert_gone(pid.parse().unwrap());
    drop(tools);
    assert_gone(other.parse().unwrap());
}

#[test]
fn a_server_that_is_killed_between_calls_is_started_again() {
    let tools = plain();
    let pid: u32 = call(&tools, "process_id", "").unwrap().parse().unwrap();
    let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
    assert!(killed.success());
    assert_gone(pid);
    // All its threads, too.
    let threads = || fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    patiently(|| (threads() < 2).then_some(())).expect("threads are left");
    assert_eq!(call(&tools, "count", ""), Ok("1".to_owned()));
}

#[test]
fn a_server_that_is_stuck_is_killed_and_started_again() {
    let folder = TempDir::new().unwrap();
    let tools = server("fragile", folder.path()).with_timeout(LIMIT).connect().unwrap();
    assert_eq!(call(&tools, "count", ""), Ok("1".to_owned()));
    assert_eq!(called(&tools, "freeze").call(""), Err(ToolError::TimedOut { limit: LIMIT }));
    assert_gone(pid_in(&folder.path().join("child")));
    assert_eq!(call(&tools, "count", ""), Ok("1".to_owned()));
}

#[test]
fn calls_that_are_with_a_stuck_server_are_told() {
    let folder = TempDir::new().unwrap();
    let short = Duration::from_secs(3);
    let tools = server("fragile", folder.path()).with_timeout(short).connect().unwrap();
    thread::scope(|scope| {
        let frozen = scope.spawn(|| called(&tools, "freeze").call(""));
        pid_in(&folder.path().join("child"));
        thread::sleep(Duration::from_millis(500));
        // They have time left when the other has not.
        let again = scope.spawn(|| call(&tools, "slow", "7"));
        let told = call(&tools, "count", "").unwrap_err();
        assert!(
            told.contains("is gone (it was ended, since a call took longer than 3 s), and may or"),
            "{told}"
        );
        assert_eq!(frozen.join().unwrap(), Err(ToolError::TimedOut { limit: short }));
        assert_eq!(again.join().unwrap(), Ok("7".to_owned()));
    });
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let tools = fragile(Path::new("/no/notes"));
    for _ in 0..4 {
        assert_gives(&tools, "die", "is gone (exit status: 3: ");
    }
    let given_up = "the MCP server `tests` is not started again: it was 3 times in a row without answering a call (last: \
                    exit status: 3";
    assert_gives(&tools, "die", given_up);
    assert_gives(&tools, "count", given_up);
}

#[test]
fn an_answer_counts_restarts_anew() {
    let tools = fragile(Path::new("/no/notes"));
    for _ in 0..3 {
        for _ in 0..3 {
            assert_gives(&tools, "die", "is gone (exit status: 3: ");
        }
        assert_eq!(call(&tools, "count", ""), Ok("1".to_owned()));
    }
}

#[test]
fn calls_that_do_no_harm_are_made_again() {
    let folder = TempDir::new().unwrap();
    let tools = fragile(folder.path());
    let repeatable: Vec<_> =
        tools.iter().filter(|tool| tool.is_repeatable()).map(|tool| tool.name()).collect();
    assert_eq!(repeatable, ["die_again", "read", "slow"]);
    thread::scope(|scope| {
        let [read, write] = ["read", "write"].map(|name| (name, scope.spawn(|| call(&tools, name, ""))));
        for name in ["read", "write"] {
            patiently(|| folder.path().join(name).exists().then_some(())).expect(name);
        }
        assert_gives(&tools, "die", "is gone");
        assert_eq!(read.1.join().unwrap(), Ok("done".to_owned()));
        let lost = write.1.join().unwrap().unwrap_err();
        assert!(lost.contains("may or may not have done what it was asked"), "{lost}");
    });
    assert_gives(&tools, "die_again", "is gone (exit status: 3: ");
}

#[test]
fn a_call_that_ends_the_server_takes_no_repeatable_one_with_it() {
    let mut registry = Registry::new();
    for tool in fragile(Path::new("/no/notes")) {
        registry.insert(tool).unwrap();
    }
    let slow = |from: u32| (from..from + 6).map(|n| format!("[slow({n})] ")).collect::<String>();
    let text = format!("{}[die_again()] {}", slow(0), slow(6));
    let syntax = Syntax::default();
    let run = |jobs: usize| {
        let invoker = Invoker::new(&registry, &syntax).policy(Policy::Mark);
        invoker.jobs(NonZeroUsize::new(jobs).unwrap()).text(&text).unwrap().text
    };
    let one_by_one = run(1);
    assert!(one_by_one.starts_with("[slow(0) -> 0] [slow(1) -> 1] "), "{one_by_one}");
    assert!(one_by_one.contains("[die_again() -> error: the MCP server `tests` is gone"), "{one_by_one}");
    assert_eq!(run(8), one_by_one);
}

#[test]
fn calls_over_http_are_cancelled() {
    let running = HttpServer::start("127.0.0.1:0");
    let tools = http(&running).with_timeout(LIMIT).connect().unwrap();
    assert_eq!(called(&tools, "hang").call(""), Err(ToolError::TimedOut { limit: LIMIT }));
    patiently(|| running.notes.path().join("cancelled").exists().then_some(())).expect("not cancelled");
    assert_eq!(call(&tools, "count", ""), Ok("2".to_owned()));
}

#[test]
fn a_server_over_http_may_be_away_for_a_while() {
    let running = HttpServer::start("127.0.0.1:0");
    let address = running.address.to_string();
    let tools = http(&running).with_timeout(Duration::from_secs(5)).connect().unwrap();
    assert_eq!(call(&tools, "add", "1, 1"), Ok("2".to_owned()));
    drop(running);
    assert!(call(&tools, "add", "1, 1").is_err());
    for _ in 0..5 {
        assert!(call(&tools, "add", "1, 1").unwrap_err().contains("does not start"));
    }
    let _running = HttpServer::start(&address);
    assert_eq!(call(&tools, "add", "1, 1"), Ok("2".to_owned()));
}

#[test]
fn a_session_that_a_server_forgot_is_made_anew() {
    let running = HttpServer::start("127.0.0.1:0");
    let address = running.address.to_string();
    let tools = http(&running).connect().unwrap();
    assert_eq!(call(&tools, "add", "1, 1"), Ok("2".to_owned()));
    drop(running);
    let _running = HttpServer::start(&address);
    assert_eq!(call(&tools, "add", "1, 2"), Ok("3".to_owned()));
}

#[test]
fn an_answer_over_http_that_is_too_long_is_refused() {
    let running = HttpServer::start("127.0.0.1:0");
    let rules = HttpRules::for_url(&running.url()).unwrap().with_private_addresses(true);
    let rules = rules.with_response_limit(10_000);
    let tools = McpServer::http("tests", &running.url(), rules).unwrap().connect().unwrap();
    assert_eq!(call(&tools, "long", "9000").unwrap().len(), 9000);
    let refused = call(&tools, "long", "20000").unwrap_err();
    let why = "is gone (its answer broke off, or is longer than `response_limit_bytes`, 10000)";
    assert!(refused.contains(why), "{refused}");
    assert_eq!(call(&tools, "add", "1, 2"), Ok("3".to_owned()));
}
