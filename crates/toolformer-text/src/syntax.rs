//! The markers of a call, and calls printed with them.

use memchr::memmem::Finder;

/// The markers around a call, and its printed forms. The only place where they are written.
///
/// ```
/// let syntax = toolformer_text::Syntax::default();
/// assert_eq!(syntax.call("Calculator", "1 + 1"), " [Calculator(1 + 1)]");
/// assert_eq!(syntax.call_awaiting("Calculator", "1 + 1"), " [Calculator(1 + 1) ->]");
/// assert_eq!(syntax.call_with_result("Calculator", "1 + 1", "2"), " [Calculator(1 + 1) -> 2]");
/// ```
#[derive(Debug, Clone)]
pub struct Syntax {
    open: String,
    close: String,
    arrow: String,
    other_arrows: Vec<String>,
    /// Finds the open marker, without white space.
    open_finder: Finder<'static>,
}

/// Why a set of markers cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxError {
    /// A marker is empty.
    #[error("the {which} marker is empty; give at least one character that is not a space")]
    Empty {
        /// `open`, `close` or `arrow`.
        which: &'static str,
    },
    /// A marker holds a character that the grammar needs for itself.
    #[error(
        "the {which} marker `{marker}` holds `{character}`; markers are free of white space (the open marker may begin with it), parentheses, quotes, backslashes and `=`"
    )]
    Reserved {
        /// `open`, `close` or `arrow`.
        which: &'static str,
        /// The marker.
        marker: String,
        /// The character it may not hold.
        character: char,
    },
    /// Two markers cannot be told apart.
    #[error("the markers `{first}` and `{second}` cannot be told apart; no marker may contain another")]
    Ambiguous {
        /// One marker.
        first: String,
        /// The other.
        second: String,
    },
    /// The close marker overlaps itself, as `]]` does.
    #[error("the close marker `{close}` begins as it ends, so its place would be ambiguous; take another")]
    SelfOverlap {
        /// The marker.
        close: String,
    },
}

impl Default for Syntax {
    /// The paper's markers: `" ["`, `"]"` and `"->"`, with `"→"` read as well (section 2, footnote 1).
    #[expect(clippy::expect_used, reason = "constants, and a test builds them")]
    fn default() -> Self {
        Self::new(" [", "]", "->", &["→"]).expect("the paper's markers are valid")
    }
}

impl PartialEq for Syntax {
    fn eq(&self, other: &Self) -> bool {
        (&self.open, &self.close, &self.arrow, &self.other_arrows)
            == (&other.open, &other.close, &other.arrow, &other.other_arrows)
    }
}

impl Eq for Syntax {}

impl Syntax {
    /// Other markers. White space at the start of `open` is written before a call but is not part of it, and
    /// is not needed for a call to be found. `arrow` is written; `other_arrows` are read as well.
    ///
    /// # Errors
    /// If a marker is empty, holds a character of the grammar, or cannot be told from another.
    pub fn new(open: &str, close: &str, arrow: &str, other_arrows: &[&str]) -> Result<Self, SyntaxError> {
        let bare_open = open.trim_start();
        check_marker("open", bare_open)?;
        check_marker("close", close)?;
        let arrows: Vec<&str> = std::iter::once(arrow).chain(other_arrows.iter().copied()).collect();
        for arrow in &arrows {
            check_marker("arrow", arrow)?;
        }
        let markers: Vec<&str> = [bare_open, close].into_iter().chain(arrows).collect();
        for (i, first) in markers.iter().enumerate() {
            for second in &markers[i + 1..] {
                if first.contains(second) || second.contains(first) {
                    let (first, second) = (first.to_string(), second.to_string());
                    return Err(SyntaxError::Ambiguous { first, second });
                }
            }
        }
        if close.char_indices().skip(1).any(|(i, _)| close.starts_with(&close[i..])) {
            return Err(SyntaxError::SelfOverlap { close: close.to_owned() });
        }
        Ok(Self {
            open: open.to_owned(),
            close: close.to_owned(),
            arrow: arrow.to_owned(),
            other_arrows: other_arrows.iter().map(|&a| a.to_owned()).collect(),
            open_finder: Finder::new(bare_open).into_owned(),
        })
    }

