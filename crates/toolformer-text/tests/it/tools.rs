//! Tools and the registry.

use std::{error::Error, sync::Arc};

use toolformer_text::{CallError, CallStatus, FnTool, Registry, RegistryError, Tool, ToolError};

fn registry() -> Registry {
    let mut tools = Registry::new();
    let boxed: Box<dyn Tool> = Box::new(FnTool::new("Upper", "capitals", |a| Ok(a.to_uppercase())));
    tools.insert(boxed).unwrap();
    tools.insert(Arc::new(FnTool::new("Echo", "the same", |a| Ok(a.to_owned())))).unwrap();
    tools.insert(FnTool::new("Panic", "panics", |a| panic!("at {a}"))).unwrap();
    tools.insert(FnTool::new("Fail", "fails", |_| Err(ToolError::failed("no network")))).unwrap();
    tools.insert(FnTool::new("Bad", "refuses", |_| Err(ToolError::bad_arguments("not a date")))).unwrap();
    tools.insert(FnTool::new("Empty", "nothing", |_| Ok(" \n".to_owned()))).unwrap();
    tools
}

#[track_caller]
fn check_error(name: &str, status: CallStatus, expected: &str) {
    let error = registry().call(name, "x").unwrap_err();
    assert_eq!(error.status(), status);
    let chain = std::iter::successors(Some(&error as &dyn Error), |&e| e.source());
    assert_eq!(chain.map(|e| e.to_string()).collect::<Vec<_>>().join(": "), expected);
}

#[test]
fn results_come_back_safe() {
    assert_eq!(registry().call("Upper", "a] [b\n").unwrap(), "A) (B");
    assert_eq!(registry().with_max_result_chars(3).call("Echo", "abcdef").unwrap(), "ab…");
}

#[test]
fn errors() {
    let known = "Bad, Echo, Empty, Fail, Panic, Upper";
    check_error(
        "Uper",
        CallStatus::UnknownTool,
        &format!("no tool is called `Uper`; did you mean `Upper`? Known tools: {known}"),
    );
    check_error(
        "echo",
        CallStatus::UnknownTool,
        &format!("no tool is called `echo`; did you mean `Echo`? Known tools: {known}"),
    );
    check_error(
        "Xyzzy",
        CallStatus::UnknownTool,
        &format!("no tool is called `Xyzzy`; known tools: {known}"),
    );
    check_error("Fail", CallStatus::ToolError, "`Fail` gave no result: no network");
    check_error("Bad", CallStatus::BadArguments, "`Bad` gave no result: bad arguments: not a date");
    check_error(
        "Empty",
        CallStatus::NoResult,
        "`Empty` gave no result: the tool found no result; try other arguments",
    );
    check_error(
        "Panic",
        CallStatus::ToolError,
        "`Panic` gave no result: the tool panicked: at x; this is a defect of the tool, please report it to its author",
    );
}

#[test]
fn no_tools_at_all() {
    let error = Registry::new().call("A", "").unwrap_err();
    assert_eq!(error.to_string(), "no tool is called `A`; there are no tools; add one");
    assert!(matches!(error, CallError::UnknownTool { closest: None, .. }));
}

#[test]
fn names_are_checked() {
    let mut tools = registry();
    let refused = tools.insert(FnTool::new("Echo", "", |_| Ok(String::new()))).unwrap_err();
    assert_eq!(refused, RegistryError::Duplicate { name: "Echo".into() });
    let refused = tools.insert(FnTool::new("a b", "", |_| Ok(String::new()))).unwrap_err();
    assert_eq!(refused, RegistryError::InvalidName { name: "a b".into() });
    assert_eq!(tools.len(), 6);
    assert_eq!(tools.get("Echo").unwrap().description(), "the same");
    assert!(tools.get("echo").is_none());
}

#[test]
fn tools_are_shared_and_one_of_them_replaced() {
    let first = registry().with_max_result_chars(3);
    let other = first.share_with(FnTool::new("Upper", "another", |_| Ok("abcdef".to_owned())));
    assert_eq!(
        (first.call("Upper", "xy").unwrap(), other.call("Upper", "xy").unwrap()),
        ("XY".into(), "ab…".into())
    );
    assert_eq!(other.call("Echo", "xy").unwrap(), "xy");
    assert!(first.names().eq(other.names()));
    let same = first.share_with(FnTool::new("Nowhere", "", |_| Ok("n".to_owned())));
    assert!(same.names().eq(first.names()) && same.call("Upper", "xy").unwrap() == "XY");
}
