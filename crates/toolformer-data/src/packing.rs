//! Documents put together to blocks of one length, so that little is padded.

mod best_fit;
mod block;
mod concatenated;

pub use self::{
    best_fit::pack_best_fit,
    block::Block,
    concatenated::{Concatenated, Remainder, concatenate_and_cut},
};
