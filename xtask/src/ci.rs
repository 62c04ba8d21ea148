//! `cargo xtask ci`: the whole check, the same for a developer and for the pipeline.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::assets::SMOLLM2;
use crate::process::{self, cargo, shell_line};
use crate::{fetch, tidy};

/// Run every check and test, as the pipeline does
///
/// Steps: format, tidy, clippy, the library without its default features, fetch the test model, all tests, documentation tests, documentation, licences
/// and advisories. Stops at the first failure and prints the command that repeats it. Everything is built with
/// --release, so that the tensor crates are compiled once. Uses cargo-nextest and cargo-deny where installed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask ci
  cargo xtask ci --fast      while developing: no download, no documentation, no licences")]
pub(crate) struct Args {
    /// Leave out the download, the documentation and the licences
    #[arg(long)]
    fast: bool,
}

/// Runs the steps in order.
pub(crate) fn run(args: &Args) -> Result<()> {
    let start = Instant::now();
    step("cargo fmt --all --check", process::run)?;
    inside("cargo xtask tidy", || tidy::run(&tidy::Args::default()))?;
    step("cargo clippy --workspace --all-targets --release -- -D warnings", process::run)?;
    // Whoever brings another backend builds it so; metadata only.
    step("cargo check --release -p toolformer --no-default-features", process::run)?;
    step(
        "cargo clippy --release -p toolformer-text --all-targets --no-default-features -- -D warnings",
        process::run,
    )?;
    // Each feature of the tools alone; all of them together are in the workspace's build.
    for feature in ["", "search", "translate", "http", "mcp"] {
        let features =
            format!("cargo clippy --release -p toolformer-tools --all-targets --features={feature}");
        step(&format!("{features} -- -D warnings"), process::run)?;
    }
    let model = model(args.fast);
    let with_model = |command: &mut Command| {
        if let Some(model) = &model {
            command.env(SMOLLM2.env, model);
        }
        // nextest writes its summary to standard error; the result belongs to the data.
        process::run(command.stderr(std::io::stdout()))
    };
    if process::works("cargo", &["nextest", "--version"]) {
        step("cargo nextest run --workspace --release", with_model)?;
    } else {
        step("cargo test --workspace --release --lib --bins --tests", with_model)?;
    }
    if !args.fast {
        step("cargo test --workspace --release --doc", with_model)?;
        step("cargo doc --workspace --no-deps --release", |command| {
            process::run(command.env("RUSTDOCFLAGS", "-Dwarnings"))
        })?;
        if process::works("cargo", &["deny", "--version"]) {
            step("cargo deny check bans licenses sources", process::run)?;
            // New advisories appear, and their list can be out of reach, without any change here.
            if let Err(error) = step("cargo deny check advisories", process::run) {
                println!("{}", banner(&format!("advisories: {error:#}")));
            }
        } else {
            println!("== skipped: cargo deny check (not installed: `cargo install cargo-deny --locked`)");
        }
    }
    if model.is_none() {
        println!("{}", no_model_banner("the tests that need a real model were SKIPPED"));
    }
    println!("== all checks passed in {}", seconds(start.elapsed()));
    Ok(())
}

/// Where the model for the tests is; a loud warning if there is none.
fn model(fast: bool) -> Option<std::path::PathBuf> {
    println!("== cargo xtask fetch {}", SMOLLM2.name);
    let chosen = std::env::var_os(SMOLLM2.env).is_some();
    let found = if fast && !chosen {
        fetch::cache_folder().and_then(|cache| {
            fetch::cached(&SMOLLM2, &cache).context("not in the cache, and --fast downloads nothing")
        })
    } else {
        fetch::ensure(&SMOLLM2)
    };
    match found {
        Ok(path) => {
            println!("== {}={}", SMOLLM2.env, path.display());
            Some(path)
        }
        Err(error) => {
            println!("{}\n{error:#}", no_model_banner("the tests that need a real model will be SKIPPED"));
            None
        }
    }
}

fn no_model_banner(what: &str) -> String {
    banner(&format!("no {}: {what}", SMOLLM2.name))
}

fn banner(what: &str) -> String {
    let line = "!".repeat(100);
    format!("{line}\n!! WARNING: {what}\n{line}")
}

/// Runs a cargo command as one step.
fn step(line: &str, run: impl FnOnce(&mut Command) -> Result<Duration>) -> Result<()> {
    let mut command = cargo(line.strip_prefix("cargo ").unwrap_or(line));
    let shown = shell_line(&command);
    inside(&shown, || run(&mut command).map(|_| ()))
}

/// Runs something as one step: its name before it, its time after it.
fn inside(name: &str, run: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("== {name}");
    let start = Instant::now();
    run().with_context(|| format!("step `{name}`"))?;
    println!("== {} {name}", seconds(start.elapsed()));
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
