//! `toolformer classify train`

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;
use toolformer::{
    burn::tensor::backend::Backend,
    device::OnDevice,
    model::{CausalLm as _, Pretrained},
    train::{LabelCrossEntropy, LabelledText, Labels, encode_texts, read_labelled, split_by_text},
};

use crate::{
    classifier_training::{Done, Output, check_part, fresh_classifier, settings, train_and_save},
    finetune_args::FinetuneArgs,
    model_args::ModelArgs,
    output::{print_json, say},
    row_args::RowArgs,
    save_args::SaveArgs,
};

/// Train a classifier
///
/// There are as many labels as the rows have. Writes into a folder: adapter/ (with LoRA), model/ (its updates merged),
/// metrics.jsonl, checkpoints/. A run that was cut off goes on from its last checkpoint when the same command is given again. Rows longer
/// than --max-seq are dropped.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer classify train --model SmolLM2.gguf --data mrpc.jsonl --out runs/mrpc --batch 16
  toolformer classify train --model SmolLM2.gguf --data train.csv --held-out-data dev.csv \\
      --first-field question --label-field kind --out runs/kinds --full --json

With --json: {\"texts\":3668, \"held_out\":408, \"too_long\":0, \"labels\":[\"0\",\"1\"], \"steps\":690, \"tokens\":..,
  \"seconds\":.., \"loss_first\":.., \"loss_last\":..,
  \"best\":{\"step\":460, \"loss\":0.4, \"count\":408, \"accuracy\":0.8, \"f1\":0.86}}")]
pub(super) struct Args {
    /// The rows: JSONL, .json, .csv, .tsv or .parquet
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Part of the rows that is held out to measure on
    #[arg(long, value_name = "PART", default_value_t = 0.1, conflicts_with = "held_out_data")]
    held_out: f64,
    /// Rows to measure on, instead of a part
    #[arg(long, value_name = "FILE")]
    held_out_data: Option<PathBuf>,
    /// Seed of the head, the split, the shuffles and a fresh adapter
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write what was done as one JSON object to standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rows: RowArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    finetune: FinetuneArgs,
    #[command(flatten)]
    save: SaveArgs,
}

pub(super) fn run(args: &Args) -> Result<()> {
    args.model.on_device(args)?
}

impl OnDevice for &Args {
    type Output = Result<()>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<()> {
        let settings = settings(&self.finetune, self.seed)?;
        check_part(self.held_out)?;
        let fields = self.rows.fields();
        let all = read_labelled(&self.data, &fields)?;
        let labels = Labels::of(&all)?;
        let (learnt, held_out) = match &self.held_out_data {
            Some(file) => (all, read_labelled(file, &fields)?),
            None => split_by_text(all, self.held_out, self.seed),
        };
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
        let (model, config) =
            fresh_classifier(model, &config, &tokenizer, labels.names().to_vec(), self.seed)?;
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
