//! What burn-flex does too slowly for a language model, on its own memory, not under autodiff.
//!
//! Its attention is a chain of operations that each copy the scores, most of them number by number; here they stay in the
//! cache of the processor from the first product to the last.

mod attention;
#[cfg(test)]
mod comparison;
mod exp;
mod jobs;
mod numbers;
mod pass;
mod product;
mod silu;
mod softmax;

pub(crate) use attention::FlexAttention;
pub(crate) use numbers::Numbers;
pub(crate) use silu::silu_times;
