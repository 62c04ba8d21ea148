//! `toolformer weave`

use std::path::PathBuf;

use anyhow::Result;
use toolformer::{
    text::Syntax,
    train::{Candidate, read_jsonl, read_texts, weave_at_most, write_jsonl},
};

use crate::{output::say, settings_args::SettingsArgs};

/// Weave the calls that were kept into their texts
///
/// The third step of `teach`. Texts without a kept call are left out. Every byte of a text that is not of a call stays
/// as it was.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer weave --texts texts.jsonl --candidates f.jsonl --out train.jsonl

Then: toolformer finetune --model SmolLM2.gguf --data train.jsonl --out runs/tuned")]
pub(crate) struct Args {
    /// The texts that the candidates were sampled for
    #[arg(long, value_name = "FILE")]
    texts: PathBuf,
    /// The candidates with their verdicts, as `filter` writes them
    #[arg(long, value_name = "FILE")]
    candidates: PathBuf,
    /// The texts with their calls, as JSONL
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let texts = read_texts(&args.texts)?;
    let candidates: Vec<Candidate> = read_jsonl(&args.candidates)?;
    let file = args.settings.read_for(&candidates)?;
    let most = file.map(|file| file.max_examples()).unwrap_or_default();
    let woven = weave_at_most(&texts, &candidates, &Syntax::default(), &most)?;
    write_jsonl(&args.out, &woven)?;
    let calls: usize = woven.iter().map(|woven| woven.calls.len()).sum();
    say(&format!("{calls} calls woven into {} of {} texts", woven.len(), texts.len()));
    Ok(())
}
