//! What an engine is asked for, and what it tells.

use serde::Serialize;

use crate::{
    error::DecodeError,
    generation::{CallEvent, GenerateSettings, Generation, Prompt, Tools},
};

/// A prompt to complete, and how.
#[derive(Clone)]
pub struct Request<'a> {
    /// The prompt.
    pub prompt: Prompt,
    /// How it is completed.
    pub settings: GenerateSettings,
    /// The tools in the loop.
    pub tools: Tools<'a>,
}

/// Names a request; numbered in their order from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RequestId(pub usize);

/// What happened to a request.
///
/// The texts of [`Event::Text`] and [`Event::Call`], one after another, are the completion. Of a request whose
/// completions are chosen among more (`best_of` above `n`) only the ends are told.
#[derive(Debug)]
pub enum Event {
    /// A completion goes on. It is told what is certain: no beginning of a stop string, no half character, and nothing
    /// of a call before it has its result.
    Text {
        /// Of which request.
        request: RequestId,
        /// Which of its completions.
        index: usize,
        /// What is new.
        text: String,
    },
    /// A call was run.
    Call {
        /// Of which request.
        request: RequestId,
        /// Which of its completions.
        index: usize,
        /// How it stands in the completion, with its markers; empty if it was dropped.
        text: String,
        /// The call.
        call: CallEvent,
    },
    /// A completion ended.
    Done {
        /// Of which request.
        request: RequestId,
        /// The whole completion.
        generation: Generation,
    },
    /// A request cannot be completed.
    Failed {
        /// Which.
        request: RequestId,
        /// Why.
        error: DecodeError,
    },
}

impl Event {
    /// The request that it is about.
    pub fn request(&self) -> RequestId {
        match self {
            Self::Text { request, .. }
            | Self::Call { request, .. }
            | Self::Done { request, .. }
            | Self::Failed { request, .. } => *request,
        }
    }
}

/// What an engine has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens that went through the model.
    pub computed: usize,
    /// Tokens of prompts that were known from others.
    pub reused: usize,
    /// Passes through the model, of prompts and of rows.
    pub passes: usize,
    /// Rows that had to give way for want of memory, and were read again later.
    pub preempted: usize,
    /// Rows that left the batch while a tool ran.
    pub parked: usize,
}
