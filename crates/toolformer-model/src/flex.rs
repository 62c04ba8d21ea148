//! What burn-flex does too slowly for a language model, on its own memory.
//!
//! Its attention is a chain of operations that each copy the scores, most of them number by number; here they stay in the
//! cache of the processor from the first product to the last.

mod adamw;
mod attention;
mod causal_attention;
#[cfg(test)]
mod comparison;
mod cross_entropy;
#[cfg(test)]
mod derivatives;
mod differentiable;
mod exp;
mod gated;
mod jobs;
mod numbers;
mod pass;
mod product;
mod rms_norm;
mod rotation;
mod rows;
mod silu;
mod softmax;
mod squares;

pub(crate) use adamw::adamw;
pub(crate) use attention::FlexAttention;
pub(crate) use causal_attention::causal_attention;
pub(crate) use cross_entropy::cross_entropy;
pub(crate) use differentiable::is_tracked_flex;
pub(crate) use gated::silu_times_tracked;
pub(crate) use numbers::Numbers;
pub(crate) use rms_norm::rms_norm;
pub(crate) use rotation::rotate;
pub(crate) use silu::silu_times;
pub(crate) use squares::sum_of_squares;
