//! A stream of lines, none too long.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, ReadBuf};

/// Reads until a line has more than `limit` bytes; then it fails. The SDK would leave such a line out and go on, and
/// the call whose answer it is would wait for ever.
pub(super) struct BoundedLines<R> {
    stream: R,
    limit: usize,
    /// The length of the line so far.
    length: usize,
    exceeded: Arc<AtomicBool>,
}

impl<R> BoundedLines<R> {
    pub(super) fn new(stream: R, limit: usize) -> Self {
        Self { stream, limit, length: 0, exceeded: Arc::default() }
    }

    /// Becomes true when a line is too long.
    pub(super) fn exceeded(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.exceeded)
    }

    /// Takes in what was read; `false` if a line is too long now.
    fn count(&mut self, bytes: &[u8]) -> bool {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.length += part.len();
            let ends = part.ends_with(b"\n");
            if self.length - usize::from(ends) > self.limit {
                return false;
            }
            if ends {
                self.length = 0;
            }
        }
        true
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for BoundedLines<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if self.count(&buffer.filled()[before..]) {
            return Poll::Ready(Ok(()));
        }
        self.exceeded.store(true, Ordering::Release);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(parts: &[&str], fits: bool) {
        let mut lines = BoundedLines::new(tokio::io::empty(), 3);
        assert_eq!(parts.iter().all(|part| lines.count(part.as_bytes())), fits);
    }

    #[test]
    fn the_limit_of_a_line_is_exact() {
        check(&["abc\nabc\n\nabc"], true);
        check(&["a", "b", "c", "\n", "ab", "c\na"], true);
        check(&["abcd"], false);
        check(&["a\nabcd\n"], false);
        check(&["a\na", "b", "c", "d"], false);
    }
}
