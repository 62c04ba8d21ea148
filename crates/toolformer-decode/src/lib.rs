//! Generation from the models of `toolformer-model`: sampling, batches, shared prefixes, and tools in the loop.
//!
//! What is here: choosing tokens ([`Sampling`]), rows that share a cache ([`Rows`]), many continuations of places
//! in a prefix ([`sample_continuations`]), an [`Engine`] that completes requests in continuous batches, with or without
//! tools, and computes what texts begin with alike once, and masks that keep what is written to well-formed calls
//! ([`CallConstraint`]).
//!
//! What is not: models, and tools themselves.
//!
//! ```
//! use rand::SeedableRng;
//! use toolformer_decode::Sampling;
//!
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
//! assert_eq!(Sampling::default().pick(&[0.1, 2.0, -1.0], &mut rng), 1);
//! ```

mod beam_search;
mod call_constraint;
mod call_watch;
mod continuations;
mod draw;
mod engine;
mod error;
mod fill_in_the_middle;
mod generate;
mod generation;
mod last_logits;
mod marker;
mod penalties;
mod prefix_tree;
mod prompt_checks;
mod rows;
mod sampling;
mod text_generator;
mod token_trie;

pub use beam_search::{Beam, BeamSettings, EarlyStopping, beam_search};
pub use call_constraint::{CallConstraint, ConstrainedCall};
pub use call_watch::CallWatch;
pub use continuations::{
    Continuation, ContinuationSettings, Continuations, Ending, Judgement, Place, sample_continuations,
    sample_continuations_each,
};
pub use draw::draw_rng;
pub use engine::{Engine, EngineSettings, Event, Request, RequestId, Usage};
pub use error::DecodeError;
pub use fill_in_the_middle::fill_in_the_middle;
pub use generate::generate;
pub use generation::{
    CallEvent, CallSettings, Finish, GenerateSettings, Generation, Prompt, TokenLogprob, ToolUse, Tools,
};
pub use marker::StartMarker;
pub use penalties::Penalties;
pub use prefix_tree::PrefixTree;
pub use prompt_checks::check_prompts;
pub use rows::Rows;
pub use sampling::{Sampling, arg_max, rank};
pub use text_generator::{EventStream, TextGenerator};
