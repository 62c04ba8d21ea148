//! `toolformer score`

use anyhow::{Error, Result};
use clap::ArgGroup;
use serde::Serialize;
use toolformer::{
    burn::tensor::{Tensor, backend::Backend},
    device::OnDevice,
    model::{
        CausalLm, KvCache, LanguageModel, ModelError, TokenBatch, Tokenizer, check_ids, check_numbers,
        forward_in_chunks, log_probs, visit_log_probs,
    },
};

use crate::{
    adapter_args::AdapterArgs,
    failure::wrong_usage,
    model_args::ModelArgs,
    output::{print_json, print_text},
};

/// Score a text: the log-probability of every token
///
/// Special tokens are added as the tokenizer declares. Log-probabilities are natural logarithms; the first token
/// has none. `top` holds for each position the most likely next tokens after it.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("what").required(true).args(["text", "ids"]))]
#[command(after_long_help = "\
Examples:
  toolformer score --model SmolLM2.gguf --text 'The capital of France is' --top 5 --json
  toolformer score --model folder --ids 504,3575,282

With --json: {\"ids\":[..], \"logprobs\":[null,-1.2,..], \"top\":[[[id,logprob],..],..], \"nll\":..,
\"perplexity\":..};
`nll` is the mean over the scored tokens.")]
pub(crate) struct Args {
    /// The text
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Token ids instead of a text, with commas between them; then the model needs no tokenizer
    #[arg(long, value_name = "IDS", value_delimiter = ',', value_parser = id)]
    ids: Vec<u32>,
    /// Also list the K most likely next tokens of every position
    #[arg(long, value_name = "K", default_value_t = 0)]
    top: usize,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    adapter: AdapterArgs,
}

/// An id, with spaces around it or none.
fn id(text: &str) -> Result<u32, String> {
    let text = text.trim();
    text.parse().map_err(|_| format!("`{text}` is no token id; give whole numbers with commas between them"))
}

/// What is written.
#[derive(Debug, Serialize)]
struct Score {
    ids: Vec<u32>,
    logprobs: Vec<Option<f32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<Vec<Vec<(u32, f32)>>>,
    nll: Option<f64>,
    perplexity: Option<f64>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    args.model.on_device(args)?
}

impl OnDevice for &Args {
    type Output = Result<()>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<()> {
        let (model, tokenizer, ids) = match &self.text {
            Some(text) => {
                let loaded = self.model.open::<B>(device).map_err(name_want_of_tokenizer)?;
                let ids = loaded.tokenizer.encode_with_special(text)?;
                (loaded.model, Some(loaded.tokenizer), ids)
            }
            None => (self.model.open_model::<B>(device)?.0, None, self.ids.clone()),
        };
        let model = self.adapter.apply(model)?;
        check(&ids, &model, tokenizer.as_ref())?;
        let score = score(&model, ids, self.top);
        check_numbers(score.logprobs.iter().copied().flatten())?;
        check_numbers(score.top.iter().flatten().flatten().map(|&(_, log_prob)| log_prob))?;
        if self.json { print_json(&score) } else { print_text(&table(&score, tokenizer.as_ref())) }
    }
}

/// Says what to do about a model without a tokenizer.
fn name_want_of_tokenizer(error: Error) -> Error {
    match error.downcast_ref() {
        Some(ModelError::NotFound { path, .. }) if path.ends_with("tokenizer.json") => {
            error.context("this model has no tokenizer: give token ids with --ids instead of --text")
        }
        _ => error,
    }
}

fn check<B: Backend>(ids: &[u32], model: &LanguageModel<B>, tokenizer: Option<&Tokenizer>) -> Result<()> {
    let context = model.max_positions();
    if ids.is_empty() {
        return Err(wrong_usage("there is no token to score; give a longer --text"));
    }
    check_ids(ids, model.vocab_size(), tokenizer).map_err(|error| wrong_usage(error.to_string()))?;
    if ids.len() > context {
        let tokens = ids.len();
        return Err(wrong_usage(format!(
            "the text has {tokens} tokens, but the model's context is {context}"
        )));
    }
    Ok(())
}

fn score<B: Backend>(model: &LanguageModel<B>, ids: Vec<u32>, top: usize) -> Score {
    let mut cache = KvCache::new(model.cache_shape(), 1, ids.len(), &model.device());
    let hidden: Tensor<B, 3> = forward_in_chunks(model, &TokenBatch::new(&[&ids]), &mut cache);
    let [_, seq, d_model] = hidden.dims();
    let hidden = hidden.reshape([seq, d_model]); // [seq, d_model]
    let (mut scored, mut tops) = (Vec::with_capacity(seq), Vec::new());
    if top > 0 {
        visit_log_probs(model, hidden, |position, log_probs| {
            scored.extend(ids.get(position + 1).map(|&next| log_probs[next as usize]));
            tops.push(most_likely(log_probs, top));
        });
    } else if seq > 1 {
        scored = log_probs(model, hidden.narrow(0, 0, seq - 1), &ids[1..]);
    }
    let sum: f64 = scored.iter().map(|&log_prob| f64::from(log_prob)).sum();
    let nll = (!scored.is_empty()).then(|| -sum / scored.len() as f64);
    Score {
        ids,
        logprobs: std::iter::once(None).chain(scored.into_iter().map(Some)).collect(),
        top: (top > 0).then_some(tops),
        nll,
        perplexity: nll.map(f64::exp),
    }
}

/// The greatest values with their indices, the greatest first, of equals the first first.
fn most_likely(log_probs: &[f32], top: usize) -> Vec<(u32, f32)> {
    let mut pairs: Vec<(u32, f32)> = (0..).zip(log_probs.iter().copied()).collect();
    let greater = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if top < pairs.len() {
        pairs.select_nth_unstable_by(top, greater);
        pairs.truncate(top);
    }
    pairs.sort_unstable_by(greater);
    pairs
}

fn table(score: &Score, tokenizer: Option<&Tokenizer>) -> String {
    let shown = |id: u32| {
        let bytes = tokenizer.map(|tokenizer| tokenizer.token_bytes(id));
        bytes.map_or(String::new(), |bytes| format!(" {:?}", String::from_utf8_lossy(&bytes)))
    };
    let mut out = String::new();
    for (position, (&id, log_prob)) in score.ids.iter().zip(&score.logprobs).enumerate() {
        let log_prob = log_prob.map_or("-".to_owned(), |log_prob| format!("{log_prob:.4}"));
        out.push_str(&format!("{log_prob:>10}  {id}{}\n", shown(id)));
        for (id, log_prob) in score.top.iter().flat_map(|top| &top[position]) {
            out.push_str(&format!("{:>12}{log_prob:>10.4}  {id}{}\n", "next: ", shown(*id)));
        }
    }
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
    out.push_str(&format!(
        "nll {} nats a token, perplexity {}\n",
        number(score.nll),
        number(score.perplexity)
    ));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_likely_come_first() {
        let log_probs = [-3.0, -1.0, -2.0, -1.0];
        assert_eq!(most_likely(&log_probs, 3), [(1, -1.0), (3, -1.0), (2, -2.0)]);
        assert_eq!(most_likely(&log_probs, 9).len(), 4);
    }
}
