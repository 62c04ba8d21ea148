//! `toolformer reward eval`

use anyhow::Result;
use serde::Serialize;
use toolformer::{
    burn::tensor::backend::Backend,
    device::OnDevice,
    eval::Proportion,
    model::CausalLm as _,
    train::{
        EncodedPairs, PreferencePair, by_question, encode_pairs, prefer_longer, read_pairs, score_pairs,
    },
};

use super::{pair_rows, score::check_one_label};
use crate::{
    failure::wrong_usage,
    model_args::ModelArgs,
    output::{print_json, print_text},
    set_args::MeasuredSetArgs,
    template_args::TemplateArgs,
};

/// Measure how often a reward model prefers the better answer
///
/// The interval of 95 % is the bootstrap's over questions: pairs of one question are drawn together. Beside it stands what
/// preferring the longer answer gives, and the shorter one: a reward model that does no better has learnt lengths. Equal scores
/// are half right.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer reward eval --model runs/reward/model --pairs test.jsonl
  toolformer reward eval --model runs/reward/model --pairs test.jsonl --json

With --json: {\"n\":200, \"questions\":200, \"too_long\":0, \"equal\":0,
  \"accuracy\":{\"value\":0.7, \"low\":0.63, \"high\":0.76}, \"margin\":0.4, \"loss\":0.6,
  \"longer\":{\"value\":0.55, \"low\":0.48, \"high\":0.62}, \"shorter\":{..}}")]
pub(super) struct Args {
    /// The pairs, as for `reward train`
    #[arg(long, value_name = "PATH|ID")]
    pairs: String,
    /// Longest side of a pair, in tokens [default: the model's context]
    #[arg(long, value_name = "TOKENS")]
    max_seq: Option<usize>,
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
    model: ModelArgs,
    #[command(flatten)]
    template: TemplateArgs,
}

pub(super) fn run(args: &Args) -> Result<()> {
    args.model.on_device(args)?
}

#[derive(Serialize)]
struct Found {
    n: usize,
    questions: usize,
    too_long: usize,
    equal: usize,
    accuracy: Proportion,
    margin: f64,
    loss: f64,
    longer: Proportion,
    shorter: Proportion,
}

impl OnDevice for &Args {
    type Output = Result<()>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<()> {
        let pairs = read_pairs(&self.sets.open(&self.pairs, &pair_rows)?, &self.pairs)?;
        let (model, _, tokenizer) = self.model.open_classifier::<B>(device)?;
        check_one_label(&model)?;
        let template = self.template.template(Some(self.model.path()?), &tokenizer)?;
        let longest = self.max_seq.unwrap_or(usize::MAX).min(model.body.max_positions());
        let EncodedPairs { pairs: encoded, numbers, too_long, equal, .. } =
            encode_pairs(&pairs, &template, &tokenizer, longest, model.body.vocab_size())?;
        // Of both, the same pairs: those that fit.
        let fitting: Vec<PreferencePair> = numbers.iter().map(|&number| pairs[number].clone()).collect();
        let questions = by_question(&fitting);
        let none = || wrong_usage("there is no pair that fits; give others, or a larger --max-seq");
        let scores = score_pairs(&model, &encoded, self.batch_tokens).ok_or_else(none)?;
        let longer = prefer_longer(&fitting, &questions, self.seed).ok_or_else(none)?;
        let found = Found {
            n: fitting.len(),
            questions: questions.len(),
            too_long,
            equal,
            accuracy: scores.accuracy_with_interval(&questions, self.seed).ok_or_else(none)?,
            margin: scores.margin,
            loss: scores.loss,
            longer,
            shorter: Proportion { value: 1.0 - longer.value, low: 1.0 - longer.high, high: 1.0 - longer.low },
        };
        if self.json { print_json(&found) } else { print_text(&found.table()) }
    }
}

impl Found {
    fn table(&self) -> String {
        let row = |name: &str, Proportion { value, low, high }: Proportion| {
            let [value, low, high] = [value, low, high].map(|part| 100.0 * part);
            format!("{name:<28}{value:>6.1} %  ({low:.1} to {high:.1})\n")
        };
        let mut out = format!(
            "{} pairs of {} questions; dropped: {} too long, {} with equal sides\n",
            self.n, self.questions, self.too_long, self.equal
        );
        out.push_str(&row("prefers the better", self.accuracy));
        out.push_str(&row("always the longer answer", self.longer));
        out.push_str(&row("always the shorter answer", self.shorter));
        out.push_str(&format!(
            "{:<28}{:>8.3}\n{:<28}{:>8.3} nats\n",
            "mean margin", self.margin, "loss", self.loss
        ));
        out
    }
}
