//! `cargo xtask parity`: how far every model family is from its reference, as a table.

use anyhow::Result;

use crate::process::{self, cargo};

/// Print how far the logits of every model family are from its reference
///
/// A row is a fixture with reference logits, a column a way to compute them: whole, token by token from a cache, in
/// batches of unequal rows, in chunks, and on shared prefixes. Fails where a difference is above 1e-4.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask parity")]
pub(crate) struct Args {}

/// The test that measures and prints.
const TEST: &str = "test --release -p toolformer-model --test it -- parity::every_family_gives_its_reference --exact --nocapture";

/// Runs it with its output shown.
pub(crate) fn run(_: &Args) -> Result<()> {
    process::run(&mut cargo(TEST)).map(|_| ())
}
