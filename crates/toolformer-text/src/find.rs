//! Finds the calls of whole lines.

use crate::{
    Call, Diagnostic, Syntax,
    line_index::LineIndex,
    reader::{Reader, Reading},
    scan::scan,
    start::Start,
    work::Work,
};

/// So many bytes of a line may be read forward for each byte it has, before its tables take over.
const READ_PER_BYTE: usize = 2;

/// What stands in a text beside plain text.
pub(crate) enum Found {
    Call(Call),
    NotACall(Diagnostic),
}

/// Finds the calls of `text`, which ends where a line ends, and hands them over in order. Spans count from
/// `offset` bytes before the text.
///
/// A call is read forward, byte by byte. Where many beginnings lead to nothing that would take quadratic time,
/// so that it is done within bounds only; what is left of the line is then read by its tables.
pub(crate) fn find_calls(
    text: &str,
    offset: usize,
    syntax: &Syntax,
    work: &mut Work,
    found: impl FnMut(Found),
) {
    find_calls_within(READ_PER_BYTE, text, offset, syntax, work, found);
}

fn find_calls_within(
    read_per_byte: usize,
    text: &str,
    offset: usize,
    syntax: &Syntax,
    work: &mut Work,
    mut found: impl FnMut(Found),
) {
    work.spent += text.len();
    let mut from = 0;
    while let Some(start) = syntax.find_start(text, from) {
        let rest = &text.as_bytes()[start.name_end..];
        let line_end = memchr::memchr2(b'\n', b'\r', rest).map_or(text.len(), |at| start.name_end + at);
        work.allow_only(read_per_byte * (line_end - start.at));
        read_line(&text[..line_end], start, offset, syntax, work, &mut found);
        from = line_end;
    }
}

/// Reads the rest of the last line of `text`, from its first `start` on.
fn read_line(
    text: &str,
    start: Start,
    offset: usize,
    syntax: &Syntax,
    work: &mut Work,
    found: &mut impl FnMut(Found),
) {
    let mut tables: Option<(usize, LineIndex<'_>)> = None;
    let mut next = Some(start);
    while let Some(start) = next {
        let rest = &text[start.at..];
        let mut reading = Reading::Pending;
        if tables.is_none() {
            reading = Reader::at_arguments(start).read(rest, syntax, work);
        }
        if let Reading::Pending | Reading::Awaits { .. } = reading {
            let (base, index) = tables.get_or_insert_with(|| (start.at, LineIndex::new(rest)));
            let start = Start { at: start.at - *base, name_end: start.name_end - *base };
            reading = scan(&text[*base..], start, index, syntax);
        }
        let (from, what) = match reading {
            Reading::Call(parts) => (start.at + parts.end, Found::Call(parts.call(rest, offset + start.at))),
            Reading::NotACall { kind, at } => {
                let span = offset + start.at..offset + start.at + at;
                (start.name_end + 1, Found::NotACall(Diagnostic { span, kind }))
            }
            // Nothing is left open at the end of a line.
            Reading::Pending | Reading::Awaits { .. } => break,
        };
        found(what);
        next = syntax.find_start(text, from);
    }
    work.spent += tables.map_or(0, |(_, index)| index.work());
}

#[cfg(test)]
pub(crate) mod tests;
