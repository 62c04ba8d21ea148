//! The filter of *Toolformer* (Schick et al., 2023, section 2): is a call worth keeping?
//!
//! A call is kept if having it and its result as a **prefix** lowers the weighted loss of the tokens that follow
//! its place by at least `tau_f`, against both no call and the call without its result.
//!
//! This crate knows token ids and losses. It does not know strings, calls or tools: prefixes come encoded.
//!
//! ```
//! use toolformer_filter::{Losses, LossWeights};
//!
//! let weights = LossWeights::paper();
//! assert!((weights.loss(&[-3.0]) - 1.0).abs() < 1e-6); // one third on the first token
//! let losses = Losses { none: 2.0, call: 1.8, response: 1.1 };
//! assert!((losses.delta() - 0.7).abs() < 1e-9 && losses.keeps(0.5));
//! ```

mod criterion;
mod error;
mod in_place;
mod loss_weights;
mod scorer;

pub use criterion::Losses;
pub use error::FilterError;
pub use in_place::{FilteredResults, InPlaceFilter, filter_tokens_with_api_response};
pub use loss_weights::LossWeights;
pub use scorer::{LossRequest, Scored, Scorer, TextLogProbs};
