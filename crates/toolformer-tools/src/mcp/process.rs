//! A server that is a program of ours.

use std::{
    io,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Map;
use tokio::{
    io::AsyncReadExt,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

use crate::{CommandLine, one_line, running};

/// So much of the standard error is kept for an error, bytes and characters.
const ERRORS_KEPT: usize = 4096;
const ERRORS_SHOWN: usize = 300;

/// How long a server that has closed its output may take to end, before it is ended.
const LAST_MOMENT: Duration = Duration::from_millis(300);

/// A running server at the head of a process group of its own. Dropping it kills the group.
pub(super) struct ServerProcess {
    child: Child,
    /// The process group, which has the number of its first process.
    #[cfg(unix)]
    group: Option<running::Group>,
    errors: Arc<Mutex<Vec<u8>>>,
    /// Reads the standard error to its end.
    reader: JoinHandle<()>,
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
        let (Some(stdout), Some(stdin), Some(stderr)) = streams else {
            return Err(io::Error::other("it has no standard streams"));
        };
        let errors = Arc::default();
        let reader = tokio::spawn(keep_end(stderr, Arc::clone(&errors)));
        #[cfg(unix)]
        let group = group(&child);
        #[cfg(unix)]
        let process = Self { child, group, errors, reader };
        #[cfg(not(unix))]
        let process = Self { child, errors, reader };
        Ok((process, stdout, stdin))
    }

    /// What it said last on standard error, behind a colon; empty if it said nothing.
    pub(super) fn said(&self) -> String {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        match one_line::end(&String::from_utf8_lossy(&errors), ERRORS_SHOWN) {
            said if said.is_empty() => said,
            said => format!(": {said}"),
        }
    }

    /// How it ended, if it does in a moment; then it has said all that it had to say.
    pub(super) async fn status(&mut self) -> Option<ExitStatus> {
        let status = timeout(LAST_MOMENT, self.child.wait()).await.ok()?.ok()?;
        if !self.reader.is_finished() {
            // What it started may hold its standard error open.
            let _ = timeout(LAST_MOMENT, &mut self.reader).await;
        }
        Some(status)
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

impl Drop for ServerProcess {
    #[cfg(unix)]
    fn drop(&mut self) {
        if let Some(group) = self.group {
            running::end(group);
        }
    }

    #[cfg(not(unix))]
    fn drop(&mut self) {
        // An error says that there is nobody left.
        let _ = self.child.start_kill();
    }
}

async fn keep_end(mut stream: ChildStderr, errors: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = vec![0; 4096];
    while let Ok(length) = stream.read(&mut buffer).await
        && length > 0
    {
        let mut errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors.extend(&buffer[..length]);
        let excess = errors.len().saturating_sub(ERRORS_KEPT);
        errors.drain(..excess);
    }
}
