//! Teaches a model a tool of your own, here a closure:
//!
//! `cargo run --release -p toolformer-examples --example teach -- SmolLM2.gguf examples/data/passages.jsonl runs/own`
#![expect(clippy::print_stdout, reason = "a small program")]

use std::{error::Error, num::NonZeroUsize, path::Path};

use toolformer::{
    device::Cpu,
    model::{Pretrained, model_checksum},
    text::{FnTool, Registry, Syntax, ToolError},
    train::{AnnotateSettings, FewShotPrompt, TeachJob, TeachSettings, TextFile, Unobserved, teach},
};

/// `{text}` stands where each text goes; the model then writes the text again, with calls.
const PROMPT: &str = "Write the text again with calls to Times, such as [Times(12, 3)], where they help.

Input: The 64 ships carry 23 sailors each, which makes 1472 sailors.
Output: The 64 ships carry 23 sailors each, which makes [Times(64, 23)] 1472 sailors.

Input: A box of 85 screws weighs 3 grams a screw, so 255 grams in all.
Output: A box of 85 screws weighs 3 grams a screw, so [Times(85, 3)] 255 grams in all.

Input: {text}
Output: ";

fn times(args: &str) -> Result<String, ToolError> {
    let (a, b) =
        args.split_once(',').ok_or_else(|| ToolError::bad_arguments("write two numbers, as `12, 3`"))?;
    let number =
        |text: &str| text.trim().parse::<i64>().map_err(|error| ToolError::bad_arguments(error.to_string()));
    let product = number(a)?.checked_mul(number(b)?);
    product.map(|product| product.to_string()).ok_or_else(|| ToolError::failed("the product is too large"))
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, texts, out] = args.as_slice() else {
        return Err("give a model, texts and a run folder".into());
    };

    let mut registry = Registry::new();
    registry.insert(FnTool::new("Times", "the product of two whole numbers", times))?;
    let (model, syntax) = (Path::new(model), Syntax::default());
    let job = TeachJob {
        texts: &TextFile::open(texts.as_ref())?,
        tools: &[("Times".into(), FewShotPrompt::new(PROMPT)?)],
        registry: &registry,
        dated: None,
        syntax: &syntax,
        workers: 2,
        jobs: NonZeroUsize::MIN,
        callback: None,
        model_name: &model.to_string_lossy(),
        model_checksum: &model_checksum(model)?,
    };
    let annotate = AnnotateSettings { k: 5, m: 4, ..Default::default() };
    let settings = TeachSettings { annotate, ..Default::default() };
    let pretrained = Pretrained::<Cpu>::open(model, &Default::default())?;
    // The same call again goes on where a killed one stopped.
    let taught = teach(pretrained, &job, &settings, out.as_ref(), &mut Unobserved)?;
    println!("{} calls kept; the model is in {out}/model", taught.stats.candidates.kept);
    Ok(())
}
