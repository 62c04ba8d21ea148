//! A program's standard streams, read and written on threads.

use std::{
    io::{Read, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc::Sender},
    thread,
};

use crate::last_words::LastWords;

/// What happens to a program's output.
pub(super) enum Event {
    /// Its standard output is at its end.
    OutputEnds,
    /// Its standard error is at its end.
    ErrorsEnd,
    /// It prints more than allowed.
    TooMuch,
}

/// What has been read so far.
#[derive(Clone, Default)]
pub(super) struct Collected(Arc<Mutex<Vec<u8>>>);

impl Collected {
    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the standard output up to `limit` bytes; more than that is [`Event::TooMuch`], and the stream is closed.
pub(super) fn read_output(
    mut stream: impl Read + Send + 'static,
    limit: usize,
    events: Sender<Event>,
) -> std::io::Result<Collected> {
    let collected = Collected::default();
    let kept = collected.clone();
    spawn("tool output", move || {
        let event = loop {
            match read_some(&mut stream) {
                None => break Event::OutputEnds,
                Some(bytes) if kept.lock().len() + bytes.len() > limit => break Event::TooMuch,
                Some(bytes) => kept.lock().extend(bytes),
            }
        };
        drop(stream);
        // Nobody may be waiting any more.
        let _ = events.send(event);
    })?;
    Ok(collected)
}

/// Reads the standard error to its end.
pub(super) fn read_errors(
    mut stream: impl Read + Send + 'static,
    events: Sender<Event>,
) -> std::io::Result<LastWords> {
    let errors = LastWords::default();
    let kept = errors.clone();
    spawn("tool errors", move || {
        while let Some(bytes) = read_some(&mut stream) {
            kept.add(&bytes);
        }
        // Nobody may be waiting any more.
        let _ = events.send(Event::ErrorsEnd);
    })?;
    Ok(errors)
}

/// Writes the standard input and closes it. A program need not read it.
pub(super) fn write_input(mut stream: impl Write + Send + 'static, text: String) -> std::io::Result<()> {
    spawn("tool input", move || {
        let _ = stream.write_all(text.as_bytes());
    })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

/// The next bytes; `None` at the end, and where reading fails, which ends a stream as well.
fn read_some(stream: &mut impl Read) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 8192];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return None,
            Ok(length) => {
                buffer.truncate(length);
                return Some(buffer);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}
