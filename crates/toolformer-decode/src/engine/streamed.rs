//! What is told of a completion while it is written: only what no later token can change.

use toolformer_text::Policy;

use super::{request::Event, row::Row, stop_strings::begun_stop};
use crate::generation::Tools;

/// Up to where a completion was told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Streamed {
    bytes: usize,
    calls: usize,
}

impl Row<'_> {
    /// Tells what has become certain.
    pub(super) fn tell(&mut self, events: &mut Vec<Event>) {
        if !self.job.streams() {
            return;
        }
        let (request, index, certain) = (self.job.id, self.index, self.certain());
        for call in &self.calls[self.streamed.calls..] {
            let [start, end] = call.span;
            // A call that was dropped, behind what is not certain.
            if start > certain {
                break;
            }
            // Where a call was dropped, a character may go on behind it.
            let (text, len) = lossy(&self.bytes[self.streamed.bytes..start], start < end);
            events.extend((!text.is_empty()).then_some(Event::Text { request, index, text }));
            let text = lossy(&self.bytes[start..end], true).0;
            events.push(Event::Call { request, index, text, call: call.clone() });
            self.streamed.bytes = if start < end { end } else { self.streamed.bytes + len };
            self.streamed.calls += 1;
        }
        let told = self.streamed.bytes;
        let (text, len) = lossy(&self.bytes[told..certain.max(told)], self.finish.is_some());
        self.streamed.bytes += len;
        events.extend((!text.is_empty()).then_some(Event::Text { request, index, text }));
    }

    /// How many bytes no later token can change.
    fn certain(&self) -> usize {
        let all = self.bytes.len();
        if self.finish.is_some() {
            return all;
        }
        // Up to somewhere, but for what a stop string may begin with.
        let without_stop =
            |end: usize| end - begun_stop(&self.bytes[self.plain_from..end], &self.job.settings.stop);
        let mut certain = without_stop(all);
        // A call that is dropped takes the space before it along.
        let without_space = |end: usize| end - usize::from(self.bytes[..end].ends_with(b" "));
        let drops = match &self.job.tools {
            Tools::Enabled(tools) => tools.calls.policies.any(Policy::Drop),
            _ => false,
        };
        if let Some(watch) = &self.watch {
            certain = certain.min(watch.settled());
        }
        if drops {
            // What then follows stands next to what was before the call.
            certain = without_stop(without_space(certain).max(self.plain_from));
        }
        certain.max(self.streamed.bytes)
    }
}

/// The text of `bytes`, as [`String::from_utf8_lossy`] gives it, and how many bytes it stands for: a character whose end
/// may come yet is left out, unless these are `all`.
fn lossy(bytes: &[u8], all: bool) -> (String, usize) {
    let mut len = bytes.len();
    if !all {
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            let may_go_on = || std::str::from_utf8(chunk.invalid()).is_err_and(|e| e.error_len().is_none());
            if chunks.peek().is_none() && !chunk.invalid().is_empty() && may_go_on() {
                len -= chunk.invalid().len();
            }
        }
    }
    (String::from_utf8_lossy(&bytes[..len]).into_owned(), len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_anywhere_the_text_is_the_same() {
        for text in ["a\u{20ac}b\u{1f600}".as_bytes(), b"\xff\xe2\x82x\xf0\x9f", b"\xe2\x82\xe2\x82\xac"] {
            for first in 0..=text.len() {
                for second in first..=text.len() {
                    let (mut told, mut from) = (String::new(), 0);
                    for (end, all) in [(first, false), (second, false), (text.len(), true)] {
                        let (more, len) = lossy(&text[from..end], all);
                        told += &more;
                        from += len;
                    }
                    assert_eq!(told, String::from_utf8_lossy(text), "{first} {second}");
                }
            }
        }
    }
}
