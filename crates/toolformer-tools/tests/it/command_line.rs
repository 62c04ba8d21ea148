//! Programs that do what they should, and programs that do not.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use toolformer_text::{CallError, Parameters, Registry, ToolError};
use toolformer_tools::{CommandLine, CommandLineError, CommandTool};

use crate::processes::{assert_gone, pid_in};

fn map(arguments: Value) -> Map<String, Value> {
    arguments.as_object().cloned().unwrap_or_default()
}

fn line(argv: &[&str]) -> CommandLine {
    CommandLine::new(argv).unwrap()
}

fn run(argv: &[&str], arguments: Value) -> Result<String, String> {
    line(argv).run(&map(arguments)).map_err(|error| error.to_string())
}

fn shell(script: &str) -> CommandLine {
    line(&["sh", "-c", script])
}

#[track_caller]
fn check(argv: &[&str], arguments: Value, expected: &str) {
    assert_eq!(run(argv, arguments).as_deref(), Ok(expected), "{argv:?}");
}

#[track_caller]
fn check_refused(argv: &[&str], arguments: Value, expected: &str) {
    let error = line(argv).run(&map(arguments)).unwrap_err();
    assert!(matches!(error, ToolError::BadArguments { .. }), "{error:?}");
    assert!(error.to_string().contains(expected), "{error}");
}

#[track_caller]
fn check_failed(command: &CommandLine, expected: &str) {
    let error = command.run(&Map::new()).unwrap_err();
    assert!(matches!(error, ToolError::Failed { .. }), "{error:?}");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn arguments_are_not_seen_by_a_shell() {
    let nasty = "$(id) `id` ; * 'a' \"b\" \\ \n {y} é";
    check(&["printf", "%s.", "{x}"], json!({"x": nasty}), &format!("{nasty}."));
    check(&["printf", "%s.", "<{x}{n}>"], json!({"x": "a b", "n": -1.5}), "<a b-1.5>.");
    check(&["printf", "%s.", "{list}"], json!({"list": [1, "b c"]}), "[1,\"b c\"].");
    check(&["printf", "%s", "{{x}}"], json!({}), "{x}");
}

#[test]
fn elements_of_arguments_left_out_are_left_out() {
    check(&["printf", "%s.", "a", "-{x}", "{y}"], json!({"y": ""}), "a..");
}

#[test]
fn standard_input() {
    let upper = line(&["tr", "a-z", "A-Z"]).with_stdin("<{x}>\n").unwrap();
    assert_eq!(upper.run(&map(json!({"x": "a b"}))).as_deref(), Ok("<A B>"));
    assert_eq!(line(&["cat"]).run(&Map::new()).as_deref(), Ok(""));
}

#[test]
fn much_input_is_read_or_not() {
    let long = map(json!({"x": "a".repeat(1 << 20)}));
    let cat = line(&["cat"]).with_stdin("{x}").unwrap().with_output_limit(1 << 20);
    assert_eq!(cat.run(&long).map(|text| text.len()), Ok(1 << 20));
    let deaf = line(&["true"]).with_stdin("{x}").unwrap();
    assert_eq!(deaf.run(&long).as_deref(), Ok(""));
}

#[test]
fn the_environment_is_what_is_declared() {
    let env = line(&["env"]).with_variable("LANG", "C.UTF-8").with_variable("A", "b c");
    let mut lines: Vec<String> = env.run(&Map::new()).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["A=b c", "LANG=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin"]);
    check_failed(
        &line(&["ls"]).with_variable("PATH", "/nowhere"),
        "`ls` or its working directory was not found",
    );
}

#[test]
fn the_directory_and_programs_in_it() {
    let folder = TempDir::new().unwrap();
    let program = folder.path().join("here");
    fs::write(&program, "#!/bin/sh\npwd\n").unwrap();
    let run = |name: &str| line(&[name]).with_directory(folder.path()).run(&Map::new());
    let denied = run("./here").unwrap_err().to_string();
    assert_eq!(denied, "`./here` may not be run; check its permissions");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = fs::canonicalize(folder.path()).unwrap();
    assert_eq!(run("./here").as_deref(), Ok(path.to_str().unwrap()));
    assert_eq!(run("pwd").as_deref(), Ok(path.to_str().unwrap()));
    assert!(run("here").unwrap_err().to_string().contains("was not found"));
}

#[test]
fn arguments_do_not_become_options() {
    let option = "`x` begins with `-` and would be an option of `echo`";
    check_refused(&["echo", "{x}"], json!({"x": "-n"}), option);
    check_refused(&["echo", "{x}{y}"], json!({"x": "--a", "y": 1}), option);
    check_refused(&["echo", "{e}{x}"], json!({"x": "-", "e": ""}), option);
    check_refused(&["echo", "{e}{x}"], json!({"x": "-rf", "e": null}), option);
    check_refused(&["echo", "{e}{f}{x}"], json!({"x": "-rf", "e": null, "f": ""}), option);
    check(&["printf", "%s", "{x}"], json!({"x": -5}), "-5");
    check(&["printf", "%s", "a{x}"], json!({"x": "-n"}), "a-n");
    check(&["printf", "%s", "-{x}"], json!({"x": "-n"}), "--n");
    check(&["printf", "--", "%s", "{x}"], json!({"x": "-n"}), "-n");
}

