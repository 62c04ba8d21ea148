//! What can be wrong with what is to be filtered.

use toolformer_model::ModelError;

/// Why texts cannot be filtered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// The three forms of the texts do not belong together.
    #[error(
        "there are {tokens} texts, {without} of them with calls and {with} with responses: give three forms of each text"
    )]
    Forms {
        /// Texts without calls.
        tokens: usize,
        /// Texts with calls.
        without: usize,
        /// Texts with calls and responses.
        with: usize,
    },
    /// A text has no tokens, or too many.
    #[error("row {row} has {tokens} tokens; the model takes 1 to {most}")]
    Length {
        /// Which.
        row: usize,
        /// Its tokens.
        tokens: usize,
        /// The model's context.
        most: usize,
    },
    /// The threshold is no number.
    #[error("the threshold must be a number of nats, is {threshold}")]
    Threshold {
        /// What was given.
        threshold: f64,
    },
    /// A text has an id that the model has not, or the model computes NaN.
    #[error("row {row} cannot be scored: {source}")]
    Model {
        /// Which.
        row: usize,
        /// Why.
        source: ModelError,
    },
}
