//! `toolformer reward train`

use std::{collections::HashSet, path::PathBuf};

use anyhow::Result;
use serde::Serialize;
use toolformer::{
    burn::tensor::backend::Backend,
    device::OnDevice,
    model::{CausalLm as _, Pretrained},
    text::Syntax,
    train::{
        EncodedPairs, JsonlLines, Method, PairwiseLogistic, PreferencePair, Rivals, TextFile,
        TextSource as _, encode_pairs, pairs_of_calls, read_pairs, split_by_question,
    },
};

use super::pair_rows;
use crate::{
    classifier_training::{
        Done, Output, adapter_to_train_on, check_part, fresh_classifier, settings, train_and_save,
    },
    finetune_args::FinetuneArgs,
    from_adapter_arg::FromAdapterArg,
    model_args::ModelArgs,
    output::{print_json, say},
    save_args::SaveArgs,
    set_args::{HoldOut, SetArgs},
    template_args::TemplateArgs,
};

/// Train a reward model on pairs of answers
///
/// The loss is -log sigmoid(better - worse - margin). Writes into a folder: adapter/ (with LoRA), model/ (its updates merged),
/// metrics.jsonl, training.html (its curves), checkpoints/. A run that was cut off goes on from its last checkpoint when the same command is given again.
///
/// A line of the pairs is an object with `chosen` and `rejected` (or response_chosen, response_rejected), a `question` (or
/// prompt), and if need be `system`, `history` ([[question, answer], ..]) and `margin`. Answers and prompt may be lists of
/// messages. Without a question, texts are taken as they stand. What is longer than --max-seq loses the beginning of its history;
/// what is too long even so is dropped.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer reward train --model SmolLM2.gguf --pairs pairs.jsonl --out runs/reward
  toolformer reward train --model SmolLM2.gguf --pairs pairs.jsonl --out runs/reward \\
      --held-out 0.2 --template vicuna --batch 16 --max-seq 512 --centre 0.01
  toolformer reward train --model SmolLM2.gguf --pairs train.jsonl --held-out-pairs test.jsonl \\
      --out runs/reward --full --json
  toolformer reward train --model SmolLM2.gguf --from-run runs/calc --texts texts.jsonl --out runs/screen

With --json: {\"pairs\":320, \"held_out\":80, \"too_long\":2, \"equal\":0, \"cut\":0, \"steps\":20, \"tokens\":90000,
  \"seconds\":300, \"loss_first\":0.7, \"loss_last\":0.5,
  \"best\":{\"step\":20, \"loss\":0.6, \"count\":80, \"accuracy\":0.7, \"margin\":0.4}, \"kept\":{..}}")]
pub(super) struct Args {
    /// The pairs: a file, a folder, a pattern, - for JSONL on standard input, or a data set of a hub (hf:ORG/NAME); can be
    /// given several times. JSONL, JSON, CSV, TSV or Parquet, each but Parquet also in .gz
    #[arg(long, value_name = "PATH|ID", required_unless_present = "from_run")]
    pairs: Vec<String>,
    /// Instead of --pairs: the folder of a run of `teach`, whose filter says which of two calls at the same place is better
    #[arg(long, value_name = "RUN", conflicts_with_all = ["pairs", "mix", "split", "field", "max_train_samples"], requires = "texts")]
    from_run: Option<PathBuf>,
    /// The texts of that run
    #[arg(long, value_name = "FILE", requires = "from_run")]
    texts: Option<PathBuf>,
    /// With --from-run: compare a kept call with the others of its whole text, not of its place alone
    #[arg(long, requires = "from_run")]
    any_place: bool,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Part of the questions whose pairs are held out to measure on, where the sets have no split `validation`; no question is
    /// on both sides
    #[arg(long, value_name = "PART", default_value_t = 0.1, conflicts_with = "held_out_pairs")]
    held_out: f64,
    /// Pairs to measure on, instead of a part
    #[arg(long, value_name = "PATH|ID")]
    held_out_pairs: Option<String>,
    /// Keep scores around 0: this times the mean of (better + worse)^2 is added to the loss
    #[arg(long, value_name = "C", default_value_t = 0.0)]
    centre: f64,
    /// Seed of the head, the split, the shuffles and a fresh adapter
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write what was done as one JSON object to standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sets: SetArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    template: TemplateArgs,
    #[command(flatten)]
    finetune: FinetuneArgs,
    #[command(flatten)]
    from: FromAdapterArg,
    #[command(flatten)]
    save: SaveArgs,
}

