//! `toolformer classify train`

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;
use toolformer::{
    burn::tensor::backend::Backend,
    data::Dataset,
    device::OnDevice,
    model::{CausalLm as _, Pretrained},
    train::{LabelCrossEntropy, LabelledText, Labels, encode_texts, read_labelled, split_by_text},
};

use super::labelled_rows;
use crate::{
    classifier_training::{
        Done, Output, adapter_to_train_on, check_part, fresh_classifier, settings, train_and_save,
    },
    finetune_args::FinetuneArgs,
    from_adapter_arg::FromAdapterArg,
    model_args::ModelArgs,
    output::{print_json, say},
    row_args::RowArgs,
    save_args::SaveArgs,
    set_args::{HoldOut, SetArgs},
};

/// Train a classifier
///
/// There are as many labels as the rows have. Writes into a folder: adapter/ (with LoRA), model/ (its updates merged),
/// metrics.jsonl, training.html (its curves), checkpoints/. A run that was cut off goes on from its last checkpoint when the same command is given again. Rows longer
/// than --max-seq are dropped.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer classify train --model SmolLM2.gguf --data mrpc.jsonl --out runs/mrpc --batch 16
  toolformer classify train --model SmolLM2.gguf --data train.csv --held-out-data dev.csv \\
      --first-field question --label-field kind --out runs/kinds --full --json

With --json: {\"texts\":3668, \"held_out\":408, \"too_long\":0, \"labels\":[\"0\",\"1\"], \"steps\":690, \"tokens\":..,
  \"seconds\":.., \"loss_first\":.., \"loss_last\":..,
  \"best\":{\"step\":460, \"loss\":0.4, \"count\":408, \"accuracy\":0.8, \"f1\":0.86}, \"kept\":{..}}")]
pub(super) struct Args {
    /// The rows: a file, a folder, a pattern, - for JSONL on standard input, or a data set of a hub (hf:ORG/NAME); can be
    /// given several times. JSONL, JSON, CSV, TSV or Parquet, each but Parquet also in .gz
    #[arg(long, value_name = "PATH|ID", required = true)]
    data: Vec<String>,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Part of the rows that is held out to measure on, where the sets have no split `validation`
    #[arg(long, value_name = "PART", default_value_t = 0.1, conflicts_with = "held_out_data")]
    held_out: f64,
    /// Rows to measure on, instead of a part
    #[arg(long, value_name = "PATH|ID")]
    held_out_data: Option<String>,
    /// Seed of the head, the split, the shuffles and a fresh adapter
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write what was done as one JSON object to standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sets: SetArgs,
    #[command(flatten)]
    rows: RowArgs,
    #[command(flatten)]
    model: ModelArgs,
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
        let (labels, learnt, held_out) = self.read()?;
        let Pretrained { model, config, tokenizer, generation } = self.model.open::<B>(device)?;
        let (longest, ids) = (settings.max_seq.min(model.max_positions()), model.vocab_size());
        let encode = |texts: &[LabelledText]| encode_texts(texts, &labels, &tokenizer, longest, ids);
        let (learnt, held_out) = (encode(&learnt)?, encode(&held_out)?);
        let too_long = learnt.too_long + held_out.too_long;
        say(&format!(
            "{} rows to learn, {} held out; {too_long} longer than {longest} tokens were dropped; labels: {}",
            learnt.texts.len(),
            held_out.texts.len(),
            labels.names().join(", ")
        ));
        let (mut model, config) =
            fresh_classifier(model, &config, &tokenizer, labels.names().to_vec(), self.seed)?;
        if let Some(adapter) = self.from.folder() {
            settings.method = adapter_to_train_on(&mut model, adapter, labels.names())?;
        }
        let objective = LabelCrossEntropy::new(&model, &learnt.texts, &held_out.texts, &settings)?;
        let output = Output {
            folder: &self.out,
            tensorboard: self.finetune.training.tensorboard,
            base_model: &self.model.name(),
            tokenizer: &tokenizer,
            options: self.save.options(generation),
        };
        let done = train_and_save(model, &objective, &config, &settings, &output)?;
        let summary = Summary {
            texts: learnt.texts.len(),
            held_out: held_out.texts.len(),
            too_long,
            labels: config.labels,
            done,
        };
        if self.json { print_json(&summary) } else { Ok(()) }
    }
}

impl Args {
    /// The labels, the rows to learn, and those held out.
    fn read(&self) -> Result<(Labels, Vec<LabelledText>, Vec<LabelledText>)> {
        let (fields, name) = (self.rows.fields(), self.data.join(", "));
        let hold_out = self.held_out_data.as_deref().map_or(HoldOut::OfSets(None), HoldOut::Set);
        let made = |rows: &Dataset, source: &str| labelled_rows(rows, source, &fields);
        let rows = self.sets.open(&self.data, &made, hold_out, self.seed)?;
        let learnt = read_labelled(&rows.train, &name, &fields)?;
        let labels = Labels::of(&learnt)?;
        match rows.held_out {
            Some(rows) => Ok((labels, learnt, read_labelled(&rows, "the rows held out", &fields)?)),
            None => {
                let (learnt, mut held_out) = split_by_text(learnt, self.held_out, self.seed);
                held_out.truncate(self.sets.max_eval_samples.unwrap_or(usize::MAX));
                Ok((labels, learnt, held_out))
            }
        }
    }
}

/// What was done.
#[derive(Serialize)]
struct Summary {
    texts: usize,
    held_out: usize,
    too_long: usize,
    labels: Vec<String>,
    #[serde(flatten)]
    done: Done,
}
