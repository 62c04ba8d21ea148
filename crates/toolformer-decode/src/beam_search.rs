//! Beam search, as transformers does it.

use std::sync::Arc;

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};
use toolformer_model::{CausalLm, TokenBatch, check_numbers};

use crate::{
    error::DecodeError,
    generation::Finish,
    penalties::Penalties,
    prompt_checks::{check_prompt, first_room},
    rows::Rows,
    sampling::{MostLikely, log_softmax},
};

/// When a search ends before the maximum of tokens, once as many texts have ended as there are beams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlyStopping {
    /// When no running beam is better than the worst ended one, at its present length.
    #[default]
    Heuristic,
    /// At once.
    WhenFull,
    /// When no running beam could become better, at the length that suits it best.
    Never,
}

/// The settings of [`beam_search`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BeamSettings {
    /// Texts that are kept at every step.
    pub beams: usize,
    /// Sums of log-probabilities are divided by the length to this power; above 0 for longer texts (transformers: 1).
    pub length_penalty: f64,
    /// When it may end early.
    pub early_stopping: EarlyStopping,
    /// Most tokens of a text.
    pub max_tokens: usize,
    /// Changes of the log-probabilities.
    pub penalties: Penalties,
}

impl Default for BeamSettings {
    fn default() -> Self {
        Self {
            beams: 4,
            length_penalty: 1.0,
            early_stopping: EarlyStopping::default(),
            max_tokens: 64,
            penalties: Penalties::default(),
        }
    }
}

impl BeamSettings {
    /// # Errors
    /// If a value is out of range.
    pub fn validate(&self, vocab_size: usize) -> Result<(), DecodeError> {
        let setting = |name, why: String| Err(DecodeError::Setting { name, why });
        if self.beams == 0 || self.beams > vocab_size {
            return setting("beams", format!("must be between 1 and {vocab_size}, is {}", self.beams));
        }
        if !self.length_penalty.is_finite() {
            return setting("length_penalty", format!("must be a number, is {}", self.length_penalty));
        }
        if self.max_tokens == 0 {
            return setting("max_tokens", "must be at least 1".to_owned());
        }
        self.penalties.validate(vocab_size)
    }
}

/// A text that beam search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Beam {
    /// Its tokens behind the prompt, without one that ends it.
    pub ids: Vec<u32>,
    /// Its log-probability in nats, divided by its length to the power of the penalty. The end counts as a token.
    pub score: f64,
    /// Why it ended.
    pub finish: Finish,
}

/// A text under way.
struct Running {
    ids: Vec<u32>,
    total: f64,
}

/// The most likely texts behind a prompt, best first; `ends` are the tokens that end a text. No tools are used.
///
/// # Errors
/// If a setting is out of range, the prompt is empty, does not fit into the context or has an id that the model has not,
/// or the model computes NaN.
pub fn beam_search<B: Backend, M: CausalLm<B>>(
    model: &M,
    prompt: &[u32],
    ends: &[u32],
    settings: &BeamSettings,
) -> Result<Vec<Beam>, DecodeError> {
    settings.validate(model.vocab_size())?;
    let &BeamSettings { beams, length_penalty, early_stopping, max_tokens, .. } = settings;
    check_prompt(model, None, 0, prompt, max_tokens)?;
    let penalised = |total: f64, len: usize| total / (len as f64).powf(length_penalty);
    let mut rows = Rows::new(model, 1, prompt.len());
    let mut logits = rows.next_logits(&TokenBatch::new(&[prompt]));
    // All beams look at the prompt where it is: what is copied when they part is what each has written.
    let read = Arc::new(rows.freeze());
    let mut rows = Rows::on_prefix(model, &read, vec![0], vec![prompt.len()], first_room(max_tokens));
    let mut running = vec![Running { ids: Vec::new(), total: 0.0 }];
    let mut ended: Vec<Beam> = Vec::new();
    for step in 1..=max_tokens {
        let mut candidates: Vec<(f64, usize, u32)> = Vec::new();
        for (row, (beam, mut scores)) in running.iter().zip(logits).enumerate() {
            check_numbers(scores.iter().copied())?;
            log_softmax(&mut scores);
            settings.penalties.apply(&mut scores, prompt, &beam.ids);
            // Enough of each for all beams to go on.
            let count = (beams + ends.len()).min(scores.len());
            let best = MostLikely::new(&scores).first(count).to_vec();
            candidates
                .extend(best.into_iter().map(|id| (beam.total + f64::from(scores[id]), row, id as u32)));
        }
        candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let mut next = Vec::with_capacity(beams);
        let mut from = Vec::with_capacity(beams);
        for (rank, (total, row, id)) in candidates.into_iter().enumerate() {
            let (is_end, is_last) = (ends.contains(&id), step == max_tokens);
            if !is_end && !is_last {
                next.push(Running { ids: [&running[row].ids[..], &[id]].concat(), total });
                from.push(row);
            } else if rank < beams && total > f64::NEG_INFINITY {
                let mut ids = running[row].ids.clone();
                ids.extend((!is_end).then_some(id));
                let finish = if is_end { Finish::Eos } else { Finish::Length };
                ended.push(Beam { ids, score: penalised(total, step), finish });
            }
            if next.len() == beams {
                break;
            }
        }
        ended.sort_by(|a, b| b.score.total_cmp(&a.score));
        ended.truncate(beams);
        let full = ended.len() == beams;
        let best_len =
            if early_stopping == EarlyStopping::Never && length_penalty > 0.0 { max_tokens } else { step };
        let worst = ended.last().map_or(f64::NEG_INFINITY, |beam| beam.score);
        let improves = next.first().is_some_and(|best| !full || penalised(best.total, best_len) > worst);
        if !improves || (full && early_stopping == EarlyStopping::WhenFull) {
            break;
        }
        rows.select(&from);
        let last: Vec<Vec<u32>> = next.iter().filter_map(|beam| Some(vec![*beam.ids.last()?])).collect();
        logits = rows.next_logits(&TokenBatch::new(&last));
        running = next;
    }
    Ok(ended)
}
