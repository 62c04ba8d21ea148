//! Reading and decoding, beside PyTorch, Hugging Face's `generate` and llama.cpp.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::decode_table::Figures;
use super::hf_folder::hf_folder;
use crate::assets::SMOLLM2;
use crate::devices::{LibTorchArgs, feature};
use crate::{fetch, process};

/// All sides use so many threads; the peers' scripts say so.
const THREADS: &str = "2";

/// Read and decode with SmolLM2-135M in f32, beside PyTorch, Hugging Face's `generate` and llama.cpp
///
/// Tokens a second of reading 512 tokens, and of 32 steps behind 128 tokens in batches of 1, 8 and 32, on two threads: of
/// the engine, of the bare model, of a plain loop on PyTorch with random weights of the same shapes, of `generate`, and of
/// llama.cpp on the GGUF file as it is, where it is installed. All sides run one after the other, in several rounds, and
/// the best of each counts. Then what the machine gives at most, and what sharing and continuous batches save.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask bench decode --python ~/peers/bin/python
  cargo xtask bench decode --device tch --python ~/peers/bin/python
  cargo xtask bench decode --no-peers")]
pub(crate) struct Args {
    /// The device of our side: cpu or tch
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    device: String,
    /// The GGUF file of a model of SmolLM2-135M's shapes; else that of `cargo xtask fetch smollm2`
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Runs of each side
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// A Python with `llama-cpp-python`, where it is another
    #[arg(long, value_name = "PROGRAM")]
    llama_python: Option<PathBuf>,
    /// Where the outputs go
    #[arg(long, value_name = "DIR", default_value = "runs/bench-decode")]
    out: PathBuf,
    /// Measure this program only
    #[arg(long)]
    no_peers: bool,
    #[command(flatten)]
    libtorch: LibTorchArgs,
}

/// Runs all sides and prints the comparison.
pub(crate) fn run(args: &Args) -> Result<()> {
    let out = process::root().join(&args.out);
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let model =
        args.model.clone().map_or_else(|| fetch::ensure(&SMOLLM2), |file| Ok(file.canonicalize()?))?;
    let mut figures = Figures::default();
    // Builds it, which must not count as another side's noise.
    measure(&mut ours(args, &model, "sharing")?, &out.join("sharing.jsonl"), &mut figures)?;
    let peers = if args.no_peers { Vec::new() } else { peers(args, &model)? };
    for round in 0..args.rounds {
        for part in ["machine", "rows"] {
            measure(
                &mut ours(args, &model, part)?,
                &out.join(format!("{part}.{round}.jsonl")),
                &mut figures,
            )?;
        }
        for (name, peer) in &peers {
            measure(&mut peer.command(), &out.join(format!("{name}.{round}.jsonl")), &mut figures)?;
        }
    }
    println!("{}", figures.table());
    Ok(())
}

/// A peer's script and what it runs on.
struct Peer {
    python: PathBuf,
    script: &'static str,
    model: Option<PathBuf>,
}

impl Peer {
    fn command(&self) -> Command {
        let mut command = threads(process::command(&self.python));
        command.arg(self.script).args(&self.model);
        command
    }
}

/// Those that can run here.
fn peers(args: &Args, model: &Path) -> Result<Vec<(&'static str, Peer)>> {
    let python = PathBuf::from(args.libtorch.python().unwrap_or("python3"));
    let has = |python: &Path, module: &str| {
        process::works(&python.to_string_lossy(), &["-c", &format!("import {module}")])
    };
    if !has(&python, "torch") {
        bail!("`{}` has no torch: name another by --python, or give --no-peers", python.display());
    }
    let torch = Peer { python: python.clone(), script: "xtask/peers/torch_forward.py", model: None };
    let mut peers = vec![("torch", torch)];
    if has(&python, "transformers") {
        let model = Some(hf_folder(&python, model)?);
        peers.push(("hf", Peer { python: python.clone(), script: "xtask/peers/hf_generate.py", model }));
    }
    let python = args.llama_python.clone().unwrap_or(python);
    if has(&python, "llama_cpp") {
        let model = Some(model.to_owned());
        peers.push(("llama", Peer { python, script: "xtask/peers/llamacpp_decode.py", model }));
    }
    Ok(peers)
}

/// The benchmark of our side.
fn ours(args: &Args, model: &Path, part: &str) -> Result<Command> {
    let mut command = threads(process::cargo("bench --quiet --workspace --bench decode"));
    let feature = feature(&args.device)?;
    command.args(feature.map(|feature| format!("--features=toolformer-cli/{feature}")));
    args.libtorch.prepare(&mut command, feature)?;
    command.arg("--").arg("--model").arg(model).args(["--device", &args.device, "--part", part]);
    Ok(command)
}

/// With as many threads as all sides have.
pub(super) fn threads(mut command: Command) -> Command {
    command.env("RAYON_NUM_THREADS", THREADS).env("OMP_NUM_THREADS", THREADS);
    command
}

/// Runs a side and takes up what it prints: a JSON object a line.
fn measure(command: &mut Command, log: &Path, figures: &mut Figures) -> Result<()> {
    process::run_into(command, log)?;
    let printed = std::fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))?;
    for line in printed.lines().filter(|line| line.starts_with('{')) {
        let row: Value =
            serde_json::from_str(line).with_context(|| format!("in {}: {line}", log.display()))?;
        figures.take(&row);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sides_have_as_many_threads() {
        let line = process::shell_line(&threads(Command::new("python3")));
        assert_eq!(line, "OMP_NUM_THREADS=2 RAYON_NUM_THREADS=2 python3");
        let peers = process::root().join("xtask/peers");
        for (script, threads) in [
            ("torch_forward.py", "set_num_threads(2)"),
            ("hf_generate.py", "set_num_threads(2)"),
            ("llamacpp_decode.py", "n_threads=2"),
        ] {
            assert!(std::fs::read_to_string(peers.join(script)).unwrap().contains(threads), "{script}");
        }
    }
}
