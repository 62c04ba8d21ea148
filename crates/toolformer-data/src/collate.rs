//! Sequences put together to batches: ids and masks on the host, row after row, ready to become tensors.

mod padded_batch;
mod padding;
mod reward_pairs;

pub use self::{
    padded_batch::PaddedBatch,
    padding::{PadSide, PadTo, Padding},
    reward_pairs::{RewardPair, RewardPairs},
};
