//! Filtering executed candidates (section 2, "Filtering API Calls"): from strings to the ids and losses of
//! `toolformer-filter`, and back to verdicts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};
use toolformer_filter::{LossRequest, LossWeights, Losses, Scorer};
use toolformer_model::{CausalLm, Tokenizer, check_ids, check_numbers};
use toolformer_text::Syntax;

use crate::{
    candidate::{Candidate, Status},
    compat::{Compat, Place},
    error::TrainError,
    teach_settings::is_zero,
    texts::TextId,
    tokenized::Tokenized,
    tool_settings::ToolSettings,
};

/// How candidates are filtered: a call is kept if `L- - L+ >= tau_f + cost_weight * cost`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FilterSettings {
    /// What a call has to gain, in nats (paper: 0.5 for the calculator and translation, else 1).
    pub tau_f: f64,
    /// The same for calls to tools that have another one, by the tool's name in text.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub tau_f_of: BTreeMap<String, f64>,
    /// What a call has to gain more for each unit of its tool's cost, in nats (paper: nothing).
    #[serde(skip_serializing_if = "is_zero", default)]
    pub cost_weight: f64,
    /// What a call costs, in units of one's own, by the tool's name in text; others cost nothing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub cost_of: BTreeMap<String, f64>,
    /// Whether `e(c, none)` is ` [Name(args)]` instead of ` [Name(args) ->]`.
    pub drop_arrow: bool,
    /// What stands between a call and the text that it is put before (paper: it does not say); encoded with the call. Where
    /// there is no call, it is not there either.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub separator: String,
    /// As the paper or as toolformer-pytorch does it.
    #[serde(skip_serializing_if = "Compat::is_paper", default)]
    pub compat: Compat,
    /// Weights of the tokens behind a call's place, where they are neither's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub weights: Option<LossWeights>,
    /// Most tokens of a batch.
    pub batch_tokens: usize,
}

impl Default for FilterSettings {
    /// The paper's calculator, read literally.
    fn default() -> Self {
        Self {
            tau_f: 0.5,
            tau_f_of: BTreeMap::new(),
            cost_weight: 0.0,
            cost_of: BTreeMap::new(),
            drop_arrow: false,
            separator: String::new(),
            compat: Compat::Paper,
            weights: None,
            batch_tokens: 2048,
        }
    }
}

impl FilterSettings {
    /// # Errors
    /// If a value is out of range.
    pub fn validate(&self) -> Result<(), TrainError> {
        let wrong = |name, why: String| Err(TrainError::Setting { name, why });
        if let Some(tau_f) = self.tau_f_of.values().chain([&self.tau_f]).find(|tau_f| !tau_f.is_finite()) {
            return wrong("tau_f", format!("must be a number of nats, not {tau_f}"));
        }
        let is_cost = |cost: &f64| cost.is_finite() && *cost >= 0.0;
        if let Some(cost) = self.cost_of.values().find(|cost| !is_cost(cost)) {
            return wrong("cost", format!("must be a number, 0 or more, not {cost}"));
        }
        if !is_cost(&self.cost_weight) {
            let why =
                format!("is a number of nats for each unit of cost, 0 or more, not {}", self.cost_weight);
            return wrong("cost_weight", why);
        }
        if !self.separator.is_empty() && !self.compat.is_paper() {
            return wrong("separator", "must be empty where calls stand in their place in the text".into());
        }
        match self.weights.as_ref().map(LossWeights::as_slice) {
            Some([]) => wrong("weights", "must be at least one".into()),
            Some(weights) if !weights.iter().all(|weight| weight.is_finite()) => {
                wrong("weights", format!("must be finite numbers, not {weights:?}"))
            }
            _ => Ok(()),
        }
    }

    /// These, with what single tools have of their own.
    #[must_use]
    pub fn with_tools(self, tools: &BTreeMap<String, ToolSettings>) -> Self {
        let tau_f_of = tools.iter().map(|(tool, own)| (tool.clone(), own.tau_f)).collect();
        let costs = tools.iter().filter(|(_, own)| own.cost != 0.0);
        let cost_of = costs.map(|(tool, own)| (tool.clone(), own.cost)).collect();
        Self { tau_f_of, cost_of, ..self }
    }

    /// What the calls to a tool have to gain: `tau_f + cost_weight * cost`, in nats.
    pub fn threshold(&self, tool: &str) -> f64 {
        let tau_f = self.tau_f_of.get(tool).copied().unwrap_or(self.tau_f);
        tau_f + self.cost_weight * self.cost_of.get(tool).copied().unwrap_or(0.0)
    }

    /// `0.5 (QA: 1)`
    pub(crate) fn shown_thresholds(&self) -> String {
        let tools: BTreeSet<&String> = self.tau_f_of.keys().chain(self.cost_of.keys()).collect();
        let own: Vec<String> =
            tools.into_iter().map(|tool| format!("{tool}: {}", self.threshold(tool))).collect();
        if own.is_empty() { self.tau_f.to_string() } else { format!("{} ({})", self.tau_f, own.join(", ")) }
    }

    /// The weights of the tokens behind a call's place.
    pub(crate) fn loss_weights(&self) -> LossWeights {
        self.weights.clone().unwrap_or_else(|| self.compat.weights())
    }
}

/// Scores and judges candidates with one model.
pub struct FilterStage<'m, M> {
    scorer: Scorer<'m, M>,
    tokenizer: &'m Tokenizer,
    syntax: &'m Syntax,
    settings: FilterSettings,
    bos: u32,
}

