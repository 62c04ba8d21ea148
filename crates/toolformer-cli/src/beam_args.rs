//! Beam search instead of one token after another.

use anyhow::Result;
use clap::{Args, ValueEnum};
use toolformer::{
    burn::tensor::backend::Backend,
    decode::{BeamSettings, EarlyStopping, GenerateSettings, Generation, Prompt, beam_search},
    model::{CausalLm, Tokenizer},
};

use crate::failure::wrong_usage;

#[derive(Debug, Args)]
#[command(next_help_heading = "Beam search")]
pub(crate) struct BeamArgs {
    /// Keep the N most likely texts at every step, and write the best --n of them; without tools
    #[arg(long, value_name = "N", conflicts_with_all = [
        "tools", "tools_file", "best_of", "temperature", "top_k", "top_p", "min_p", "typical_p", "logprobs", "stop",
        "min_tokens", "seed", "batch", "cache_memory", "start_top_k", "start_bias", "max_calls", "forbid", "constrain",
        "failed_calls", "overlap_calls", "no_calls",
    ])]
    beams: Option<usize>,
    /// Divide a text's log-probability by its length to this power: above 0 for longer texts
    #[arg(long, value_name = "P", default_value_t = 1.0, allow_negative_numbers = true, requires = "beams")]
    length_penalty: f64,
    /// When to end before --max-tokens, once as many texts have ended as there are beams
    #[arg(long, value_enum, default_value = "heuristic", requires = "beams")]
    early_stopping: EndEarly,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EndEarly {
    /// When no running text is better than the worst ended one, at its present length
    Heuristic,
    /// At once
    WhenFull,
    /// When no running text could become better
    Never,
}

impl BeamArgs {
    /// The settings of the search, if one is asked for.
    pub(crate) fn settings(&self, settings: &GenerateSettings) -> Result<Option<BeamSettings>> {
        let Some(beams) = self.beams else { return Ok(None) };
        if !(1..=beams).contains(&settings.n) {
            return Err(wrong_usage(format!(
                "--n is {}, but of {beams} beams 1 to {beams} can be written",
                settings.n
            )));
        }
        Ok(Some(BeamSettings {
            beams,
            length_penalty: self.length_penalty,
            early_stopping: match self.early_stopping {
                EndEarly::Heuristic => EarlyStopping::Heuristic,
                EndEarly::WhenFull => EarlyStopping::WhenFull,
                EndEarly::Never => EarlyStopping::Never,
            },
            max_tokens: settings.max_tokens,
            penalties: settings.penalties.clone(),
        }))
    }
}

/// The best `settings.n` texts that a search finds behind a prompt.
pub(crate) fn search<B: Backend, M: CausalLm<B>>(
    model: &M,
    tokenizer: &Tokenizer,
    prompt: &Prompt,
    beams: &BeamSettings,
    settings: &GenerateSettings,
) -> Result<Vec<Generation>> {
    let ends: Vec<u32> = tokenizer.ends().chain(settings.stop_ids.iter().copied()).collect();
    let found = beam_search(model, &prompt.ids, &ends, beams)?;
    let texts = found.into_iter().take(settings.n).enumerate().map(|(index, beam)| {
        let bytes: Vec<u8> = beam.ids.iter().flat_map(|&id| tokenizer.token_bytes(id)).collect();
        Generation {
            completion: String::from_utf8_lossy(&bytes).into_owned(),
            index,
            logprobs: None,
            prompt_logprobs: None,
            mean_logprob: Some(beam.score),
            ids: beam.ids,
            calls: Vec::new(),
            finish: beam.finish,
            computed: 0,
            reused: 0,
        }
    });
    Ok(texts.collect())
}
