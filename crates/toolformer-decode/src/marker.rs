//! The start of a call, `" ["`, as the model sees it.

use toolformer_model::{ModelError, Tokenizer};

/// The tokens of the marker that starts a call.
///
/// Where the vocabulary has a token that is exactly the marker, that is the one; else the marker's tokens, whose
/// probabilities multiply. Tokens that merely begin with it (`" [("`) do not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartMarker {
    ids: Vec<u32>,
}

impl StartMarker {
    /// Finds the marker `open` in a vocabulary.
    ///
    /// # Errors
    /// If the tokenizer cannot encode it.
    pub fn new(tokenizer: &Tokenizer, open: &str) -> Result<Self, ModelError> {
        if let Some(id) = tokenizer.marker_id(open) {
            return Ok(Self { ids: vec![id] });
        }
        let ids = tokenizer.encode_continuation(open)?;
        if ids.is_empty() {
            return Err(ModelError::Tokenizer {
                what: format!("gives no token for {open:?}, which starts a call"),
            });
        }
        Ok(Self { ids })
    }

    /// The marker's tokens; one, in vocabularies that have it.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// The token that would complete the marker behind `ids`; with a marker of one token, always that one.
    ///
    /// Of a marker of several tokens the last is due only where the model has written the others: these are
    /// ordinary tokens (a space, say) that can be neither forced nor forbidden for the sake of a call.
    pub fn due(&self, ids: &[u32]) -> Option<u32> {
        let (last, others) = self.ids.split_last()?;
        ids.ends_with(others).then_some(*last)
    }

    /// The first of the marker's tokens.
    pub fn first(&self) -> u32 {
        self.ids[0]
    }
}
