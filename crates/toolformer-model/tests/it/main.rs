//! Models against reference outputs of independent implementations.

mod llama_parity;
mod lora;
mod prefixes;
mod reference;
mod save;
mod smollm2;
