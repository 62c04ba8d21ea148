//! `toolformer classify predict`

use anyhow::{Context as _, Result};
use clap::ArgGroup;
use serde_json::{Map, Value, json};
use toolformer::{
    burn::tensor::backend::Backend,
    device::OnDevice,
    model::{CausalLm as _, check_ids},
    train::{LabelledText, probabilities, text_scores},
};

use super::{check_labels, labelled_of};
use crate::{
    failure::wrong_usage,
    model_args::ModelArgs,
    output::{Output, say},
    row_args::RowArgs,
    set_args::MeasuredSetArgs,
};

/// Say which labels texts have
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("what").required(true).args(["text", "data"]))]
#[command(after_long_help = "\
Examples:
  toolformer classify predict --model runs/kinds/model --text 'How far is the moon?'
  toolformer classify predict --model runs/mrpc/model --data pairs.jsonl

Gives a line for each row: {\"row\":0, \"label\":\"1\", \"probability\":0.9, \"probabilities\":{\"0\":0.1, \"1\":0.9}}. What is longer
than the model's context has the label null.")]
pub(super) struct Args {
    /// A text
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Rows, which need no label, as for `classify train`
    #[arg(long, value_name = "PATH|ID")]
    data: Option<String>,
    /// Tokens that go through the model at once
    #[arg(long, value_name = "TOKENS", default_value_t = 1024)]
    batch_tokens: usize,
    #[command(flatten)]
    sets: MeasuredSetArgs,
    #[command(flatten)]
    rows: RowArgs,
    #[command(flatten)]
    model: ModelArgs,
}

/// Texts that are scored together.
const AT_ONCE: usize = 256;

pub(super) fn run(args: &Args) -> Result<()> {
    args.model.on_device(args)?
}

impl OnDevice for &Args {
    type Output = Result<()>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<()> {
        let texts = match (&self.text, &self.data) {
            (Some(text), _) => vec![LabelledText { text: text.clone(), label: None }],
            (None, Some(data)) => labelled_of(&self.sets, data, &self.rows.fields())?,
            (None, None) => return Err(wrong_usage("give --text or --data")),
        };
        let (model, config, tokenizer) = self.model.open_classifier::<B>(device)?;
        check_labels(&model)?;
        let longest = model.body.max_positions();
        let mut output = Output::new();
        let (mut row, mut too_long) = (0, 0);
        for part in texts.chunks(AT_ONCE) {
            let ids = part.iter().enumerate().map(|(number, text)| {
                let ids = tokenizer.encode_with_special(&text.text)?;
                check_ids(&ids, model.body.vocab_size(), Some(&tokenizer))
                    .with_context(|| format!("row {} cannot be classified", row + number))?;
                Ok(Some(ids).filter(|ids| !ids.is_empty() && ids.len() <= longest))
            });
            let ids: Vec<Option<Vec<u32>>> = ids.collect::<Result<_>>()?;
            let fitting: Vec<&Vec<u32>> = ids.iter().flatten().collect();
            let mut scores = text_scores(&model, &fitting, self.batch_tokens).into_iter();
            for ids in &ids {
                let found = ids.as_ref().and_then(|_| scores.next());
                too_long += usize::from(found.is_none());
                output.json(&said(row, found.map(|scores| probabilities(&scores)), &config.labels))?;
                row += 1;
            }
        }
        if too_long > 0 {
            say(&format!("{too_long} rows are empty or longer than {longest} tokens, and have no label"));
        }
        output.flush()
    }
}

/// A line of the output.
fn said(row: usize, probabilities: Option<Vec<f64>>, labels: &[String]) -> Value {
    let Some(probabilities) = probabilities else { return json!({ "row": row, "label": null }) };
    let likeliest = labels.iter().zip(&probabilities).max_by(|a, b| a.1.total_cmp(b.1));
    let all: Map<String, Value> =
        labels.iter().cloned().zip(probabilities.iter().map(|&p| json!(p))).collect();
    json!({
        "row": row,
        "label": likeliest.map(|(label, _)| label),
        "probability": likeliest.map(|(_, p)| p),
        "probabilities": all,
    })
}
