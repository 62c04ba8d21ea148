//! `toolformer filter`

use std::path::PathBuf;

use anyhow::Result;
use serde_json::{Map, Value, json};
use toolformer::{
    burn::tensor::backend::Backend,
    device::OnDevice,
    model::Pretrained,
    text::Syntax,
    train::{
        CallSampling, FilterIdsRun, FilterRun, FilterSettings, FilterStage, IdCandidate, JsonlLines, Stats,
        Tally, TextFile, TextsSummary, file_checksum, fingerprint,
    },
};

use crate::{
    failure::wrong_usage,
    filter_args::FilterArgs,
    model_args::ModelArgs,
    output::{print_json, say},
    progress::Progress,
    settings_args::{SettingsArgs, by_tool, tools_of},
    shard_arg::ShardArg,
    unit_args::UnitArgs,
};

/// Judge candidates: does the call's result help the model to predict what follows?
///
/// The second step of `teach`. Writes every candidate with its losses (loss_none, loss_call, loss_response, in nats),
/// `delta`, and the verdict `kept`. Candidates that carry token ids (text_ids, token_position, prefix_none,
/// prefix_call, prefix_call_and_response) need neither texts nor a tokenizer. A run that was cut off goes on where it
/// stopped when the same command is given again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer filter --model SmolLM2.gguf --texts texts.jsonl --candidates c.jsonl --out f.jsonl
  toolformer filter --model folder --candidates ids.jsonl --out f.jsonl --tau-f 1
  toolformer filter --model SmolLM2.gguf --texts texts.jsonl --candidates c.jsonl --out f.jsonl \\
      --settings tools.toml

Then: toolformer weave --texts texts.jsonl --candidates f.jsonl --out train.jsonl")]
pub(crate) struct Args {
    /// The texts that the candidates were sampled for
    #[arg(long, value_name = "FILE")]
    texts: Option<PathBuf>,
    /// The candidates, as `annotate` writes them
    #[arg(long, value_name = "FILE")]
    candidates: PathBuf,
    /// The candidates with their verdicts, as JSONL
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Write what was done as one JSON object to standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    units: UnitArgs,
    #[command(flatten)]
    shard: ShardArg,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    args.filter.settings().validate()?;
    args.model.on_device(args)?
}

impl OnDevice for &Args {
    type Output = Result<()>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<()> {
        let first = JsonlLines::<Map<String, Value>>::open(&self.candidates)?.next().transpose()?;
        match (first.as_ref().is_some_and(IdCandidate::is_one), &self.texts) {
            (true, _) => self.on_ids::<B>(device),
            (false, Some(texts)) => self.on_texts::<B>(device, &TextFile::open(texts)?),
            (false, None) => Err(wrong_usage("--texts is needed: these candidates carry no token ids")),
        }
    }
}

impl Args {
    fn on_texts<B: Backend>(&self, device: &B::Device, texts: &TextFile) -> Result<()> {
        let settings = self.settings_for(&tools_of(JsonlLines::open(&self.candidates)?)?)?;
        let Pretrained { model, tokenizer, .. } = self.model.open::<B>(device)?;
        let syntax = Syntax::default();
        let stage = &FilterStage::new(&model, &tokenizer, &syntax, settings.clone())?;
        let run = FilterRun { stage, tokenizer: &tokenizer, units: self.units.units_of(self.shard.shard) };
        let fingerprint = self.fingerprint(&TextsSummary::of(texts)?.checksum, &settings)?;
        let cost = run.run::<B>(texts, &self.candidates, &self.out, &fingerprint, &mut Progress::new())?;
        let tally = Tally::of_file(&self.out)?;
        let stats = Stats::collected(cost, tally, CallSampling::default());
        say(&format!("{} of {} candidates kept", stats.candidates.kept, stats.candidates.candidates));
        if self.json { print_json(&stats) } else { Ok(()) }
    }

    /// The settings, with what a file says of the tools that these candidates call.
    fn settings_for(&self, tools: &[String]) -> Result<FilterSettings> {
        let file = self.settings.read(tools)?;
        let own = by_tool(file.as_ref(), &self.filter.given(), tools);
        Ok(self.filter.settings().with_tools(&own))
    }

    fn on_ids<B: Backend>(&self, device: &B::Device) -> Result<()> {
        if self.settings.are_given() {
            return Err(wrong_usage(
                "--settings is for candidates that name their tools; these carry token ids",
            ));
        }
        let settings = self.filter.settings();
        if !settings.separator.is_empty() {
            return Err(wrong_usage(
                "--separator is for candidates with texts; these carry what stands before a text as ids",
            ));
        }
        let (model, _) = self.model.open_model::<B>(device)?;
        let fingerprint = self.fingerprint("", &settings)?;
        let units = self.units.units_of(self.shard.shard);
        let run = FilterIdsRun { model: &model, settings, units };
        run.run::<B>(&self.candidates, &self.out, &fingerprint, &mut Progress::new())?;
        let (mut all, mut kept) = (0, 0);
        for candidate in JsonlLines::<Map<String, Value>>::open(&self.out)? {
            all += 1;
            kept += usize::from(candidate?.get("kept") == Some(&Value::Bool(true)));
        }
        say(&format!("{kept} of {all} candidates kept"));
        if self.json { print_json(&json!({"candidates": all, "kept": kept})) } else { Ok(()) }
    }

    /// Stands for everything that the verdicts depend on.
    fn fingerprint(&self, texts: &str, settings: &FilterSettings) -> Result<String> {
        let (candidates, model) = (file_checksum(&self.candidates)?, self.model.fingerprint()?);
        let settings = (settings, self.units.unit_texts.get());
        Ok(fingerprint(&settings, ["filter", &model, texts, &candidates]))
    }
}
