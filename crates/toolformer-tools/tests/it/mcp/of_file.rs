//! Servers that a tools file declares.

use std::{collections::BTreeMap, path::Path};

use tempfile::TempDir;
use toolformer_tools::{ConnectedTools, McpError, ToolsFile};

use super::program;

/// A table `servers.NAME` with a server of that kind.
fn table(name: &str, kind: &str, notes: &Path, rest: &str) -> String {
    let (argv, environment) = program(kind, notes.to_str().unwrap());
    let variables = |environment: BTreeMap<String, String>| -> String {
        environment.iter().map(|(name, value)| format!("{name} = {value:?}, ")).collect()
    };
    let variables = variables(environment);
    let variables = variables.trim_end_matches(", ");
    format!("[servers.{name}]\ncommand = {argv:?}\nenvironment = {{ {variables} }}\n{rest}\n")
}

fn plain(prefix: &str) -> String {
    let rest = format!("prefix = {prefix:?}\nonly = [\"add\", \"count\"]");
    table("tests", "plain", Path::new("/no/notes"), &rest)
}

const ADD: &str = "[tools.add]\nkind = \"command\"\nargv = [\"echo\", \"{text}\"]\n\n";
const ABSENT: &str = "[servers.absent]\ncommand = [\"/no/such/server\"]\n";

fn connect(text: &str) -> ConnectedTools {
    ToolsFile::parse(text, Path::new(".")).unwrap().connect()
}

/// The names of the tools, and what is said of each server that is missing.
#[track_caller]
fn check(text: &str, names: &[&str], failures: &[&str]) -> ConnectedTools {
    let connected = connect(text);
    let found: Vec<&str> = connected.tools.iter().map(|tool| tool.name()).collect();
    assert_eq!(found, names, "{connected:?}");
    assert_eq!(connected.failures.len(), failures.len(), "{connected:?}");
    for (failure, beginning) in connected.failures.iter().zip(failures) {
        assert!(failure.to_string().starts_with(beginning), "{failure}");
    }
    connected
}

#[test]
fn tools_of_a_file_and_its_servers() {
    let connected = check(&format!("{ADD}{}", plain("t.")), &["add", "t.add", "t.count"], &[]);
    assert_eq!(connected.tools[1].call("1, 2"), Ok("3".to_owned()));
    assert_eq!(connected.all().unwrap().len(), 3);
}

#[test]
fn a_server_that_is_missing_takes_no_other_tools_with_it() {
    let text = format!("{ADD}{ABSENT}{}", plain("t."));
    let missing = "servers.absent: the MCP server `absent` does not start: `/no/such/server` or its working";
    let connected = check(&text, &["add", "t.add", "t.count"], &[missing]);
    assert_eq!(connected.failures[0].server, "absent");
    assert!(matches!(connected.failures[0].error, McpError::NotStarted { .. }));
    assert_eq!(connected.tools[1].call("1, 2"), Ok("3".to_owned()));
    let all = connected.all().map(|tools| tools.len()).unwrap_err();
    assert!(all.to_string().starts_with(missing), "{all}");
}

#[test]
fn a_server_whose_tools_clash_is_missing() {
    check(
        &format!("{ADD}{}", plain("")),
        &["add"],
        &[
            "servers.tests: tools.add and `add` of servers.tests would both be called `add`; give one server a \
           `prefix`, or leave one out by `only`",
        ],
    );
}

#[test]
fn limits_of_a_file_hold() {
    let text = format!("{}response_limit_bytes = 100\n", plain("t."));
    check(&text, &[], &["servers.tests: the MCP server `tests` "]);
}

#[test]
fn servers_start_at_the_same_time() {
    let folder = TempDir::new().unwrap();
    let server = |name: &str| table(name, name, folder.path(), "only = [\"add\"]\nprefix = \"x\"");
    // Each waits for the other before it answers.
    let first = server("first");
    let second = server("second").replace("\"x\"", "\"y\"");
    check(&format!("{first}{second}"), &["xadd", "yadd"], &[]);
}

#[test]
fn a_slow_server_has_a_time_of_its_own() {
    let folder = TempDir::new().unwrap();
    let slow = table("slow", "mute", folder.path(), "start_timeout_seconds = 1");
    let text = format!("{ADD}{slow}{}", plain("t."));
    let late = "servers.slow: the MCP server `slow` did not start and list its tools within 1 s; ";
    check(&text, &["add", "t.add", "t.count"], &[late]);
}
