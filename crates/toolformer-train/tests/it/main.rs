//! The pipeline and the trainer on a tiny model, against slow and obvious counterparts.

mod annotate;
mod filter;
mod finetune;
mod tiny;
mod weave;
