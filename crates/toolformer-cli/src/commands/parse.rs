//! `toolformer parse`

use std::path::PathBuf;

use anyhow::Result;
use toolformer::text::{Document, Syntax, parse};

use crate::{
    input::read_text,
    output::{print_json, print_text},
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
    let text = document.text();
    let (mut out, mut line, mut counted) = (String::new(), 1, 0);
    for call in document.calls() {
        line += text[counted..call.span.start].matches('\n').count();
        counted = call.span.start;
        let result = call.result.as_ref().map_or(String::new(), |result| format!(" -> {result}"));
        let [start, end] = [call.span.start, call.span.end];
        out.push_str(&format!("line {line}, bytes {start} to {end}: {}{result}\n", call.inner()));
    }
    for diagnostic in document.rendered_diagnostics() {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&diagnostic);
    }
    out
}
