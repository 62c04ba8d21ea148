//! Which part of a run a command does.

use clap::Args;
use toolformer::train::Shard;

#[derive(Debug, Args)]
#[command(next_help_heading = "Units")]
pub(crate) struct ShardArg {
    /// Do the I-th of N parts alone, each into an --out of its own, for several machines; `toolformer merge-shards` puts
    /// them together
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE, hide_default_value = true)]
    pub(crate) shard: Shard,
}
