//! Completes a prompt with the calculator in the loop. The model is a folder or a GGUF file, best a taught one:
//!
//! `cargo run --release -p toolformer-examples --example generate_with_tools -- runs/quickstart/model`
#![expect(clippy::print_stdout, reason = "a small program")]

use std::{error::Error, time::Instant};

use toolformer::{
    decode::{GenerateSettings, Prompt, ToolUse, Tools, generate},
    device::Cpu,
    model::Pretrained,
    text::{Registry, Syntax},
    tools::Calculator,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let model = args.next().ok_or("give the path of a model, and after it a prompt if you like")?;
    let prompt = args.next().unwrap_or("A crate holds 37 jars. 48 crates hold".into());

    let loaded = Pretrained::<Cpu>::open(model.as_ref(), &Default::default())?;
    let mut registry = Registry::new();
    registry.insert(Calculator)?;
    let (syntax, start) = (Syntax::default(), Instant::now());
    let clock = || start.elapsed().as_secs_f64();
    // A call starts where ` [` is among the 10 most likely tokens, at most once: the paper's settings.
    let tools = Tools::Enabled(ToolUse::new(&registry, &syntax, &clock));
    let ids = loaded.tokenizer.encode_with_special(&prompt)?;
    let settings = GenerateSettings { max_tokens: 32, ..Default::default() };
    let prompts = [Prompt { key: "0".into(), ids }];
    for generation in generate(&loaded.model, &loaded.tokenizer, &prompts, &settings, &tools)? {
        println!("{prompt}{}", generation.completion);
        for call in generation.calls {
            println!("{}({}) gave {:?} in {:.6} s", call.name, call.args, call.result, call.seconds);
        }
    }
    Ok(())
}
