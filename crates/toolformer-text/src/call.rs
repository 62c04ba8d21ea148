//! One call, as it stands in a text.

use std::ops::Range;

use serde::{Serialize, Serializer};

/// A call found in a text. All ranges are half-open byte ranges of that text.
///
/// Serialises as `{"span":[s,e],"name":..,"args":..,"result":..}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Call {
    /// From the `[` (without the space before it) to after the `]`.
    #[serde(serialize_with = "as_pair")]
    pub span: Range<usize>,
    /// The tool's name.
    pub name: String,
    /// The text between the parentheses, trimmed.
    pub args: String,
    /// The text after the arrow, trimmed; `None` without an arrow and with nothing behind it.
    pub result: Option<String>,
    /// Between the parentheses, not trimmed.
    #[serde(skip)]
    pub args_span: Range<usize>,
    /// The arrow, where there is one, with or without a result behind it.
    #[serde(skip)]
    pub arrow_span: Option<Range<usize>>,
}

impl Call {
    /// The call as it is written: name and trimmed args, `Calculator(400 / 1400)`.
    pub fn inner(&self) -> String {
        format!("{}({})", self.name, self.args)
    }
}

/// Where the parts of a call stand, counted from its open marker.
pub(crate) struct CallParts {
    pub(crate) name: Range<usize>,
    pub(crate) args: Range<usize>,
    pub(crate) arrow: Option<Range<usize>>,
    /// Where the close marker begins.
    pub(crate) close: usize,
    /// Where it ends.
    pub(crate) end: usize,
}

impl CallParts {
    /// The call at the start of `text`, which itself stands at byte `offset` of a longer one.
    pub(crate) fn call(self, text: &str, offset: usize) -> Call {
        let Self { name, args, arrow, close, end } = self;
        let result = arrow.as_ref().map(|arrow| text[arrow.end..close].trim());
        let moved = |range: Range<usize>| range.start + offset..range.end + offset;
        Call {
            span: offset..offset + end,
            name: text[name].to_owned(),
            args: text[args.clone()].trim().to_owned(),
            result: result.filter(|result| !result.is_empty()).map(str::to_owned),
            args_span: moved(args),
            arrow_span: arrow.map(moved),
        }
    }
}

/// Writes a range as `[start, end]`.
pub(crate) fn as_pair<S: Serializer>(range: &Range<usize>, serializer: S) -> Result<S::Ok, S::Error> {
    [range.start, range.end].serialize(serializer)
}
