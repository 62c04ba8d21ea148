//! `cargo xtask bench`: this program beside its peers, on the same work, in one run.

use anyhow::Result;
use clap::Subcommand;

mod annotate;
mod decode;
mod decode_table;
mod hf_folder;
mod scale;
mod train;
mod train_table;

/// Measure against other programs that do the same work
///
/// Both sides run one after the other in the same command, so that the figures can be compared. `scale` measures this program
/// alone, on more and more texts.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask bench annotate --texts 10 --python ~/peers/bin/python
  cargo xtask bench decode --python ~/peers/bin/python
  cargo xtask bench train --python ~/peers/bin/python")]
pub(crate) struct Args {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    Annotate(annotate::Args),
    Decode(decode::Args),
    Scale(scale::Args),
    Train(train::Args),
}

/// Runs one benchmark.
pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.bench {
        Bench::Annotate(args) => annotate::run(args),
        Bench::Decode(args) => decode::run(args),
        Bench::Scale(args) => scale::run(args),
        Bench::Train(args) => train::run(args),
    }
}
