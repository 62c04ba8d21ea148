//! `toolformer filter`

use std::{collections::HashMap, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};
use toolformer::{
    burn::tensor::backend::Backend,
    device::OnDevice,
    model::{Pretrained, model_checksum},
    text::Syntax,
    train::{
        Candidate, FilterStage, IdCandidate, Observer as _, Text, TextId, Tokenized, UnitLog, UnitRecord,
        fingerprint, judge_ids, read_jsonl, read_texts, texts_checksum,
    },
};

use crate::{
    failure::wrong_usage,
    filter_args::FilterArgs,
    input::read_text,
    model_args::ModelArgs,
    output::say,
    progress::{FILTER_IDS, Progress},
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
    /// Texts (with ids: candidates) that go through the model together, and between which a run can be cut off
    #[arg(long, value_name = "N", default_value_t = 4)]
    unit_texts: usize,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    filter: FilterArgs,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.unit_texts == 0 {
        return Err(wrong_usage("--unit-texts must be at least 1"));
    }
    args.filter.settings().validate()?;
    args.model.device.run(args)
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
        let mut units = self.by_unit(texts, candidates)?;
        let Pretrained { model, tokenizer, .. } = self.model.open::<B>(device)?;
        let syntax = Syntax::default();
        let stage = FilterStage::new(&model, &tokenizer, &syntax, self.filter.settings())?;
        let mut progress = Progress::new();
        let mut log = self.open_log(texts)?;
        let done = log.units().len();
        progress.start("filter", texts.len(), texts.len().min(done * self.unit_texts));
        for (texts, candidates) in texts.chunks(self.unit_texts).zip(&mut units).skip(done) {
            let began = progress.seconds();
            let tokenized = texts.iter().map(|text| Tokenized::new(text, &tokenizer));
            let tokenized: Vec<Tokenized<'_>> = tokenized.collect::<Result<_, _>>()?;
            let filter_tokens = stage.judge::<B>(&tokenized, candidates)?;
            let filter_seconds = progress.seconds() - began;
            let record =
                UnitRecord { texts: texts.len(), filter_tokens, filter_seconds, ..Default::default() };
            log.append(candidates, record)?;
            progress.advance(texts.len(), filter_tokens);
        }
        progress.finish();
        let judged: Vec<Candidate> = read_jsonl(&self.out)?;
        Ok(judged.iter().filter(|candidate| candidate.kept == Some(true)).count())
    }

    /// The candidates of each unit of texts, within it in their order.
    fn by_unit(&self, texts: &[Text], candidates: Vec<Candidate>) -> Result<Vec<Vec<Candidate>>> {
        let unit_of: HashMap<&TextId, usize> =
            texts.iter().enumerate().map(|(number, text)| (&text.id, number / self.unit_texts)).collect();
        let mut units = vec![Vec::new(); texts.len().div_ceil(self.unit_texts)];
        for candidate in candidates {
            match unit_of.get(&candidate.text_id) {
                Some(&unit) => units[unit].push(candidate),
                None => bail!(
                    "{} has a candidate of text {}, which is not among the texts; give the file that the candidates \
                     were made from",
                    self.candidates.display(),
                    candidate.text_id
                ),
            }
        }
        Ok(units)
    }

    fn on_ids<B: Backend>(&self, device: &B::Device, objects: Vec<Map<String, Value>>) -> Result<usize> {
        let candidates = objects.into_iter().enumerate().map(|(number, object)| {
            let file = self.candidates.display();
            IdCandidate::from_object(object)
                .with_context(|| format!("{file}: candidate {number} carries no ids"))
        });
        let mut candidates: Vec<IdCandidate> = candidates.collect::<Result<_>>()?;
        let (model, _) = self.model.open_model::<B>(device)?;
        let settings = self.filter.settings();
        let mut progress = Progress::new();
        let mut log = self.open_log(&[])?;
        let (all, done) = (candidates.len(), log.units().len());
        progress.start(FILTER_IDS, all, all.min(done * self.unit_texts));
        for (unit, candidates) in candidates.chunks_mut(self.unit_texts).enumerate().skip(done) {
            let began = progress.seconds();
            let filter_tokens = judge_ids::<B, _>(&model, &settings, candidates, unit * self.unit_texts)?;
            let filter_seconds = progress.seconds() - began;
            log.append(candidates, UnitRecord { filter_tokens, filter_seconds, ..Default::default() })?;
            progress.advance(candidates.len(), filter_tokens);
        }
        progress.finish();
        let judged: Vec<Map<String, Value>> = read_jsonl(&self.out)?;
        Ok(judged.iter().filter(|candidate| candidate.get("kept") == Some(&Value::Bool(true))).count())
    }

    fn open_log(&self, texts: &[Text]) -> Result<UnitLog<UnitRecord>> {
        let (candidates, model) = (read_text(&self.candidates)?, model_checksum(&self.model.model)?);
        let settings = (self.filter.settings(), self.unit_texts);
        let fingerprint = fingerprint(&settings, ["filter", &model, &texts_checksum(texts), &candidates]);
        Ok(UnitLog::open(&self.out, &fingerprint)?)
    }
}
