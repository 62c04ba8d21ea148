//! Do models from scratch predict held-out texts better than a trigram does?

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use serde_json::{Value, json};

use super::{program, timed};
use crate::assets::{GPT2_MERGES, GPT2_VOCAB, WIKI};
use crate::{fetch, process};

/// Train a small model from scratch on the introductions of Wikipedia, beside a trigram of the same texts
///
/// 10,033 introductions in the tokens of GPT-2, of which 5 % are held out. Prints the held-out loss of the model and of the
/// trigram, both over the same tokens, and what the model makes of beginnings. The curve is in training.html. A run that was
/// cut off goes on when the command is given again.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What is trained
    #[arg(long, value_enum, default_value_t = Family::Gpt2)]
    family: Family,
    /// Where the config, the checkpoints and the model go [default: runs/pretrain-FAMILY]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Further options of `pretrain`, such as --epochs 3
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
    /// Use this program instead of building it
    #[arg(long, value_name = "PROGRAM")]
    program: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Family {
    /// GPT-2 of 4 layers, d_model 128
    Gpt2,
    /// PaLM of 4 layers, d_model 128
    Palm,
}

impl Family {
    fn name(self) -> &'static str {
        match self {
            Self::Gpt2 => "gpt2",
            Self::Palm => "palm",
        }
    }

    fn config(self) -> Value {
        match self {
            Self::Gpt2 => {
                json!({"model_type": "gpt2", "vocab_size": VOCAB, "n_positions": 256, "n_embd": 128,
                "n_layer": 4, "n_head": 4})
            }
            Self::Palm => {
                json!({"model_type": "palm", "num_tokens": VOCAB, "dim": 128, "depth": 4, "heads": 4,
                "dim_head": 32, "ff_mult": 4})
            }
        }
    }
}

/// Ids of GPT-2's tokenizer.
const VOCAB: usize = 50_257;

/// How it is trained, unless told otherwise.
const TRAIN_OPTIONS: &[&str] = &[
    "--block-size",
    "256",
    "--batch",
    "16",
    "--epochs",
    "5",
    "--learning-rate",
    "2e-3",
    "--schedule",
    "cosine",
    "--weight-decay",
    "0.1",
    "--micro-batch-tokens",
    "4096",
    "--checkpoint-every",
    "50",
];

const BEGINNINGS: [&str; 3] = ["The river", "She was born in", "In mathematics,"];

pub(super) fn run(args: &Args) -> Result<()> {
    let name = args.family.name();
    let out = args.out.clone().unwrap_or_else(|| format!("runs/pretrain-{name}").into());
    let out = process::root().join(out);
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let (texts, vocab) = (fetch::ensure(&WIKI)?, fetch::ensure(&GPT2_VOCAB)?);
    fetch::ensure(&GPT2_MERGES)?;
    let tokenizer = vocab.parent().context("the vocabulary lies in no folder")?;
    let config = out.join("config.json");
    std::fs::write(&config, serde_json::to_vec_pretty(&args.family.config())?)
        .with_context(|| format!("cannot write {}", config.display()))?;

    let mut command = process::command(program(args.program.as_deref())?);
    command.arg("pretrain").arg("--config").arg(&config).arg("--tokenizer").arg(tokenizer);
    command.arg("--texts").arg(&texts).args(TRAIN_OPTIONS);
    command.args(BEGINNINGS.iter().flat_map(|beginning| ["--sample", beginning]));
    timed(command.args(&args.options).arg("--out").arg(&out))?;
    println!("All of it is in {}.", out.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_have_the_ids_of_gpt2_and_are_as_wide() {
        for family in [Family::Gpt2, Family::Palm] {
            let config = family.config();
            let one = |names: [&str; 2]| names.iter().find_map(|name| config[name].as_u64());
            assert_eq!(one(["vocab_size", "num_tokens"]), Some(50_257));
            assert_eq!(one(["n_embd", "dim"]), Some(128));
            assert_eq!(one(["n_layer", "depth"]), Some(4));
            assert_eq!(config["model_type"], family.name());
        }
    }
}
