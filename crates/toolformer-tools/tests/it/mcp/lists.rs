//! Servers whose lists of tools are long, endless, bloated, ambiguous or meant to harm.

use std::path::Path;

use toolformer_text::{Registry, Tool, ToolError};
use toolformer_tools::{McpServer, McpTool};

use super::{called, check_refused};

fn server(kind: &str) -> McpServer {
    super::server(kind, Path::new("/no/notes"))
}

fn names(tools: &[McpTool]) -> Vec<&str> {
    tools.iter().map(|tool| tool.name()).collect()
}

#[test]
fn a_long_list_is_refused_unless_something_is_picked() {
    check_refused(&server("many"), "has more than 1000 tools; name those that are wanted by `only`");
    let picked = server("many").with_only(["t1499", "t0"]).connect().unwrap();
    assert_eq!(names(&picked), ["t0", "t1499"]);
    let absent = check_refused(&server("many").with_only(["t1500"]), "has no tool `t1500`; it has t0, t1, ");
    assert!(absent.to_string().len() < 1000, "{absent}");
}

#[test]
fn an_endless_list_is_refused() {
    check_refused(&server("endless"), "does not list its tools: the list has more than 1000 pages");
}

#[test]
fn parameters_without_end_are_refused() {
    check_refused(
        &server("bloated"),
        "describes the parameters of its tool `bloat` by more than 65536 bytes; leave it out by `only`",
    );
    assert_eq!(names(&server("bloated").with_only(["count"]).connect().unwrap()), ["count"]);
}

#[test]
fn of_tools_with_one_name_the_first_counts() {
    let tools = server("twins").connect().unwrap();
    assert_eq!(names(&tools), ["count", "where"]);
    assert_eq!(called(&tools, "count").call(""), Ok("1".to_owned()));
}

#[test]
fn nothing_that_a_server_says_of_a_tool_commands_a_terminal() {
    let tools = server("evil").connect().unwrap();
    let tool = called(&tools, "__0_title_echo_");
    assert_eq!(tool.description(), "does [31m ]0;title echo");
    assert_eq!(tool.parameters().to_string(), "the___31mtext: string");
    assert_eq!(tool.parameters().as_slice()[0].description.as_deref(), Some("a [2Jb"));
    let schema = tool.parameters().json_schema().to_string();
    assert!(!schema.contains("\\u001b") && !schema.contains('\u{202e}'), "{schema}");
    // The server gets the name that it knows.
    let given = Ok("{\"the-\\u001b[31mtext\":\"x\"}".to_owned());
    assert_eq!(tool.call("x"), given);
    assert_eq!(tool.call("the___31mtext = x"), given);
    assert!(!format!("{tools:?}").contains('\u{1b}'));
    let mut registry = Registry::new();
    tools.into_iter().for_each(|tool| registry.insert(tool).unwrap());
}

#[test]
fn nor_does_what_it_says_instead() {
    check_refused(&server("refusing"), "does not list its tools: Mcp error: -32603: no [31mtools");
    let forgetful = server("evil").connect().unwrap();
    let error = called(&forgetful, "gone").call("").unwrap_err();
    assert_eq!(error, ToolError::bad_arguments("no [31msuch tool"));
    assert_eq!(called(&forgetful, "fail").call(""), Err(ToolError::failed("[31mno: {}")));
}
