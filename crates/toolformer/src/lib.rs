//! Teach a language model when and how to call tools, then run it with them (*Toolformer*, Schick et al., 2023).
//!
//! This crate is the door to the others: it re-exports them and names the devices that a build can use. It holds
//! no logic of its own. Each crate is useful alone.
//!
//! | module | what it does |
//! |---|---|
//! | [`text`] | calls written inline in text: find them, print them back, run them, fill in their results |
//! | [`tools`] | ready-made tools |
//! | [`model`] | language models on burn: weights, tokenizers, caches, LoRA |
//! | [`decode`] | sampling, batches, and generation that pauses at a call and runs the tool |
//! | [`filter`] | the paper's criterion: does a call's result lower the loss of what follows? |
//! | [`data`] | data sets: read, split, mix, tokenise once, pad and pack |
//! | [`eval`] | the paper's evaluation: tasks, metrics, statistics, and a model run on them |
//! | [`train`] | annotate, execute, filter, weave, fine-tune, and [`train::teach`], the whole job |
//! | [`device`] | which backend a device's name stands for |
//!
//! # Guide
//!
//! **Run the calls in a text.** No model is needed for it:
//!
//! ```
//! use toolformer::{text::{Policy, Registry, Syntax, invoke}, tools::Calculator};
//!
//! let mut tools = Registry::new();
//! tools.insert(Calculator)?;
//! let invoked = invoke("2 * 21 is [Calculator(2 * 21)].", &tools, &Syntax::default(), Policy::Leave)?;
//! assert_eq!(invoked.text, "2 * 21 is [Calculator(2 * 21) -> 42].");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Generate with tools.** A model comes from a folder (`config.json`, `tokenizer.json`, safetensors) or a
//! `.gguf` file:
//!
//! ```no_run
//! use toolformer::{decode::TextGenerator, device::Cpu, text::Registry, tools::Calculator};
//!
//! let mut tools = Registry::new();
//! tools.insert(Calculator)?;
//! let mut generator = TextGenerator::<Cpu>::from_pretrained("runs/calc/model")?.tools(tools);
//! let done = generator.generate("A crate holds 37 jars. 48 crates hold")?;
//! println!("{}", done.completion); // " [Calculator(37 * 48) -> 1776] 1776 jars"
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Teach.** [`train::teach`] takes a model, texts and tools, and leaves a run folder with the taught model; the
//! workspace's `examples/teach.rs` does it with a closure as the tool. It survives being killed: the same call
//! again goes on where it stopped.
//!
//! # What it refuses
//!
//! Nothing here reads the environment, the clock or the terminal: seeds, dates and clocks are arguments. The
//! program `toolformer` (crate `toolformer-cli`) is what does.
//!
//! # Features
//!
//! - `cpu` (default): the pure Rust backend, [`device::Cpu`]; on x86-64 with AVX-512 where the processor has it.
//! - `cuda`, `tch`, and one of `vulkan` and `wgpu`: other devices. burn 0.21 has one backend for the last two, so the feature
//!   `vulkan` takes the place of `wgpu`: the one exception to features that only add.
//! - `hub` (default): models and data sets by their names on a hub, [`model::Hub`].
//! - `search`, `translate`, `http`, `mcp` (all default): the tools of [`tools`] that stand on larger libraries; see its
//!   documentation.
//!
//! Without features the libraries still work on any backend of [`burn`] that you bring.

pub mod device;

pub use burn;
pub use toolformer_data as data;
pub use toolformer_decode as decode;
pub use toolformer_eval as eval;
pub use toolformer_filter as filter;
pub use toolformer_model as model;
pub use toolformer_text as text;
pub use toolformer_tools as tools;
pub use toolformer_train as train;
