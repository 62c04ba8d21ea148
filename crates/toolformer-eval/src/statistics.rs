//! How sure a result on few items is, and whether two runs differ.

mod bootstrap;
mod clusters;
mod draw;
mod mcnemar;
mod paired;
mod sign_flip;

pub(crate) use self::draw::draw_rng;
pub use self::{bootstrap::Proportion, mcnemar::mcnemar_exact, paired::PairedDifference};
