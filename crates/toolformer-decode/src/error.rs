//! What can go wrong while decoding.

use toolformer_model::ModelError;
use toolformer_text::{CallError, CallGrammarError};

/// An error of decoding.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A setting is out of range.
    #[error("setting `{name}`: {why}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// What is wrong with it, and what would be right.
        why: String,
    },
    /// A prompt and what is to be generated do not fit into the model's context.
    #[error(
        "prompt {prompt} has {tokens} tokens and may grow by {room}, but the model's context is {context}; \
         shorten it or lower the maximum of new tokens"
    )]
    TooLong {
        /// Number of the prompt, from 0.
        prompt: usize,
        /// Its tokens.
        tokens: usize,
        /// Tokens that may be added.
        room: usize,
        /// Longest context of the model, in tokens.
        context: usize,
    },
    /// A prompt without a token.
    #[error("prompt {prompt} is empty; the model needs at least one token to go on from")]
    EmptyPrompt {
        /// Number of the prompt, from 0.
        prompt: usize,
    },
    /// A prompt has an id that the model has not.
    #[error("prompt {prompt} does not fit the model")]
    Prompt {
        /// Number of the prompt, from 0.
        prompt: usize,
        /// What is wrong with it.
        source: ModelError,
    },
    /// A call gave no result, and the policy is to fail then.
    #[error("a call failed; choose another policy to go on without its result")]
    Call {
        /// Why.
        source: CallError,
    },
    /// Calls cannot be constrained.
    #[error(transparent)]
    CallGrammar(#[from] CallGrammarError),
    /// The tokenizer or the model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl DecodeError {
    /// The same about a prompt of another number.
    pub(crate) fn of_prompt(self, prompt: usize) -> Self {
        match self {
            Self::EmptyPrompt { .. } => Self::EmptyPrompt { prompt },
            Self::Prompt { source, .. } => Self::Prompt { prompt, source },
            Self::TooLong { tokens, room, context, .. } => Self::TooLong { prompt, tokens, room, context },
            other => other,
        }
    }
}
