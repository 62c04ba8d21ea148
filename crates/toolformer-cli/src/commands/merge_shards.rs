//! `toolformer merge-shards`

use std::path::PathBuf;

use anyhow::Result;
use toolformer::train::merge_shards;

use crate::output::say;

/// Put the parts of a run together that `annotate --shard` or `filter --shard` made
///
/// The result is, byte for byte, the file of a run that did all of it, and is gone on with as such. All parts are
/// given, in any order; what belongs to a part is told by its FILE.units.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer annotate --model SmolLM2.gguf --tools calculator --texts t.jsonl --out c1.jsonl --shard 1/2
  toolformer annotate --model SmolLM2.gguf --tools calculator --texts t.jsonl --out c2.jsonl --shard 2/2
  toolformer merge-shards c1.jsonl c2.jsonl --out c.jsonl")]
pub(crate) struct Args {
    /// The files of all parts
    #[arg(required = true, value_name = "FILE")]
    parts: Vec<PathBuf>,
    /// The file of the whole
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    merge_shards(&args.parts, &args.out)?;
    say(&format!("{} parts are now {}.", args.parts.len(), args.out.display()));
    Ok(())
}
