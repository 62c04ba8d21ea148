//! Models against reference outputs of independent implementations.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod classifier;
mod configs;
#[cfg(feature = "hub")]
mod fake_hub;
mod fetched;
mod generation;
mod gguf;
#[cfg(feature = "hub")]
mod hub;
#[cfg(feature = "hub")]
mod hub_datasets;
// The same server as in the tests of the tools.
mod hostile;
mod joining;
#[cfg(feature = "hub")]
#[expect(dead_code, reason = "these tests need a part of it")]
#[path = "../../../toolformer-tools/tests/it/loopback.rs"]
mod loopback;
mod lora;
mod lora_training;
mod memory;
mod misfits;
mod parity;
mod peft;
mod precision;
mod prefixes;
mod pytorch;
mod real_models;
mod reference;
mod resize;
mod save;
mod shards;
mod smollm2;
mod summary;
mod transformers;
