//! `toolformer models`

mod show;

use anyhow::Result;
use clap::Subcommand;
use indicatif::DecimalBytes;
use serde_json::json;
use toolformer::model::{CachedModel, HubModel};

use crate::{
    failure::wrong_usage,
    hub_environment::hub,
    output::{Output, print_json, print_text},
    pull_progress::PullProgress,
};

/// Fetch models from a hub, and see what they are
///
/// The cache is the one of Hugging Face's libraries. The environment names it and the hub, as theirs does: HF_HOME or
/// HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Pull(Pull),
    List(List),
    Show(show::Args),
}

/// Fetch a model into the cache, and write where it is
///
/// Only the files that a model is read from are fetched: config, tokenizer, and safetensors (else pytorch_model.bin), or
/// one GGUF file. What was cut off goes on where it stopped; every file's checksum is compared.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer models pull HuggingFaceTB/SmolLM2-135M-Instruct
  toolformer models pull unsloth/SmolLM2-135M-Instruct-GGUF:Q4_K_M
  toolformer models pull org/name/file.gguf --revision v1.0
  toolformer score --model $(toolformer models pull org/name) --text 'The capital of France is'

Every --model takes such a name too, with the revision behind an @: --model org/name@v1.0.
With --json: {\"model\":.., \"commit\":.., \"path\":.., \"bytes\":..}.")]
struct Pull {
    /// ORG/NAME; of a repository with several GGUF files ORG/NAME:Q4_K_M or ORG/NAME/FILE.gguf
    #[arg(value_name = "ORG/NAME")]
    model: HubModel,
    /// A branch, a tag or a commit [default: main]
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,
    /// Do not use the network: write where the model is in the cache, or fail
    #[arg(long)]
    offline: bool,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
}

/// List the models in the cache
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer models list
  toolformer models list --json

With --json, a line for each model: {\"model\":.., \"commit\":.., \"revisions\":[..], \"kind\":.., \"files\":[..],
\"bytes\":.., \"whole\":true, \"path\":..}; `files` are its GGUF files.")]
struct List {
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.command {
        Command::Pull(args) => pull(args),
        Command::List(args) => list(args),
        Command::Show(args) => show::run(args),
    }
}

/// A hub id with the revision of `--revision`.
fn at_revision(model: HubModel, revision: Option<&str>) -> Result<HubModel> {
    match (revision, &model.revision) {
        (None, _) => Ok(model),
        (Some(revision), None) => model.at(revision).map_err(|error| wrong_usage(error.to_string())),
        (Some(_), Some(_)) => Err(wrong_usage("give the revision once: behind the @, or as --revision")),
    }
}

fn pull(args: &Pull) -> Result<()> {
    let model = at_revision(args.model.clone(), args.revision.as_deref())?;
    let hub = hub(args.offline)?;
    let mut progress = PullProgress::new();
    let pulled = hub.pull(&model, &mut |event| progress.show(event));
    progress.end();
    let path = pulled?;
    if !args.json {
        return print_text(&format!("{}\n", path.display()));
    }
    let entry = hub.list()?.into_iter().find(|entry| path.starts_with(&entry.path));
    let (commit, bytes) = entry.map(|entry| (entry.commit, entry.bytes)).unzip();
    print_json(&json!({"model": model.to_string(), "commit": commit, "path": path, "bytes": bytes}))
}

fn list(args: &List) -> Result<()> {
    let models = hub(true)?.list()?;
    let mut output = Output::new();
    let width = models.iter().map(|model| model.repo.len()).max().unwrap_or_default();
    for model in &models {
        if args.json {
            output.json(&json!({
                "model": model.repo, "commit": model.commit, "revisions": model.revisions, "kind": model.kind,
                "files": model.ggufs, "bytes": model.bytes, "whole": model.whole, "path": model.path,
            }))?;
        } else {
            output.text(&line(model, width))?;
        }
    }
    output.flush()
}

/// `org/name  main  safetensors  538.1 MB`, and what else there is to say.
fn line(model: &CachedModel, width: usize) -> String {
    let revision = if model.revisions.is_empty() { &model.commit[..12] } else { &model.revisions.join(", ") };
    let size = DecimalBytes(model.bytes).to_string();
    let mut line = format!("{:<width$}  {revision:<12}  {:<11}  {size:>9}", model.repo, model.kind);
    for file in &model.ggufs {
        line.push_str(&format!("  {file}"));
    }
    if !model.whole {
        line.push_str(if model.kind == "other" {
            "  no model that is read here"
        } else {
            "  not whole: pull it again"
        });
    }
    line + "\n"
}
