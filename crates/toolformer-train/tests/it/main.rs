//! The pipeline and the trainer on a tiny model, against slow and obvious counterparts.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod annotate;
mod classification;
mod copy_alignment;
mod families;
mod filter;
mod finetune;
mod golden_corpus;
#[path = "../../../toolformer-model/tests/it/memory.rs"]
mod memory;
mod oracle;
mod report;
mod report_in_browser;
mod reward;
mod rewrites;
mod step_parity;
mod teach;
mod tensorboard;
mod text_files;
mod tiny;
mod toolformer;
mod training;
mod training_parity;
mod unknown_ids;
mod weave;
