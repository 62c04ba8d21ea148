//! Steps of training, beside PyTorch and PEFT.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use super::decode::threads;
use super::hf_folder::hf_folder;
use super::train_table::{Side, table};
use crate::assets::SMOLLM2;
use crate::devices::{LibTorchArgs, feature};
use crate::{fetch, process};

/// Ids are drawn below this: SmolLM2's vocabulary has 49,152.
const VOCAB: u64 = 49_000;
const LEARNING_RATE: &str = "1e-5";
const CLIP_NORM: &str = "1.0";

/// Train SmolLM2-135M in f32, whole and by LoRA, beside transformers and PEFT on PyTorch
///
/// Both sides take the same steps on the same random ids, on two threads: AdamW at 1e-5 without decay, the gradient clipped
/// to a norm of 1; the LoRA of both is on all linear layers. Tokens a second are those of the median step, the first left
/// out. The loss of the first step must be the same on both sides; later ones may differ by LoRA's random start.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask bench train --python ~/peers/bin/python
  cargo xtask bench train --mode lora --seq 512 --python ~/peers/bin/python")]
pub(crate) struct Args {
    /// What is trained: full, lora, or both with a comma between
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "full,lora")]
    mode: Vec<Mode>,
    /// Steps of each side
    #[arg(long, value_name = "N", default_value_t = 5)]
    steps: usize,
    /// Sequences of a step
    #[arg(long, value_name = "N", default_value_t = 4)]
    batch: usize,
    /// Tokens of a sequence
    #[arg(long, value_name = "N", default_value_t = 128)]
    seq: usize,
    /// Rank of LoRA's updates
    #[arg(long, value_name = "N", default_value_t = 8)]
    lora_rank: usize,
    /// Both sides compute again in the backward pass what blocks computed on the way
    #[arg(long)]
    gradient_checkpointing: bool,
    /// The device of our side: cpu or tch
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    device: String,
    /// The GGUF file of a model with SmolLM2's vocabulary or a larger one; else that of `cargo xtask fetch smollm2`
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Where the ids and outputs go
    #[arg(long, value_name = "DIR", default_value = "runs/bench-train")]
    out: PathBuf,
    /// Measure this program only
    #[arg(long)]
    no_peer: bool,
    /// Measure the peer only
    #[arg(long, conflicts_with = "no_peer")]
    peer_only: bool,
    #[command(flatten)]
    libtorch: LibTorchArgs,
}

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Mode {
    /// Every weight
    Full,
    /// A LoRA adapter
    Lora,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Lora => "lora",
        }
    }
}

/// Runs both sides in each mode and prints the comparison.
pub(crate) fn run(args: &Args) -> Result<()> {
    let out = process::root().join(&args.out);
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let model =
        args.model.clone().map_or_else(|| fetch::ensure(&SMOLLM2), |file| Ok(file.canonicalize()?))?;
    let ids = out.join("ids.json");
    let batches = serde_json::to_vec(&batches(args.steps, args.batch, args.seq))?;
    std::fs::write(&ids, batches).with_context(|| format!("cannot write {}", ids.display()))?;
    let mut tables = String::new();
    for &mode in &args.mode {
        let name = mode.name();
        let ours = if args.peer_only {
            None
        } else {
            Some(measure(&mut ours(args, &model, &ids, mode)?, &out.join(format!("{name}.jsonl")))?)
        };
        let peer = if args.no_peer {
            None
        } else {
            Some(measure(&mut peer(args, &model, &ids, mode)?, &out.join(format!("{name}.peer.jsonl")))?)
        };
        tables.push_str(&table(name, ours.as_ref(), peer.as_ref()));
    }
    println!("{tables}");
    Ok(())
}

/// The ids of each step's sequences, the same on every run: by Marsaglia's xorshift64.
fn batches(steps: usize, batch: usize, seq: usize) -> Vec<Vec<Vec<u64>>> {
    let mut state: u64 = 0x2545_f491_4f6c_dd1d;
    let mut id = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) % VOCAB
    };
    let mut sequence = || (0..seq).map(|_| id()).collect();
    let mut step = || (0..batch).map(|_| sequence()).collect();
    (0..steps).map(|_| step()).collect()
}

/// The benchmark of our side; it prints what [`Side`] reads.
fn ours(args: &Args, model: &Path, ids: &Path, mode: Mode) -> Result<Command> {
    let mut command = threads(process::cargo("bench --quiet --workspace --bench train"));
    let feature = feature(&args.device)?;
    command.args(feature.map(|feature| format!("--features=toolformer-cli/{feature}")));
    args.libtorch.prepare(&mut command, feature)?;
    command.arg("--").arg("--model").arg(model).arg("--ids").arg(ids);
    command.args(["--device", &args.device, "--mode", mode.name()]);
    command.args(["--lora-rank", &args.lora_rank.to_string()]);
    command.args(["--learning-rate", LEARNING_RATE, "--clip-norm", CLIP_NORM]);
    if args.gradient_checkpointing {
        command.args(["--checkpointing", "on"]);
    }
    Ok(command)
}

fn peer(args: &Args, model: &Path, ids: &Path, mode: Mode) -> Result<Command> {
    let python = args.libtorch.python().unwrap_or("python3");
    if !process::works(python, &["-c", "import torch, transformers, peft"]) {
        bail!(
            "`{python}` lacks the peer's packages: pip install torch transformers peft accelerate safetensors gguf, name \
             another by --python, or give --no-peer"
        );
    }
    let mut command = threads(process::command(python));
    command.arg("xtask/peers/hf_train.py").arg(hf_folder(python.as_ref(), model)?).arg(ids);
    command.args(["--learning-rate", LEARNING_RATE, "--clip-norm", CLIP_NORM]);
    if args.gradient_checkpointing {
        command.arg("--gradient-checkpointing");
    }
    if mode == Mode::Lora {
        command.args(["--lora", &args.lora_rank.to_string()]);
    }
    Ok(command)
}

/// Runs a side and reads what it prints last.
fn measure(command: &mut Command, log: &Path) -> Result<Side> {
    process::run_into(command, log)?;
    let printed = std::fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))?;
    Side::of_output(&printed).with_context(|| format!("it printed no figures: see {}", log.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_get_the_same_ids_each_time() {
        let ids = batches(3, 2, 50);
        assert_eq!((ids.len(), ids[0].len(), ids[0][0].len()), (3, 2, 50));
        assert_eq!(ids, batches(3, 2, 50));
        assert_ne!(ids[0][0], ids[0][1]);
        assert!(ids.iter().flatten().flatten().all(|&id| id < VOCAB));
    }

    #[test]
    fn the_peer_has_as_many_threads_and_reads_what_it_is_given() {
        let peer = std::fs::read_to_string(process::root().join("xtask/peers/hf_train.py")).unwrap();
        for said in ["set_num_threads(2)", "\"--lora\"", "\"--learning-rate\"", "\"--clip-norm\""] {
            assert!(peer.contains(said), "{said}");
        }
    }
}
