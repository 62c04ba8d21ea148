//! The program `toolformer`: each command is one call into the library, with files, clock and terminal around it.

mod adapter_args;
mod allocator;
mod annotate_args;
mod beam_args;
mod cache_args;
mod cache_file;
mod calling_args;
mod checked_rows;
mod choosing_args;
mod classifier_training;
mod commands;
mod completion_writer;
mod completions_output;
mod data_args;
mod data_source;
mod events_output;
mod example_encoder;
mod example_rows;
mod failure;
mod filter_args;
mod finetune_args;
mod from_adapter_arg;
mod hub_environment;
mod input;
mod interactive;
mod jobs_arg;
mod jsonl_prompts;
mod metrics_output;
mod model_args;
mod model_path;
mod output;
mod policy_arg;
mod progress;
mod pull_progress;
mod qa_reader;
mod row_args;
mod save_args;
mod screen_args;
mod set_args;
mod settings_args;
mod shard_arg;
mod template_args;
mod tool_args;
mod tool_backends;
mod training_args;
mod unit_args;
mod weave_args;

use std::{io::IsTerminal as _, process::ExitCode};

use clap::{ArgAction, Parser};
use toolformer::tools::kill_running_programs;
use tracing_subscriber::EnvFilter;

/// The exit code after Ctrl-C, that of shells.
const INTERRUPTED: i32 = 130;

/// Teach a language model when and how to call tools, and run it with them
///
/// Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage,
/// 130 interrupted.
#[derive(Debug, Parser)]
#[command(
    name = "toolformer",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_long_help = "\
Examples:
  toolformer teach --model SmolLM2.gguf --tools calculator --texts texts.jsonl --out runs/calc
  toolformer generate --model runs/calc/model --tools calculator \\
      --prompt 'A crate holds 37 jars. 48 crates hold'
  echo '2 * 21 is [Calculator(2 * 21)].' | toolformer invoke --tools calculator

The paper: Schick et al. (2023), Toolformer: Language Models Can Teach Themselves to Use Tools."
)]
struct Cli {
    /// Say more on standard error; twice for details (RUST_LOG overrides it)
    #[arg(long, short, global = true, action = ArgAction::Count, display_order = 900)]
    verbose: u8,
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    allocator::keep_memory();
    let cli = Cli::parse();
    // What goes wrong with a server is said by us, with the call.
    let level = ["warn,rmcp=off", "toolformer=info,rmcp=off", "toolformer=debug,rmcp=warn"]
        [usize::from(cli.verbose.min(2))];
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let ansi = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(ansi)
        .without_time()
        .init();
    if let Err(error) = ctrlc::set_handler(interrupted) {
        tracing::warn!("programs of tools that run when this program is interrupted will be left: {error}");
    }
    let outcome = cli.command.run();
    // A call whose time was up may still be at work.
    kill_running_programs();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}

/// Ends the programs of tools, which no signal to us reaches, then us: on Ctrl-C, and where we are told to terminate.
fn interrupted() {
    kill_running_programs();
    std::process::exit(INTERRUPTED);
}
