//! Completes a prompt with the calculator in the loop, and shows it as it comes. The model is a folder or a GGUF file,
//! best a taught one:
//!
//! `cargo run --release -p toolformer-examples --example generate_with_tools -- runs/quickstart/model`
#![expect(clippy::print_stdout, reason = "a small program")]

use std::{
    error::Error,
    io::{Write, stdout},
};

use toolformer::{
    decode::{Event, TextGenerator},
    device::Cpu,
    text::Registry,
    tools::Calculator,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let model = args.next().ok_or("give the path of a model, and after it a prompt if you like")?;
    let prompt = args.next().unwrap_or("A crate holds 37 jars. 48 crates hold".into());

    let mut tools = Registry::new();
    tools.insert(Calculator)?;
    // A call starts where ` [` is among the 10 most likely tokens, at most once: the paper's settings.
    let mut generator = TextGenerator::<Cpu>::from_pretrained(model)?.tools(tools);
    print!("{prompt}");
    for event in generator.stream(&prompt)? {
        match event? {
            Event::Text { text, .. } | Event::Call { text, .. } => print!("{text}"),
            Event::Done { generation, .. } => println!("\n{} calls", generation.calls.len()),
            Event::Failed { error, .. } => return Err(error.into()),
        }
        stdout().flush()?;
    }
    Ok(())
}
