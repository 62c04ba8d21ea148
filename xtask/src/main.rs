//! The workspace's own commands, run as `cargo xtask NAME`.
//!
//! This file only parses and dispatches; each command is one file (or folder) beside it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a terminal program")]

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod assets;
mod bench;
mod build;
mod check_features;
mod ci;
mod devices;
mod experiment;
mod fetch;
mod parity;
mod process;
mod quickstart;
mod test_backend;
mod tidy;
mod web;
mod wiki;

/// The workspace's own commands
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Xtask {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Ci(ci::Args),
    Tidy(tidy::Args),
    Fetch(fetch::Args),
    Quickstart(quickstart::Args),
    Bench(bench::Args),
    Experiment(experiment::Args),
    Parity(parity::Args),
    Build(build::Args),
    TestBackend(test_backend::Args),
    CheckFeatures(check_features::Args),
}

fn main() -> ExitCode {
    let done = match Xtask::parse().command {
        Command::Ci(args) => ci::run(&args),
        Command::Tidy(args) => tidy::run(&args),
        Command::Fetch(args) => fetch::run(&args),
        Command::Quickstart(args) => quickstart::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Experiment(args) => experiment::run(&args),
        Command::Parity(args) => parity::run(&args),
        Command::Build(args) => build::run(&args),
        Command::TestBackend(args) => test_backend::run(&args),
        Command::CheckFeatures(args) => check_features::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Xtask::command().debug_assert();
    }
}