pub(super) fn run(args: &Args) -> Result<()> {
    args.model.on_device(args)?
}

impl OnDevice for &Args {
    type Output = Result<()>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<()> {
        let mut settings = settings(&self.finetune, self.seed)?;
        check_part(self.held_out)?;
        let (learnt, held_out) = self.read()?;
        let Pretrained { model, config, tokenizer, generation } = self.model.open::<B>(device)?;
        let template = self.template.template(self.from.folder(), &tokenizer)?;
        let (longest, ids) = (settings.max_seq.min(model.max_positions()), model.vocab_size());
        let encode = |pairs: &[PreferencePair]| encode_pairs(pairs, &template, &tokenizer, longest, ids);
        let (learnt, held_out) = (encode(&learnt)?, encode(&held_out)?);
        for (what, EncodedPairs { pairs, too_long, equal, cut, .. }) in
            [("to learn", &learnt), ("held out", &held_out)]
        {
            say(&format!(
                "{} pairs {what}; dropped: {too_long} longer than {longest} tokens, {equal} with equal sides; {cut} lost \
                 the beginning of their history",
                pairs.len()
            ));
        }
        let labels = vec!["score".to_owned()];
        let (mut model, config) = fresh_classifier(model, &config, &tokenizer, labels, self.seed)?;
        if let Some(adapter) = self.from.folder() {
            settings.method = adapter_to_train_on(&mut model, adapter, &config.labels)?;
        }
        let objective =
            PairwiseLogistic::new(&model, &learnt.pairs, &held_out.pairs, self.centre, &settings)?;
        let output = Output {
            folder: &self.out,
            tensorboard: self.finetune.training.tensorboard,
            base_model: &self.model.name(),
            tokenizer: &tokenizer,
            options: self.save.options(generation),
        };
        let done = train_and_save(model, &objective, &config, &settings, &output)?;
        template.save(&self.out.join("model"))?;
        if let Method::Lora(_) = settings.method {
            template.save(&self.out.join("adapter"))?;
        }
        let summary = Summary {
            pairs: learnt.pairs.len(),
            held_out: held_out.pairs.len(),
            too_long: learnt.too_long + held_out.too_long,
            equal: learnt.equal + held_out.equal,
            cut: learnt.cut + held_out.cut,
            done,
        };
        if self.json { print_json(&summary) } else { Ok(()) }
    }
}

impl Args {
    /// The pairs to learn, and those held out.
    fn read(&self) -> Result<(Vec<PreferencePair>, Vec<PreferencePair>)> {
        let hold_out = self.held_out_pairs.as_deref().map_or(HoldOut::OfSets(None), HoldOut::Set);
        // With --from-run there are none to learn among them.
        let rows = self.sets.open(&self.pairs, &pair_rows, hold_out, self.seed)?;
        let pairs = match (&self.from_run, &self.texts) {
            (Some(run), Some(texts)) => {
                let (texts, candidates) = (TextFile::open(texts)?, run.join("candidates.jsonl"));
                let candidates = JsonlLines::open(&candidates)?;
                let rivals = if self.any_place { Rivals::AnyPlace } else { Rivals::SamePlace };
                pairs_of_calls(texts.texts()?, candidates, &Syntax::default(), rivals)?
            }
            _ => read_pairs(&rows.train, &self.pairs.join(", "))?,
        };
        let Some(held_out) = rows.held_out else {
            let (learnt, mut held_out) = split_by_question(pairs, self.held_out, self.seed);
            held_out.truncate(self.sets.max_eval_samples.unwrap_or(usize::MAX));
            return Ok((learnt, held_out));
        };
        let held_out = read_pairs(&held_out, "the pairs held out")?;
        let questions: HashSet<String> = pairs.iter().map(PreferencePair::question).collect();
        let shared = held_out.iter().filter(|pair| questions.contains(&pair.question())).count();
        if shared > 0 {
            say(&format!(
                "{shared} of the pairs held out have a question that is learnt too: they measure too well"
            ));
        }
        Ok((pairs, held_out))
    }
}

/// What was done.
#[derive(Serialize)]
struct Summary {
    pairs: usize,
    held_out: usize,
    too_long: usize,
    equal: usize,
    cut: usize,
    #[serde(flatten)]
    done: Done,
}
