//! How tokens are chosen while text is completed.

use std::collections::BTreeMap;

use clap::Args;
use toolformer::decode::{GenerateSettings, Penalties, Sampling};

#[derive(Debug, Args)]
#[command(next_help_heading = "Choosing tokens")]
pub(crate) struct ChoosingArgs {
    /// Temperature; 0 takes the most likely token
    #[arg(long, value_name = "T", default_value_t = 0.0)]
    temperature: f64,
    /// Consider only the K most likely tokens; 0 for all
    #[arg(long, value_name = "K", default_value_t = 0)]
    top_k: usize,
    /// Consider only the most likely tokens whose probabilities add up to P
    #[arg(long, value_name = "P", default_value_t = 1.0)]
    top_p: f64,
    /// Consider only tokens at least P times as likely as the most likely one; 0 for all
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    min_p: f64,
    /// Consider only the tokens of most typical information whose probabilities add up to P
    #[arg(long, value_name = "P", default_value_t = 1.0)]
    typical_p: f64,
    /// Divide the scores of tokens that prompt or completion have already; 1 for no change
    #[arg(long, value_name = "R", default_value_t = 1.0)]
    repetition_penalty: f64,
    /// Take this off the scores of tokens that the completion has already, from -2 to 2
    #[arg(long, value_name = "A", default_value_t = 0.0, allow_negative_numbers = true)]
    presence_penalty: f64,
    /// The same, as often as it has them
    #[arg(long, value_name = "A", default_value_t = 0.0, allow_negative_numbers = true)]
    frequency_penalty: f64,
    /// Let no N tokens stand twice in a row; 0 for no such rule
    #[arg(long, value_name = "N", default_value_t = 0)]
    no_repeat_ngram: usize,
    /// Add to the score of a token, from -100 to 100; may be given more than once
    #[arg(long, value_name = "ID=BIAS", value_parser = bias)]
    logit_bias: Vec<(u32, f32)>,
    /// Seed of all random draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Completions of each prompt
    #[arg(long, value_name = "N", default_value_t = 1)]
    n: usize,
    /// Make this many of each prompt and keep the most likely [default: as --n]
    #[arg(long, value_name = "N")]
    best_of: Option<usize>,
    /// Tell how likely each token was by the model itself, and the N most likely ones
    #[arg(long, value_name = "N", requires = "json")]
    logprobs: Option<usize>,
    /// Tell it of the prompt's tokens as well
    #[arg(long, requires = "logprobs")]
    echo: bool,
}

impl ChoosingArgs {
    /// Enters them into `settings`.
    pub(crate) fn apply(&self, settings: GenerateSettings) -> GenerateSettings {
        let &Self { temperature, top_k, top_p, min_p, typical_p, seed, n, logprobs, echo, .. } = self;
        GenerateSettings {
            sampling: Sampling { temperature, top_k, top_p, min_p, typical_p },
            penalties: Penalties {
                repetition: self.repetition_penalty,
                presence: self.presence_penalty,
                frequency: self.frequency_penalty,
                no_repeat_ngram: self.no_repeat_ngram,
                logit_bias: BTreeMap::from_iter(self.logit_bias.iter().copied()),
            },
            seed,
            n,
            best_of: self.best_of.unwrap_or(0),
            logprobs,
            echo,
            ..settings
        }
    }
}

fn bias(text: &str) -> Result<(u32, f32), String> {
    let read = || {
        let (id, bias) = text.split_once('=')?;
        Some((id.trim().parse().ok()?, bias.trim().parse().ok()?))
    };
    read().ok_or_else(|| "write a token's id and what to add to its score, such as 50256=-100".to_owned())
}
