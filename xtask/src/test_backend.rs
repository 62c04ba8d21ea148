//! `cargo xtask test-backend`: whether a device computes what the processor does.

use anyhow::Result;

use crate::devices::{LibTorchArgs, feature};
use crate::process::{self, cargo};

/// Compare a device with the processor: tiny models of every family, training steps, decoding with a tool
///
/// Prints the greatest differences. Fails where logits in f32 differ by more than 1e-3, or where greedy ids or decoded
/// texts differ. Precisions that the device has are compared with f32.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask test-backend cpu
  cargo xtask test-backend vulkan
  cargo xtask test-backend tch --python ~/venv/bin/python
  cargo xtask test-backend cuda --build-only     the program for a machine without a compiler, with its variables")]
pub(crate) struct Args {
    /// The device, such as cuda:0
    #[arg(value_name = "NAME")]
    device: String,
    /// Build the test program and say how to run it on another machine
    #[arg(long)]
    build_only: bool,
    #[command(flatten)]
    libtorch: LibTorchArgs,
}

/// Runs the suite, `crates/toolformer/tests/conformance`.
pub(crate) fn run(args: &Args) -> Result<()> {
    let feature = feature(&args.device)?;
    let mut command = cargo("test --release --workspace --test conformance");
    command.args(feature.map(|feature| format!("--features=toolformer-cli/{feature}")));
    args.libtorch.prepare(&mut command, feature)?;
    command.env("TOOLFORMER_DEVICE", &args.device);
    if args.build_only {
        process::run_quietly(command.arg("--no-run"))?;
        println!(
            "TOOLFORMER_DEVICE={} TOOLFORMER_FIXTURES=crates/toolformer-model/tests/fixtures PROGRAM --nocapture --test-threads 1",
            args.device
        );
        return Ok(());
    }
    process::run(command.args(["--", "--nocapture", "--test-threads", "1"])).map(|_| ())
}
