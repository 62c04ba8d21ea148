//! Models against reference outputs of independent implementations.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod classifier;
mod configs;
mod fetched;
mod generation;
mod gguf;
mod hostile;
mod lora;
mod memory;
mod parity;
mod prefixes;
mod pytorch;
mod real_models;
mod reference;
mod resize;
mod save;
mod shards;
mod smollm2;
mod transformers;
