//! One run of a program, under watch.

use std::{
    io,
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use toolformer_text::ToolError;

use super::{
    process::Process,
    streams::{Event, read_errors, read_output, write_input},
};

/// How long to wait for the last output of a program that has ended. It is there already, unless somebody outside
/// the program's process group holds the stream open.
const LAST_OUTPUT: Duration = Duration::from_millis(500);

/// How often to look whether the program has ended, and how often at first when it has closed its output.
const POLL: Duration = Duration::from_millis(2);
const FIRST_POLL: Duration = Duration::from_micros(50);

/// The limits of a run.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    pub(super) timeout: Duration,
    pub(super) output_bytes: usize,
}

/// How a run ended.
enum End {
    Ended,
    TimedOut,
    TooMuch,
}

/// Runs `command` to its end, or until a limit is reached; nothing that it started in its process group is left.
pub(super) fn run(
    command: &mut Command,
    program: &str,
    input: Option<String>,
    limits: &Limits,
) -> Result<String, ToolError> {
    // A limit beyond what a clock can tell is none.
    let deadline = Instant::now().checked_add(limits.timeout);
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process =
        Process::start(command).map_err(|error| ToolError::failed(not_started(program, &error)))?;
    let broken = |error: io::Error| ToolError::failed(format!("`{program}` cannot be watched: {error}"));
    let (sender, events) = mpsc::channel();
    let child = process.child();
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
        return Err(ToolError::failed(format!("`{program}` has no output")));
    };
    let output = read_output(stdout, limits.output_bytes, sender.clone()).map_err(broken)?;
    let errors = read_errors(stderr, sender).map_err(broken)?;
    if let (Some(stdin), Some(text)) = (stdin, input) {
        write_input(stdin, text).map_err(broken)?;
    }
    let mut watch = Watch { events, open_streams: 2, too_much: false, pause: FIRST_POLL };
    let end = watch.until_end(&mut process, deadline).map_err(broken)?;
    let status = process.end().map_err(broken)?;
    match end {
        End::TimedOut => return Err(ToolError::TimedOut { limit: limits.timeout }),
        End::Ended => watch.last_output(),
        End::TooMuch => {}
    }
    if watch.too_much {
        let limit = limits.output_bytes;
        let reason =
            format!("`{program}` prints more than {limit} bytes; make it print less, or raise the limit");
        return Err(ToolError::failed(reason));
    }
    if !status.success() {
        return Err(failed(program, status, &errors.shown()));
    }
    let text = String::from_utf8_lossy(&output.take()).into_owned();
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// What is heard of a program.
struct Watch {
    events: Receiver<Event>,
    open_streams: usize,
    too_much: bool,
    pause: Duration,
}

impl Watch {
    fn until_end(&mut self, process: &mut Process, deadline: Option<Instant>) -> io::Result<End> {
        loop {
            if process.has_ended()? {
                return Ok(End::Ended);
            }
            let left = deadline.map_or(POLL, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(End::TimedOut);
            }
            self.listen(left.min(POLL));
            if self.too_much {
                return Ok(End::TooMuch);
            }
        }
    }

    fn last_output(&mut self) {
        let deadline = Instant::now() + LAST_OUTPUT;
        while self.open_streams > 0 && Instant::now() < deadline {
            self.listen(deadline.saturating_duration_since(Instant::now()));
        }
    }

    fn listen(&mut self, time: Duration) {
        match self.events.recv_timeout(time) {
            Ok(Event::OutputEnds | Event::ErrorsEnd) => self.open_streams -= 1,
            Ok(Event::TooMuch) => {
                self.too_much = true;
                self.open_streams -= 1;
            }
            // Both streams are closed: it is about to end, or has nothing more to say.
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::sleep(time.min(self.pause));
                self.pause = POLL.min(self.pause * 2);
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Why a program could not be started, and what to do.
pub(super) fn not_started(program: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!(
            "`{program}` or its working directory was not found; install it, write its absolute path, or set \
             `PATH` in its environment"
        ),
        io::ErrorKind::PermissionDenied => format!("`{program}` may not be run; check its permissions"),
        io::ErrorKind::ArgumentListTooLong => {
            format!("the arguments are too long for `{program}`; pass the text on its standard input")
        }
        _ => format!("`{program}` does not start: {error}"),
    }
}

fn failed(program: &str, status: ExitStatus, errors: &str) -> ToolError {
    let said = if errors.is_empty() { "it says nothing on standard error" } else { errors };
    ToolError::failed(format!("`{program}` failed ({status}): {said}"))
}
