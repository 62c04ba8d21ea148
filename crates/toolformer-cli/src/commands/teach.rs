//! `toolformer teach`

use std::{num::NonZeroUsize, path::PathBuf};

use anyhow::Result;
use toolformer::{
    burn::tensor::backend::Backend,
    device::OnDevice,
    text::Syntax,
    train::{RoundStats, Stats, TeachJob, TeachSettings, TextFile, teach_rounds},
};

use crate::{
    annotate_args::AnnotateArgs,
    cache_args::CacheArgs,
    filter_args::FilterArgs,
    finetune_args::FinetuneArgs,
    jobs_arg::JobsArg,
    metrics_output::tensorboard_output,
    model_args::ModelArgs,
    output::{print_json, say},
    progress::{Progress, span},
    settings_args::{SettingsArgs, by_tool},
    tool_args::ToolArgs,
    unit_args::UnitArgs,
    weave_args::WeaveArgs,
};

/// Teach a model to call tools: the whole job
///
/// Samples calls for the texts, runs them, keeps those whose results help the model to predict what follows,
/// weaves them into the texts and fine-tunes the model on these. All of it goes into a run folder: run.toml,
/// candidates.jsonl, train.jsonl, metrics.jsonl, checkpoints/, adapter/, model/, stats.json, report.html. A run that was cut off
/// goes on where it stopped when the same command is given again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer teach --model SmolLM2.gguf --tools calculator --texts texts.jsonl --out runs/calc
  toolformer teach --model SmolLM2.gguf --tools calculator --texts texts.jsonl --out runs/quick \\
      --k 5 --m 4
  toolformer teach --model SmolLM2.gguf --tools calculator,calendar --texts texts.jsonl \\
      --out runs/two --select --settings tools.toml

tools.toml:
  [Calendar]
  tau_f = 0.8
  max_examples = 25000

Then: toolformer generate --model runs/calc/model --tools calculator --prompt '48 crates hold'")]
pub(crate) struct Args {
    /// The texts: JSONL with a `text` in every object, .parquet with a column `text`, or .txt with blank lines between
    /// texts; .gz is unpacked; - is JSONL on standard input
    #[arg(long, value_name = "FILE")]
    texts: PathBuf,
    /// The run folder
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How often: the taught model annotates the texts again and is taught with what it finds then. With more than one, each
    /// round has a run folder in --out, `round-1`, `round-2`, ..., and rounds.json tells of all
    #[arg(long, value_name = "N", default_value = "1")]
    rounds: NonZeroUsize,
    /// Part of the texts that is kept apart to measure perplexity
    #[arg(long, value_name = "PART", default_value_t = 0.1)]
    held_out: f64,
    /// Seed of all random draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write what the run did, the content of stats.json, to standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    units: UnitArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    tools: ToolArgs,
    #[command(flatten)]
    cache: CacheArgs,
    #[command(flatten)]
    jobs: JobsArg,
    #[command(flatten)]
    annotate: AnnotateArgs,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    weave: WeaveArgs,
    #[command(flatten)]
    finetune: FinetuneArgs,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    args.model.on_device(args)?
}

