//! Texts that come piece by piece.

use std::io::{self, BufRead, Write};

use super::{InvokeError, InvokedCall, Invoker};
use crate::LineNumbers;

/// Why [`Invoker::stream`] stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeStreamError {
    /// The input cannot be read.
    #[error("the text cannot be read")]
    Read(#[source] io::Error),
    /// The output cannot be written.
    #[error("the text cannot be written")]
    Write(#[source] io::Error),
    /// The input is not text.
    #[error("the text is not UTF-8 at byte {at}; convert it first")]
    NotUtf8 {
        /// The first byte that is not, counted from the start of the input.
        at: usize,
    },
    /// A call gave no result; only under [`Policy::Fail`](crate::Policy::Fail).
    #[error(transparent)]
    Invoke(#[from] InvokeError),
}

impl Invoker<'_> {
    /// As [`Invoker::text`], from a reader to a writer: whole lines are worked on as they come and written at
    /// once, so that memory holds no more than what the reader gives in one go, or one line. `on_call` sees
    /// every call; its span counts from the start of the output. The output is that of [`Invoker::text`].
    ///
    /// # Errors
    /// If reading or writing fails, the input is not UTF-8, or a call fails under
    /// [`Policy::Fail`](crate::Policy::Fail); what stands before that line may be written already.
    pub fn stream(
        &self,
        mut input: impl BufRead,
        mut output: impl Write,
        mut on_call: impl FnMut(InvokedCall),
    ) -> Result<(), InvokeStreamError> {
        let (mut pending, mut read, mut lines, mut written) = (Vec::new(), 0, 0, 0);
        loop {
            let chunk = match input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(InvokeStreamError::Read(error)),
            };
            let at_end = chunk.is_empty();
            let whole = chunk.iter().rposition(|&byte| byte == b'\n').map(|newline| newline + 1);
            let rest = chunk[whole.unwrap_or(0)..].to_vec();
            let length = chunk.len();
            if let Some(whole) = whole {
                pending.extend_from_slice(&chunk[..whole]);
            }
            input.consume(length);
            if whole.is_some() || at_end {
                // The lines before one that is not text are worked on all the same.
                let (text, broken) = match std::str::from_utf8(&pending) {
                    Ok(text) => (text, None),
                    Err(error) => {
                        let valid = &pending[..error.valid_up_to()];
                        let lines = memchr::memrchr(b'\n', valid).map_or(0, |newline| newline + 1);
                        (std::str::from_utf8(&valid[..lines]).unwrap_or_default(), Some(read + valid.len()))
                    }
                };
                let invoked = self.text(text).map_err(|error| error.shifted(read, lines))?;
                output.write_all(invoked.text.as_bytes()).map_err(InvokeStreamError::Write)?;
                output.flush().map_err(InvokeStreamError::Write)?;
                for mut call in invoked.calls {
                    call.span = call.span.start + written..call.span.end + written;
                    call.line += lines;
                    on_call(call);
                }
                if let Some(at) = broken {
                    return Err(InvokeStreamError::NotUtf8 { at });
                }
                lines += LineNumbers::new(text).of(text.len()).0 - 1;
                (read, written) = (read + pending.len(), written + invoked.text.len());
                pending.clear();
            }
            if at_end {
                return Ok(());
            }
            pending.extend_from_slice(&rest);
        }
    }
}

impl InvokeError {
    /// The same, so many bytes and lines further on.
    fn shifted(self, bytes: usize, lines: usize) -> Self {
        match self {
            Self::Call { span, line, source } => {
                Self::Call { span: span.start + bytes..span.end + bytes, line: line + lines, source }
            }
        }
    }
}
