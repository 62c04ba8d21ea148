//! Runs the calculator calls in a text: `cargo run --release -p toolformer-examples --example invoke`.
#![expect(clippy::print_stdout, reason = "a small program")]

use std::error::Error;

use toolformer::{
    text::{Policy, Registry, Syntax, invoke, parse},
    tools::Calculator,
};

fn main() -> Result<(), Box<dyn Error>> {
    let text =
        "Of 1400 participants, 400 (or [Calculator(400 / 1400)]) passed; [Calculator(1400 - 400 did not.";
    let syntax = Syntax::default();

    // What begins like a call but is none stays text, and is reported.
    let document = parse(text, &syntax);
    for call in document.calls() {
        println!("bytes {:?}: {}", call.span, call.inner());
    }
    for diagnostic in document.diagnostics() {
        println!("{}", diagnostic.render(text));
    }

    let mut tools = Registry::new();
    tools.insert(Calculator)?;
    println!("{}", invoke(text, &tools, &syntax, Policy::Leave)?.text);
    Ok(())
}
