//! The filter as the paper does it, or as toolformer-pytorch does.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use toolformer_filter::{LossRequest, LossWeights};

/// Where the calls stand when their losses are taken, and how the tokens behind them are weighed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compat {
    /// Before the text, as its prefix; the weights sum up to 1 (section 2 and 4.1).
    #[default]
    Paper,
    /// In their place in the text, and `e(c, none)` has no arrow; the weights sum up to 3 (toolformer-pytorch).
    Lucidrains,
}

impl Compat {
    pub(crate) fn weights(self) -> LossWeights {
        match self {
            Self::Paper => LossWeights::paper(),
            Self::Lucidrains => LossWeights::lucidrains(),
        }
    }

    pub(crate) fn is_paper(&self) -> bool {
        *self == Self::Paper
    }

    /// Where the three losses of a candidate are taken; its prefixes are none, the call, and the call with its result, each
    /// beginning with the first.
    pub(crate) fn places<'a>(
        self,
        prefixes: [&'a [u32]; 3],
        text: &'a [u32],
        position: usize,
    ) -> [Place<'a>; 3] {
        let none = prefixes[0];
        prefixes.map(|prefix| {
            let call = prefix.strip_prefix(none).unwrap_or(prefix);
            if self.is_paper() || call.is_empty() {
                return Place { prefix: Cow::Borrowed(prefix), text, position };
            }
            let prefix = Cow::Owned([none, &text[..position], call].concat());
            Place { prefix, text: &text[position..], position: 0 }
        })
    }
}

/// What stands before the tokens of a loss, these tokens, and the first that counts.
pub(crate) struct Place<'a> {
    prefix: Cow<'a, [u32]>,
    text: &'a [u32],
    position: usize,
}

impl Place<'_> {
    pub(crate) fn request(&self) -> LossRequest<'_> {
        LossRequest { prefix: &self.prefix, text: self.text, position: self.position }
    }
}