#[test]
fn nul_bytes_are_refused() {
    check_refused(&["echo", "{x}"], json!({"x": "a\0b"}), "`x` holds a NUL byte");
    assert_eq!(CommandLine::new(["echo", "\0"]).err(), Some(CommandLineError::Nul));
}

#[test]
fn a_command_line_has_a_fixed_program() {
    assert_eq!(CommandLine::new([""; 0]).err(), Some(CommandLineError::NoProgram));
    assert_eq!(CommandLine::new([""]).err(), Some(CommandLineError::NoProgram));
    assert_eq!(CommandLine::new(["{x}"]).err(), Some(CommandLineError::ProgramPlaceholder));
    assert!(matches!(CommandLine::new(["echo", "{"]), Err(CommandLineError::Template(_))));
}

#[test]
fn output_is_text_without_its_last_line_ends() {
    check(&["printf", "a\\n b\\n\\r\\n\\n"], json!({}), "a\n b");
    check(&["printf", "\\377a\\n"], json!({}), "\u{fffd}a");
}

/// Runs a script in `folder` that hangs.
#[track_caller]
fn check_times_out(script: &str, folder: &Path) {
    let limit = Duration::from_secs(1);
    let outcome = shell(script).with_directory(folder).with_timeout(limit).run(&Map::new());
    assert_eq!(outcome, Err(ToolError::TimedOut { limit }));
}

#[test]
fn what_hangs_is_killed_with_all_that_it_started() {
    let folder = TempDir::new().unwrap();
    check_times_out("echo $$ > a; sleep 1000 & echo $! > b; wait", folder.path());
    assert_gone(pid_in(&folder.path().join("a")));
    assert_gone(pid_in(&folder.path().join("b")));
}

#[test]
fn what_hangs_without_streams_is_killed() {
    let folder = TempDir::new().unwrap();
    check_times_out("echo $$ > a; exec >&- 2>&-; sleep 1000", folder.path());
    assert_gone(pid_in(&folder.path().join("a")));
}

#[test]
fn what_prints_for_ever_is_killed() {
    let folder = TempDir::new().unwrap();
    let yes = shell("echo $$ > a; exec yes").with_directory(folder.path());
    check_failed(&yes, "`sh` prints more than 65536 bytes");
    assert_gone(pid_in(&folder.path().join("a")));
    let errors = shell("yes >&2").with_timeout(Duration::from_millis(300));
    assert_eq!(errors.run(&Map::new()), Err(ToolError::TimedOut { limit: errors.timeout() }));
}

#[test]
fn the_output_limit_is_exact() {
    let limited = |limit| line(&["printf", "12345"]).with_output_limit(limit);
    assert_eq!(limited(5).run(&Map::new()).as_deref(), Ok("12345"));
    check_failed(&limited(4), "prints more than 4 bytes");
}

#[test]
fn what_a_program_leaves_behind_is_killed() {
    let folder = TempDir::new().unwrap();
    let leaves = shell("sleep 1000 & echo $! > a; echo done").with_directory(folder.path());
    assert_eq!(leaves.run(&Map::new()).as_deref(), Ok("done"));
    assert_gone(pid_in(&folder.path().join("a")));
}

#[cfg(target_os = "linux")]
#[test]
fn what_left_the_group_cannot_hang_the_call() {
    let leaves = shell("setsid sleep 60 & echo done").with_timeout(Duration::from_secs(30));
    assert_eq!(leaves.run(&Map::new()).as_deref(), Ok("done"));
}

#[test]
fn failures_say_how_and_why() {
    check_failed(
        &shell("echo out; echo 'no  such\nthing' >&2; exit 3"),
        "`sh` failed (exit status: 3): no such thing",
    );
    check_failed(&shell("exit 1"), "`sh` failed (exit status: 1): it says nothing on standard error");
    check_failed(&shell("kill -9 $$"), "`sh` failed (signal: 9 (SIGKILL)): it says nothing");
    check_failed(&shell("yes >&2 & sleep 0.2; exit 1"), "(exit status: 1): …");
    check_failed(
        &line(&["no-such-program"]),
        "`no-such-program` or its working directory was not found; install it",
    );
    check_failed(&line(&["/no/such/program"]), "was not found");
    check_failed(&line(&["true"]).with_directory("/no/such/folder"), "was not found");
    let long = line(&["true", "{x}"]).run(&map(json!({"x": "a".repeat(1 << 22)}))).unwrap_err();
    assert_eq!(
        long.to_string(),
        "the arguments are too long for `true`; pass the text on its standard input"
    );
}

#[test]
fn a_tool_ends_its_work_before_a_registry_gives_up() {
    let folder = TempDir::new().unwrap();
    let limit = Duration::from_secs(1);
    let hangs = shell("echo $$ > a; sleep 1000").with_directory(folder.path()).with_timeout(limit);
    let mut tools = Registry::new().with_timeout(Duration::from_millis(1));
    tools.insert(CommandTool::new("Hangs", "", Parameters::none(), hangs)).unwrap();
    let timed_out = CallError::Tool { name: "Hangs".to_owned(), source: ToolError::TimedOut { limit } };
    assert_eq!(tools.call("Hangs", ""), Err(timed_out));
    assert_gone(pid_in(&folder.path().join("a")));
}