impl<'m, M> FilterStage<'m, M> {
    /// # Errors
    /// If a setting is out of range, or the tokenizer has neither a begin nor an end token to start a text with.
    pub fn new(
        model: &'m M,
        tokenizer: &'m Tokenizer,
        syntax: &'m Syntax,
        settings: FilterSettings,
    ) -> Result<Self, TrainError> {
        settings.validate()?;
        let Some(bos) = tokenizer.bos().or(tokenizer.eos()) else {
            let why = "the tokenizer has neither a begin nor an end token, so there is nothing to put before a text";
            return Err(TrainError::Setting { name: "tokenizer", why: why.into() });
        };
        let scorer = Scorer::new(model, settings.loss_weights(), settings.batch_tokens);
        Ok(Self { scorer, tokenizer, syntax, settings, bos })
    }

    /// Enters losses and verdicts into the candidates of these texts; returns the tokens computed.
    ///
    /// `L_i(none)` of all positions is one pass over the text; equal calls at equal places are scored once.
    ///
    /// # Errors
    /// If a candidate names a text or a token that is not there or does not fit the model's context, a text or a
    /// candidate has an id that the model has not, or the tokenizer fails.
    pub fn judge<B: Backend>(
        &self,
        texts: &[Tokenized<'_>],
        candidates: &mut [Candidate],
    ) -> Result<usize, TrainError>
    where
        M: CausalLm<B>,
    {
        let vocab_size = self.scorer.model().vocab_size();
        for text in texts {
            text.check(vocab_size, self.tokenizer)?;
        }
        let by_id: HashMap<&TextId, usize> =
            texts.iter().enumerate().map(|(number, text)| (&text.text.id, number)).collect();
        // One job for each distinct (text, position, call, result).
        let mut jobs: Vec<Job> = Vec::new();
        let mut job_of: HashMap<(usize, usize, String), usize> = HashMap::new();
        let mut job_of_candidate = vec![None; candidates.len()];
        for (number, candidate) in candidates.iter().enumerate() {
            if candidate.status != Status::Ok {
                continue;
            }
            let (Some(&text), Some((name, args)), Some(result)) =
                (by_id.get(&candidate.text_id), candidate.name_and_args(), &candidate.result)
            else {
                return Err(TrainError::Candidate {
                    text_id: candidate.text_id.clone(),
                    why: "names a text that is not there, or holds no call with a result".into(),
                });
            };
            let position = candidate.token_position;
            if texts[text].offsets.get(position) != Some(&candidate.position) {
                return Err(TrainError::Candidate {
                    text_id: candidate.text_id.clone(),
                    why: format!(
                        "token {position} does not start at byte {}: another tokenizer made it",
                        candidate.position
                    ),
                });
            }
            let with_result = self.syntax.call_with_result(name, args, result);
            let job = *job_of.entry((text, position, with_result.clone())).or_insert(jobs.len());
            if job == jobs.len() {
                let call = if self.settings.drop_arrow || !self.settings.compat.is_paper() {
                    self.syntax.call(name, args)
                } else {
                    self.syntax.call_awaiting(name, args)
                };
                let separator = &self.settings.separator;
                let prefix = |call: &str| self.prefix(&format!("{call}{separator}"));
                let [call, response] = [prefix(&call)?, prefix(&with_result)?];
                for ids in [&call, &response] {
                    check_ids(ids, vocab_size, Some(self.tokenizer))?;
                }
                jobs.push(Job { text, position, call, response });
            }
            job_of_candidate[number] = Some(job);
        }
        let (losses, computed) = self.score::<B>(texts, &jobs)?;
        for (candidate, job) in candidates.iter_mut().zip(job_of_candidate) {
            let threshold = self.settings.threshold(&candidate.tool);
            candidate.judge(job.and_then(|job| losses[job]), threshold);
        }
        Ok(computed)
    }

    fn prefix(&self, call: &str) -> Result<Vec<u32>, TrainError> {
        let mut ids = vec![self.bos];
        ids.extend(self.tokenizer.encode(call)?);
        Ok(ids)
    }

    fn score<B: Backend>(
        &self,
        texts: &[Tokenized<'_>],
        jobs: &[Job],
    ) -> Result<(Vec<Option<Losses>>, usize), TrainError>
    where
        M: CausalLm<B>,
    {
        let bos = [self.bos];
        let context = self.scorer.model().max_positions();
        let places = jobs.iter().map(|job| {
            let prefixes = [&bos[..], &job.call, &job.response];
            let places = self.settings.compat.places(prefixes, &texts[job.text].ids, job.position);
            let fits = places.iter().all(|place| self.scorer.tokens_of(&place.request()) <= context);
            fits.then_some(places)
        });
        let places: Vec<Option<[Place<'_>; 3]>> = places.collect();
        // Equal prefixes of one text are one pass, so that L_i(none) costs a text at most one.
        let requests: Vec<LossRequest<'_>> = places.iter().flatten().flatten().map(Place::request).collect();
        let scored = self.scorer.losses::<B>(&requests);
        check_numbers(scored.values.iter().copied())?;
        let mut losses = scored.values.chunks(3).map(|l| Losses { none: l[0], call: l[1], response: l[2] });
        Ok((
            places.iter().map(|places| places.as_ref().and_then(|_| losses.next())).collect(),
            scored.computed,
        ))
    }
}

/// A call to score at a place.
struct Job {
    text: usize,
    position: usize,
    call: Vec<u32>,
    response: Vec<u32>,
}
