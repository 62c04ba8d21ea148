//! `toolformer filter`

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};
use toolformer::{
    burn::tensor::backend::Backend,
    device::OnDevice,
    model::Pretrained,
    text::Syntax,
    train::{
        Candidate, FilterRun, FilterSettings, FilterStage, IdCandidate, Observer as _, Text, UnitLog,
        UnitRecord, fingerprint, judge_ids, read_jsonl, read_texts, texts_checksum,
    },
};

use crate::{
    failure::wrong_usage,
    filter_args::FilterArgs,
    input::read_text,
    model_args::ModelArgs,
    output::say,
    progress::{FILTER_IDS, Progress},
    settings_args::{SettingsArgs, by_tool, tools_of},
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
    #[command(flatten)]
    units: UnitArgs,
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
        let objects: Vec<Map<String, Value>> = read_jsonl(&self.candidates)?;
        let all = objects.len();
        let kept = match (objects.first().is_some_and(IdCandidate::is_one), &self.texts) {
            (true, _) => self.on_ids::<B>(device, objects)?,
            (false, Some(texts)) => self.on_texts::<B>(device, &read_texts(texts)?)?,
            (false, None) => {
                return Err(wrong_usage("--texts is needed: these candidates carry no token ids"));
            }
        };
        say(&format!("{kept} of {all} candidates kept"));
        Ok(())
    }
}

impl Args {
    fn on_texts<B: Backend>(&self, device: &B::Device, texts: &[Text]) -> Result<usize> {
        let candidates: Vec<Candidate> = read_jsonl(&self.candidates)?;
        let settings = self.settings_for(&candidates)?;
        let Pretrained { model, tokenizer, .. } = self.model.open::<B>(device)?;
        let syntax = Syntax::default();
        let stage = &FilterStage::new(&model, &tokenizer, &syntax, settings.clone())?;
        let (unit_texts, workers) = (self.units.unit_texts.get(), self.units.workers());
        let run = FilterRun { stage, tokenizer: &tokenizer, unit_texts, workers };
        let fingerprint = self.fingerprint(texts, settings)?;
        run.run::<B>(texts, candidates, &self.out, &fingerprint, &mut Progress::new())?;
        let judged: Vec<Candidate> = read_jsonl(&self.out)?;
        Ok(judged.iter().filter(|candidate| candidate.kept == Some(true)).count())
    }

    /// The settings, with what a file says of the tools that these candidates call.
    fn settings_for(&self, candidates: &[Candidate]) -> Result<FilterSettings> {
        let tools = tools_of(candidates);
        let file = self.settings.read(&tools)?;
        let own = by_tool(file.as_ref(), &self.filter.given(), &tools);
        let tau_f_of = own.into_iter().map(|(tool, own)| (tool, own.tau_f)).collect();
        Ok(FilterSettings { tau_f_of, ..self.filter.settings() })
    }

    fn on_ids<B: Backend>(&self, device: &B::Device, objects: Vec<Map<String, Value>>) -> Result<usize> {
        if self.settings.are_given() {
            return Err(wrong_usage(
                "--settings is for candidates that name their tools; these carry token ids",
            ));
        }
        let candidates = objects.into_iter().enumerate().map(|(number, object)| {
            let file = self.candidates.display();
            IdCandidate::from_object(object)
                .with_context(|| format!("{file}: candidate {number} carries no ids"))
        });
        let mut candidates: Vec<IdCandidate> = candidates.collect::<Result<_>>()?;
        let (model, _) = self.model.open_model::<B>(device)?;
        let settings = self.filter.settings();
        let mut progress = Progress::new();
        let mut log = UnitLog::<UnitRecord>::open(&self.out, &self.fingerprint(&[], settings.clone())?)?;
        let (all, done) = (candidates.len(), log.units().len());
        progress.start(FILTER_IDS, all, all.min(done * self.units.unit_texts.get()));
        for (unit, candidates) in candidates.chunks_mut(self.units.unit_texts.get()).enumerate().skip(done) {
            let began = progress.seconds();
            let filter_tokens =
                judge_ids::<B, _>(&model, &settings, candidates, unit * self.units.unit_texts.get())?;
            let filter_seconds = progress.seconds() - began;
            log.append(candidates, UnitRecord { filter_tokens, filter_seconds, ..Default::default() })?;
            progress.advance(candidates.len(), filter_tokens);
        }
        progress.finish();
        let judged: Vec<Map<String, Value>> = read_jsonl(&self.out)?;
        Ok(judged.iter().filter(|candidate| candidate.get("kept") == Some(&Value::Bool(true))).count())
    }

    /// Stands for everything that the verdicts depend on.
    fn fingerprint(&self, texts: &[Text], settings: FilterSettings) -> Result<String> {
        let (candidates, model) = (read_text(&self.candidates)?, self.model.fingerprint()?);
        let settings = (settings, self.units.unit_texts.get());
        Ok(fingerprint(&settings, ["filter", &model, &texts_checksum(texts), &candidates]))
    }
}
