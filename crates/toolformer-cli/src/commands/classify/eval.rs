//! `toolformer classify eval`

use anyhow::Result;
use serde::Serialize;
use toolformer::{
    burn::tensor::backend::Backend,
    device::OnDevice,
    eval::Proportion,
    model::CausalLm as _,
    train::{Labels, encode_texts, score_labels},
};

use super::{check_labels, labelled_of};
use crate::{
    failure::wrong_usage,
    model_args::ModelArgs,
    output::{print_json, print_text},
    row_args::RowArgs,
    set_args::MeasuredSetArgs,
};

/// Measure a classifier on rows with labels
///
/// F1 is that of the second of two labels. `majority` is what always saying the commonest label of these rows gives. The
/// interval of 95 % is the bootstrap's.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer classify eval --model runs/mrpc/model --data mrpc_test.jsonl
  toolformer classify eval --model runs/mrpc/model --data mrpc_test.jsonl --json

With --json: {\"n\":1725, \"too_long\":0, \"accuracy\":{\"value\":0.8, \"low\":0.78, \"high\":0.82}, \"f1\":0.86,
  \"majority\":0.66, \"loss\":0.45}")]
pub(super) struct Args {
    /// The rows, as for `classify train`
    #[arg(long, value_name = "PATH|ID")]
    data: String,
    /// Tokens that go through the model at once
    #[arg(long, value_name = "TOKENS", default_value_t = 1024)]
    batch_tokens: usize,
    /// Seed of the bootstrap
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sets: MeasuredSetArgs,
    #[command(flatten)]
    rows: RowArgs,
    #[command(flatten)]
    model: ModelArgs,
}

pub(super) fn run(args: &Args) -> Result<()> {
    args.model.on_device(args)?
}

#[derive(Serialize)]
struct Found {
    n: usize,
    too_long: usize,
    accuracy: Proportion,
    f1: Option<f64>,
    majority: f64,
    loss: f64,
}

impl OnDevice for &Args {
    type Output = Result<()>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<()> {
        let texts = labelled_of(&self.sets, &self.data, &self.rows.fields())?;
        if texts.iter().any(|text| text.label.is_none()) {
            return Err(wrong_usage("a row has no label; name the field by --label-field"));
        }
        let (model, config, tokenizer) = self.model.open_classifier::<B>(device)?;
        check_labels(&model)?;
        let labels = Labels::new(config.labels);
        let (longest, ids) = (model.body.max_positions(), model.body.vocab_size());
        let encoded = encode_texts(&texts, &labels, &tokenizer, longest, ids)?;
        let none = || wrong_usage("there is no row that fits the model's context");
        let scores = score_labels(&model, &encoded.texts, self.batch_tokens).ok_or_else(none)?;
        let found = Found {
            n: scores.right.len(),
            too_long: encoded.too_long,
            accuracy: Proportion::of(scores.right.iter().copied(), self.seed).ok_or_else(none)?,
            f1: scores.f1,
            majority: scores.majority,
            loss: scores.loss,
        };
        if self.json { print_json(&found) } else { print_text(&found.table()) }
    }
}

impl Found {
    fn table(&self) -> String {
        let [value, low, high] =
            [self.accuracy.value, self.accuracy.low, self.accuracy.high].map(|part| 100.0 * part);
        let mut out = format!("{} rows; {} were too long\n", self.n, self.too_long);
        out.push_str(&format!("{:<28}{value:>6.1} %  ({low:.1} to {high:.1})\n", "accuracy"));
        if let Some(f1) = self.f1 {
            out.push_str(&format!("{:<28}{:>6.1} %\n", "F1", 100.0 * f1));
        }
        out.push_str(&format!("{:<28}{:>6.1} %\n", "always the commonest label", 100.0 * self.majority));
        out.push_str(&format!("{:<28}{:>8.3} nats\n", "loss", self.loss));
        out
    }
}
