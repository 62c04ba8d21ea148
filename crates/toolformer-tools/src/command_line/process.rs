//! A running program and all that it starts.

use std::{
    io,
    process::{Child, Command, ExitStatus},
};

#[cfg(unix)]
use std::os::unix::process::CommandExt;

use crate::running;

/// A child process at the head of a process group of its own. Dropping it kills the group.
pub(super) struct Process {
    child: Child,
    reaped: bool,
}

impl Process {
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        command.process_group(0);
        let child = running::start(|| command.spawn(), group)?;
        Ok(Self { child, reaped: false })
    }

    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether the program itself has ended, whatever became of those that it started.
    #[cfg(unix)]
    pub(super) fn has_ended(&mut self) -> io::Result<bool> {
        running::has_ended(rustix::process::Pid::from_child(&self.child))
    }

    /// Whether the program itself has ended, whatever became of those that it started.
    #[cfg(not(unix))]
    pub(super) fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Ends the program if need be, and those that it started and that stayed in its group.
    pub(super) fn end(&mut self) -> io::Result<ExitStatus> {
        if !self.reaped {
            self.kill();
            self.reaped = true;
        }
        self.child.wait()
    }

    #[cfg(unix)]
    fn kill(&mut self) {
        running::end(rustix::process::Pid::from_child(&self.child));
    }

    #[cfg(not(unix))]
    fn kill(&mut self) {
        // An error says that there is nobody left.
        let _ = self.child.kill();
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is none")]
fn group(child: &Child) -> Option<running::Group> {
    Some(rustix::process::Pid::from_child(child))
}

#[cfg(not(unix))]
fn group(_: &Child) -> Option<running::Group> {
    None
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing can be done about an error.
        let _ = self.end();
    }
}
