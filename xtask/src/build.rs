//! `cargo xtask build`: the program, for a device.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::devices::{LibTorchArgs, feature};
use crate::process::{self, cargo};

/// Build the program `toolformer` for a device
///
/// Every build has `cpu`. wgpu and vulkan cannot be in one build. cuda builds without CUDA installed; what each needs to
/// run is in docs/backends.md.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask build
  cargo xtask build --device cuda
  cargo xtask build --device tch --python ~/venv/bin/python")]
pub(crate) struct Args {
    /// The devices: cpu, cuda, wgpu or vulkan, tch, tch-cuda; with commas between them
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "cpu")]
    device: Vec<String>,
    #[command(flatten)]
    libtorch: LibTorchArgs,
}

/// Builds it and says where it lies.
pub(crate) fn run(args: &Args) -> Result<()> {
    let (program, libraries) = build_for(&args.device, &args.libtorch)?;
    println!("{}", program.display());
    if let Some(libraries) = libraries {
        eprintln!("to run it: export LD_LIBRARY_PATH={libraries}");
    }
    eprintln!("next: {} devices", program.display());
    Ok(())
}

/// With the whole workspace's features, so that nothing is compiled twice for tests and program.
const BUILD: &str = "build --release --workspace --bin toolformer";

/// Builds the program for the processor and returns its path.
pub(crate) fn build_cli() -> Result<PathBuf> {
    built(cargo(BUILD))
}

/// Builds the program for devices; returns its path, and what `LD_LIBRARY_PATH` must hold for it.
pub(crate) fn build_for(devices: &[String], libtorch: &LibTorchArgs) -> Result<(PathBuf, Option<String>)> {
    let mut command = cargo(BUILD);
    let mut libraries = None;
    for device in devices {
        let feature = feature(device)?;
        command.args(feature.map(|feature| format!("--features=toolformer-cli/{feature}")));
        libraries = libraries.or(libtorch.prepare(&mut command, feature)?);
    }
    Ok((built(command)?, libraries))
}

fn built(mut command: Command) -> Result<PathBuf> {
    process::run_quietly(&mut command)?;
    let metadata = cargo("metadata --format-version 1 --no-deps --offline").output()?;
    let metadata: Value = serde_json::from_slice(&metadata.stdout).context("cannot read `cargo metadata`")?;
    let target = metadata["target_directory"].as_str().context("`cargo metadata` names no target folder")?;
    Ok(Path::new(target).join("release").join(format!("toolformer{}", std::env::consts::EXE_SUFFIX)))
}
