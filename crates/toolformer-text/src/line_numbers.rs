//! From places in a text to its lines.

/// Finds the lines of places that come one behind another; reads the text once.
///
/// ```
/// let mut lines = toolformer_text::LineNumbers::new("a\r\nb\rc");
/// assert_eq!((lines.of(3), lines.of(5)), ((2, 3), (3, 5)));
/// ```
#[derive(Debug, Clone)]
pub struct LineNumbers<'t> {
    text: &'t str,
    at: usize,
    number: usize,
    line_start: usize,
}

impl<'t> LineNumbers<'t> {
    /// At the start of `text`.
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0, number: 1, line_start: 0 }
    }

    /// The number of the line that holds byte `place`, from 1, and where it starts. "\r\n" is one line break, a
    /// lone "\r" as well.
    pub fn of(&mut self, place: usize) -> (usize, usize) {
        let bytes = self.text.as_bytes();
        while self.at < place.min(bytes.len()) {
            match bytes[self.at] {
                b'\n' => self.number += 1,
                b'\r' if bytes.get(self.at + 1) != Some(&b'\n') => self.number += 1,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            self.at += 1;
            self.line_start = self.at;
        }
        (self.number, self.line_start)
    }
}
