//! `toolformer parse`

use std::path::PathBuf;

use anyhow::Result;
use toolformer::text::{Document, LineNumbers, Syntax, parse};

use crate::{
    input::read_text,
    output::{print_json, print_text, shown},
};

/// Find the tool calls in a text
///
/// Lists the calls, and with a caret what begins like a call but is none. Malformed calls are no failure: they
/// are text.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  echo 'or [Calculator(400 / 1400) -> 0.29] of them' | toolformer parse
  toolformer parse notes.txt --json

With --json: {\"calls\":[{\"span\":[3,35], \"name\":\"Calculator\", \"args\":\"400 / 1400\",
\"result\":\"0.29\"}], \"diagnostics\":[]}. Spans are half-open ranges of bytes, from the `[` to after the `]`.")]
pub(crate) struct Args {
    /// The text; - for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let text = read_text(&args.file)?;
    let document = parse(&text, &Syntax::default());
    if args.json { print_json(&document) } else { print_text(&listing(&document)) }
}

fn listing(document: &Document<'_>) -> String {
    let (mut out, mut lines) = (String::new(), LineNumbers::new(document.text()));
    for call in document.calls() {
        let (line, _) = lines.of(call.span.start);
        let result = call.result.as_ref().map_or(String::new(), |result| format!(" -> {}", shown(result)));
        let [start, end] = [call.span.start, call.span.end];
        out.push_str(&format!("line {line}, bytes {start} to {end}: {}{result}\n", shown(&call.inner())));
    }
    for diagnostic in document.rendered_diagnostics() {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&diagnostic);
    }
    out
}
