//! The programs that run now.
//!
//! They are in process groups of their own, so a Ctrl-C on a terminal does not reach them, nor does anything else tell
//! them that this process ends.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A process group, by the number of its first process.
#[cfg(unix)]
pub(crate) type Group = rustix::process::Pid;
/// Elsewhere there are none.
#[cfg(not(unix))]
pub(crate) type Group = ();

struct Running {
    groups: Vec<Group>,
    /// Whether no more may be started.
    ended: bool,
}

static RUNNING: Mutex<Running> = Mutex::new(Running { groups: Vec::new(), ended: false });

/// Kills every program that a tool of this process runs now, MCP servers among them, with all that is in their process
/// groups; from then on none is started, and calls that would start one fail. It is for the end of the process: where
/// it is told to end (Ctrl-C), and where it ends while a call may still be running. Only on Unix; elsewhere programs
/// that run are left.
pub fn kill_running_programs() {
    let mut running = running();
    running.ended = true;
    for group in std::mem::take(&mut running.groups) {
        kill(group);
    }
}

/// Starts a program at the head of a group of its own; nothing can miss it between its start and its entry here.
pub(crate) fn start<P>(
    spawn: impl FnOnce() -> io::Result<P>,
    group: impl FnOnce(&P) -> Option<Group>,
) -> io::Result<P> {
    let mut running = running();
    if running.ended {
        return Err(io::Error::other("this process is about to end"));
    }
    let program = spawn()?;
    running.groups.extend(group(&program));
    Ok(program)
}

/// Kills a group and forgets it. Its first process must not have been waited for: somebody else could have its number by then.
#[cfg(unix)]
pub(crate) fn end(group: Group) {
    let mut running = running();
    running.groups.retain(|&other| other != group);
    kill(group);
}

/// Whether the first process of a group has ended, whatever became of the others. It is left to be waited for: until then
/// nobody else can have its number, nor the group's.
#[cfg(unix)]
pub(crate) fn has_ended(group: Group) -> io::Result<bool> {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(waitid(WaitId::Pid(group), options)?.is_some())
}

#[cfg(unix)]
fn kill(group: Group) {
    // An error says that there is nobody left.
    let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
}

#[cfg(not(unix))]
fn kill(_: Group) {}

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