impl OnDevice for &Args {
    type Output = Result<()>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<()> {
        let tools = self.cache.chosen(&self.tools)?;
        let file = self.settings.read(&tools.names)?;
        let prompts = self.annotate.prompts(&tools.names, file.as_ref())?;
        let flags = self.annotate.given().or(self.filter.given());
        let settings = TeachSettings {
            annotate: self.annotate.settings(self.seed),
            filter: self.filter.settings(),
            finetune: self.finetune.settings(self.seed)?,
            held_out: self.held_out,
            unit_texts: self.units.unit_texts.get(),
            plain_ratio: self.weave.plain_ratio,
            tools: by_tool(file.as_ref(), &flags, &tools.names),
        };
        settings.validate()?;
        let texts = TextFile::open(&self.texts)?;
        let pretrained = self.model.open::<B>(device)?;
        let dated = self.tools.dated(&tools.names);
        let job = TeachJob {
            texts: &texts,
            tools: &prompts,
            registry: &tools.registry,
            dated: dated.as_ref(),
            syntax: &Syntax::default(),
            workers: self.units.workers(),
            jobs: self.jobs.jobs,
            callback: self.finetune.training.tensorboard.then_some(&tensorboard_output as _),
            model_name: &self.model.name(),
            model_checksum: &self.model.fingerprint()?,
        };
        let mut progress = Progress::new();
        let (taught, rounds) =
            teach_rounds(pretrained, &job, &settings, self.rounds, &self.out, &mut progress)?;
        say(&table(&taught.stats, &settings.annotate.shown_sampling()));
        if rounds.len() > 1 {
            say(&of_rounds(&rounds));
        }
        let last = rounds.last().map_or_else(|| self.out.clone(), |round| self.out.join(&round.folder));
        say(&format!("The taught model is in {}.", last.join("model").display()));
        say(&format!("What it did is told in {}.", self.out.join("report.html").display()));
        self.cache.check_log(&tools.registry, "the run")?;
        match (self.json, self.rounds.get()) {
            (false, _) => Ok(()),
            (true, 1) => print_json(&taught.stats),
            (true, _) => print_json(&rounds),
        }
    }
}

/// What each round did, for people.
fn of_rounds(rounds: &[RoundStats]) -> String {
    let mut out = format!(
        "{:<8}{:>10}{:>10}{:>8}{:>24}\n",
        "round", "sampled", "executed", "kept", "held-out perplexity"
    );
    for round in rounds {
        let perplexity = round.perplexity.as_ref();
        let perplexity = perplexity.map(|found| format!("{:.3} -> {:.3}", found.before, found.after));
        out.push_str(&format!(
            "{:<8}{:>10}{:>10}{:>8}{:>24}\n",
            round.round,
            round.candidates.candidates,
            round.candidates.executed,
            round.candidates.kept,
            perplexity.unwrap_or_else(|| "-".to_owned())
        ));
    }
    out
}

/// What the run did, for people.
fn table(stats: &Stats, sampling: &str) -> String {
    let mut out = String::from("\n");
    let mut row = |name: &str, value: String| out.push_str(&format!("{name:<32}{value:>14}\n"));
    let candidates = &stats.candidates;
    row("texts annotated", stats.texts.to_string());
    row("texts held out", stats.held_out.to_string());
    if stats.too_long > 0 {
        row("texts too long for the model", stats.too_long.to_string());
    }
    for (tool, selection) in &stats.selection {
        row(&format!("texts selected for {tool}"), selection.selected.to_string());
    }
    row("positions", stats.positions.to_string());
    row("calls sampled", candidates.candidates.to_string());
    row("sampling", sampling.to_owned());
    row("calls executed", candidates.executed.to_string());
    row("calls kept", candidates.kept.to_string());
    if let Some(delta) = candidates.mean_delta {
        row("mean gain of a kept call", format!("{delta:.3} nats"));
    }
    if let Some(perplexity) = &stats.perplexity {
        row("held-out perplexity", format!("{:.3} -> {:.3}", perplexity.before, perplexity.after));
    }
    if let Some(woven) = &stats.woven {
        row("calls woven in", woven.calls.to_string());
        if woven.plain > 0 {
            row("texts without calls", woven.plain.to_string());
        }
    }
    if let Some(train) = &stats.train {
        row("examples trained on", train.examples.to_string());
        row("steps", train.steps.to_string());
        if let (Some(first), Some(last)) = (train.loss_first, train.loss_last) {
            row("loss, first and last step", format!("{first:.3} -> {last:.3}"));
        }
    }
    for (stage, cost) in &stats.stages {
        let rate = cost.tokens as f64 / cost.seconds.max(1e-9);
        row(stage, format!("{}, {rate:.0} tok/s", span(cost.seconds)));
    }
    out
}
