//! What is left of programs when the process that runs them ends.

use std::{
    env,
    path::Path,
    process::{Command, exit},
    thread,
};

use serde_json::Map;
use tempfile::TempDir;
use toolformer_text::ToolError;
use toolformer_tools::{CommandLine, kill_running_programs};

use crate::processes::{assert_gone, pid_in};

/// The variable that tells this binary to end while a program runs, and in which folder.
const FOLDER: &str = "TOOLFORMER_TEST_ENDS_IN";

#[test]
#[ignore = "another test runs it in a process of its own: no program can be started after it"]
fn end_while_a_program_runs() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let script = "echo $$ > a; sleep 1000 & echo $! > b; wait";
    let hangs = CommandLine::new(["sh", "-c", script]).unwrap().with_directory(&folder);
    let running = thread::spawn(move || hangs.run(&Map::new()));
    pid_in(&Path::new(&folder).join("b"));
    kill_running_programs();
    assert!(matches!(running.join().unwrap(), Err(ToolError::Failed { .. })));
    let later = CommandLine::new(["true"]).unwrap().run(&Map::new()).unwrap_err().to_string();
    assert_eq!(later, "`true` does not start: this process is about to end");
    exit(42);
}

#[test]
fn nothing_is_left_of_a_process_that_ends() {
    let folder = TempDir::new().unwrap();
    let test = "running::end_while_a_program_runs";
    let mut ends = Command::new(env::current_exe().unwrap());
    ends.args(["--ignored", "--exact", test]).env(FOLDER, folder.path());
    assert_eq!(ends.output().unwrap().status.code(), Some(42));
    assert_gone(pid_in(&folder.path().join("a")));
    assert_gone(pid_in(&folder.path().join("b")));
}
