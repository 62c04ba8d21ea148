//! Decoding with a tiny real model, and with a scripted one where the text matters.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod batches;
mod beams;
mod call_constraint;
mod choices;
mod continuations;
mod crowd;
mod engine;
#[path = "../../../toolformer-model/tests/it/memory.rs"]
mod memory;
mod models;
mod parked;
mod text_generator;
mod tool_use;
mod tools;
mod unknown_ids;
