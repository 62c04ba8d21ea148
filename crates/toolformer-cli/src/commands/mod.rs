//! The commands, a file each.

mod annotate;
mod classify;
mod devices;
mod eval;
mod filter;
mod finetune;
mod generate;
mod index;
mod invoke;
mod merge;
mod merge_shards;
mod models;
mod parse;
mod pretrain;
mod report;
mod reward;
mod score;
mod select;
mod teach;
mod tools;
mod weave;

use anyhow::Result;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Parse(parse::Args),
    Invoke(invoke::Args),
    Score(score::Args),
    Select(select::Args),
    Annotate(annotate::Args),
    Filter(filter::Args),
    MergeShards(merge_shards::Args),
    Weave(weave::Args),
    Finetune(finetune::Args),
    Pretrain(pretrain::Args),
    Merge(merge::Args),
    Teach(teach::Args),
    Report(report::Args),
    Reward(reward::Args),
    Classify(classify::Args),
    Eval(Box<eval::Args>),
    Generate(generate::Args),
    Models(models::Args),
    Tools(tools::Args),
    Index(index::Args),
    Devices(devices::Args),
}

impl Command {
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::Parse(args) => parse::run(args),
            Self::Invoke(args) => invoke::run(args),
            Self::Score(args) => score::run(args),
            Self::Select(args) => select::run(args),
            Self::Annotate(args) => annotate::run(args),
            Self::Filter(args) => filter::run(args),
            Self::MergeShards(args) => merge_shards::run(args),
            Self::Weave(args) => weave::run(args),
            Self::Finetune(args) => finetune::run(args),
            Self::Pretrain(args) => pretrain::run(args),
            Self::Merge(args) => merge::run(args),
            Self::Teach(args) => teach::run(args),
            Self::Report(args) => report::run(args),
            Self::Reward(args) => reward::run(args),
            Self::Classify(args) => classify::run(args),
            Self::Eval(args) => eval::run(args),
            Self::Generate(args) => generate::run(args),
            Self::Models(args) => models::run(args),
            Self::Tools(args) => tools::run(args),
            Self::Index(args) => index::run(args),
            Self::Devices(args) => devices::run(args),
        }
    }
}
