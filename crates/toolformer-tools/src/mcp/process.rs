//! A server that is a program of ours.

use std::{
    io,
    process::{ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Map;
use tokio::{
    io::AsyncReadExt,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{CommandLine, last_words::LastWords, running};

/// How long a server that has closed its output may take to end, before it is ended, and how often to look.
const LAST_MOMENT: Duration = Duration::from_millis(300);
const POLL: Duration = Duration::from_millis(2);

/// A running server at the head of a process group of its own. Dropping it kills the group.
pub(super) struct ServerProcess {
    program: Mutex<Program>,
    errors: LastWords,
    /// Reads the standard error to its end.
    reader: JoinHandle<()>,
}

struct Program {
    child: Child,
    /// The process group, which has the number of its first process; `None` once it is killed.
    #[cfg(unix)]
    group: Option<running::Group>,
}

impl ServerProcess {
    /// Starts it; must be called on a runtime.
    pub(super) fn start(command: &CommandLine) -> io::Result<(Self, ChildStdout, ChildStdin)> {
        let command = command.prepared(&Map::new()).map_err(|error| io::Error::other(error.to_string()))?;
        let mut command = Command::from(command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = running::start(|| command.spawn(), group)?;
        let streams = (child.stdout.take(), child.stdin.take(), child.stderr.take());
        #[cfg(unix)]
        let program = Program { group: group(&child), child };
        #[cfg(not(unix))]
        let program = Program { child };
        let errors = LastWords::default();
        let (Some(stdout), Some(stdin), Some(stderr)) = streams else {
            return Err(io::Error::other("it has no standard streams"));
        };
        let reader = tokio::spawn(read_errors(stderr, errors.clone()));
        Ok((Self { program: Mutex::new(program), errors, reader }, stdout, stdin))
    }

    /// Whether the program itself has ended, whatever became of those that it started.
    pub(super) fn has_ended(&self) -> bool {
        self.program().has_ended()
    }

    /// Kills it, with all that it started and that stayed in its group.
    pub(super) fn end(&self) {
        self.program().end();
    }

    /// What it said last on standard error, behind a colon; empty if it said nothing.
    pub(super) fn said(&self) -> String {
        match self.errors.shown() {
            said if said.is_empty() => said,
            said => format!(": {said}"),
        }
    }

    /// How it ended, if it does so by itself in a moment. In any case it is over then, with all that it started, and has
    /// said all that it had to say.
    pub(super) async fn status(&self) -> Option<ExitStatus> {
        let ends = async {
            while !self.has_ended() {
                sleep(POLL).await;
            }
        };
        let by_itself = timeout(LAST_MOMENT, ends).await.is_ok();
        self.end();
        let silence = async {
            while !self.reader.is_finished() {
                sleep(POLL).await;
            }
        };
        // Who left its group may hold its standard error open.
        let _ = timeout(LAST_MOMENT, silence).await;
        if by_itself { self.program().child.try_wait().ok().flatten() } else { None }
    }

    fn program(&self) -> MutexGuard<'_, Program> {
        self.program.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
impl Program {
    fn has_ended(&self) -> bool {
        // It is there no more if it cannot be asked about.
        self.group.is_none_or(|group| running::has_ended(group).unwrap_or(true))
    }

    /// The group is killed once, and before its first process is waited for: later its number may be another's.
    fn end(&mut self) {
        if let Some(group) = self.group.take() {
            running::end(group);
        }
    }
}

#[cfg(not(unix))]
impl Program {
    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn end(&mut self) {
        // An error says that there is nobody left.
        let _ = self.child.start_kill();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(unix)]
fn group(child: &Child) -> Option<running::Group> {
    child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
}

#[cfg(not(unix))]
fn group(_: &Child) -> Option<running::Group> {
    None
}

async fn read_errors(mut stream: ChildStderr, errors: LastWords) {
    let mut buffer = vec![0; 4096];
    while let Ok(length) = stream.read(&mut buffer).await
        && length > 0
    {
        errors.add(&buffer[..length]);
    }
}