    /// The markers of toolformer-pytorch: `" ["`, `"]"` and `"→"`, with `"->"` read as well. They find the same
    /// calls as the default's; only results are written with another arrow.
    #[expect(clippy::expect_used, reason = "constants, and a test builds them")]
    pub fn lucidrains() -> Self {
        Self::new(" [", "]", "→", &["->"]).expect("the markers of toolformer-pytorch are valid")
    }

    /// The marker that opens a call, with its leading space: `" ["`.
    pub fn open(&self) -> &str {
        &self.open
    }

    /// The same without leading white space, where a call's span begins: `"["`.
    pub fn bare_open(&self) -> &str {
        self.open.trim_start()
    }

    /// The white space before a call that its marker begins with; empty where there is none.
    pub(crate) fn space(&self) -> &str {
        &self.open[..self.open.len() - self.bare_open().len()]
    }

    /// The marker that closes a call: `"]"`.
    pub fn close(&self) -> &str {
        &self.close
    }

    /// The arrow that is written before a result: `"->"`.
    pub fn arrow(&self) -> &str {
        &self.arrow
    }

    /// The arrows that are read as well: `"→"`.
    pub fn other_arrows(&self) -> &[String] {
        &self.other_arrows
    }

    /// Every arrow that is read, the written one first.
    pub(crate) fn arrows(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.arrow.as_str()).chain(self.other_arrows.iter().map(String::as_str))
    }

    /// Where the next open marker stands, without its white space.
    pub(crate) fn find_open(&self, text: &[u8]) -> Option<usize> {
        self.open_finder.find(text)
    }

    /// A call without a result: ` [name(args)]`.
    pub fn call(&self, name: &str, args: &str) -> String {
        let Self { open, close, .. } = self;
        format!("{open}{name}({args}){close}")
    }

    /// A call with an arrow and nothing behind it, e(c, none) of the paper: ` [name(args) ->]`.
    pub fn call_awaiting(&self, name: &str, args: &str) -> String {
        let Self { open, close, arrow, .. } = self;
        format!("{open}{name}({args}) {arrow}{close}")
    }

    /// A call with its result, e(c, r) of the paper: ` [name(args) -> result]`. The result is written as it
    /// is; see [`sanitize_result`](crate::sanitize_result).
    pub fn call_with_result(&self, name: &str, args: &str, result: &str) -> String {
        let Self { open, arrow, .. } = self;
        format!("{open}{name}({args}) {arrow}{}", self.response(result))
    }

    /// What follows the arrow of a call that awaits its result: ` result]`.
    pub fn response(&self, result: &str) -> String {
        format!(" {result}{}", self.close)
    }
}

/// Whether `name` can be the name of a tool: an ASCII letter or `_`, then letters, digits, `_` and dots.
pub fn is_valid_name(name: &str) -> bool {
    name_length(name.as_bytes()) == name.len() && !name.is_empty()
}

/// How many bytes at the start of `text` form a name.
pub(crate) fn name_length(text: &[u8]) -> usize {
    text.iter().enumerate().take_while(|&(at, &byte)| is_name_byte(byte, at == 0)).count()
}

/// Whether `byte` can stand in a name, or begin one.
pub(crate) fn is_name_byte(byte: u8, first: bool) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || (!first && (byte.is_ascii_digit() || byte == b'.'))
}

fn check_marker(which: &'static str, marker: &str) -> Result<(), SyntaxError> {
    if marker.is_empty() {
        return Err(SyntaxError::Empty { which });
    }
    let reserved = |c: char| c.is_whitespace() || c.is_control() || "()'\"\\=".contains(c);
    match marker.chars().find(|&c| reserved(c)) {
        Some(character) => Err(SyntaxError::Reserved { which, marker: marker.to_owned(), character }),
        None => Ok(()),
    }
}
