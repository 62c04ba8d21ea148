//! What a run comes to.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{CallCounts, CallSplit, ItemResult, TokenCounts};
use crate::Proportion;

/// The models that the paper sets side by side (section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// The model as it was.
    Plain,
    /// The model fine-tuned on the same texts without calls: "+ CC".
    PlainFinetuned,
    /// The model that was taught tools, kept from calling any.
    ToolformerDisabled,
    /// The model that was taught tools.
    Toolformer,
}

impl Condition {
    /// All, in the paper's order.
    pub const ALL: [Self; 4] =
        [Self::Plain, Self::PlainFinetuned, Self::ToolformerDisabled, Self::Toolformer];
}

/// As in the paper's tables.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::PlainFinetuned => "plain + CC",
            Self::ToolformerDisabled => "Toolformer (disabled)",
            Self::Toolformer => "Toolformer",
        })
    }
}

/// What a run on a task comes to; `eval --json` writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The task's name.
    pub task: String,
    /// Which model.
    pub condition: Condition,
    /// A call starts where its marker is among so many most likely tokens, the k of Table 9; 0: never. None where nothing can be
    /// called, and of texts whose likelihood is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<usize>,
    /// Items.
    pub n: usize,
    /// `accuracy` or `perplexity`, and what else is measured, by name.
    pub metrics: BTreeMap<String, Proportion>,
    /// Calls.
    pub calls: CallCounts,
    /// Accuracy with and without a call.
    pub split: CallSplit,
    /// Accuracy by category.
    pub categories: BTreeMap<String, Proportion>,
    /// Tokens of all items.
    pub tokens: TokenCounts,
    /// What it took.
    pub seconds: f64,
}

/// What the results themselves do not say.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryLabels {
    /// The task's name.
    pub task: String,
    /// Which model.
    pub condition: Condition,
    /// The k of Table 9, as in [`Summary::k`].
    pub k: Option<usize>,
    /// What it took.
    pub seconds: f64,
    /// The seed of the intervals.
    pub seed: u64,
}

impl Summary {
    /// Of a run's results.
    pub fn of(results: &[ItemResult], labels: &SummaryLabels) -> Self {
        let SummaryLabels { task, condition, k, seconds, seed } = labels;
        // A text is neither right nor wrong.
        let judged: &[ItemResult] =
            if results.iter().any(|result| result.likelihood.is_some()) { &[] } else { results };
        let split = CallSplit::of(judged, *seed);
        let mut by_category: BTreeMap<&str, Vec<(Option<&str>, bool)>> = BTreeMap::new();
        let mut tokens = TokenCounts::default();
        for result in results {
            tokens.prompt += result.tokens.prompt;
            tokens.completion += result.tokens.completion;
            if let (Some(category), None) = (&result.category, result.likelihood) {
                by_category.entry(category).or_default().push(result.outcome());
            }
        }
        let categories = by_category.into_iter().filter_map(|(category, right)| {
            Proportion::clustered(right, *seed).map(|part| (category.to_owned(), part))
        });
        let metric = match perplexity(results, *seed) {
            Some(perplexity) => Some(("perplexity".to_owned(), perplexity)),
            None => split.all.map(|part| ("accuracy".to_owned(), part)),
        };
        Self {
            task: task.clone(),
            condition: *condition,
            k: *k,
            n: results.len(),
            metrics: metric.into_iter().collect(),
            calls: CallCounts::of(results),
            split,
            categories: categories.collect(),
            tokens,
            seconds: *seconds,
        }
    }

    /// What the model is called in tables: its condition, and with tools its k.
    pub fn model_name(&self) -> String {
        model_name(self.model())
    }

    /// Which row of a table a run stands in. That k is 0 the condition says already.
    pub(super) fn model(&self) -> (Condition, Option<usize>) {
        let is_taught = self.condition == Condition::Toolformer;
        (self.condition, self.k.filter(|&k| k > 0 && is_taught))
    }

    /// The accuracy; none without items, or of a task that has none.
    pub fn accuracy(&self) -> Option<Proportion> {
        self.metrics.get("accuracy").copied()
    }

    /// The perplexity, with its interval over texts; none of a task that has none.
    pub fn perplexity(&self) -> Option<Proportion> {
        self.metrics.get("perplexity").copied()
    }
}

pub(super) fn model_name((condition, k): (Condition, Option<usize>)) -> String {
    k.map_or_else(|| condition.to_string(), |k| format!("{condition} (k = {k})"))
}

/// `exp` of the mean negative log-likelihood of a token, in nats; texts are drawn whole for its interval.
fn perplexity(results: &[ItemResult], seed: u64) -> Option<Proportion> {
    let likelihoods = results.iter().filter_map(|result| result.likelihood);
    let texts: Vec<(f64, f64)> = likelihoods.map(|found| (found.nats, found.tokens as f64)).collect();
    let Proportion { value, low, high } = Proportion::ratio_of_sums(&texts, seed)?;
    Some(Proportion { value: value.exp(), low: low.exp(), high: high.exp() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Likelihood;

    #[test]
    fn a_summary_goes_into_json_and_back() {
        let result = |id: &str, correct, category: &str| ItemResult {
            id: id.to_owned(),
            correct,
            tokens: TokenCounts { prompt: 10, completion: 2 },
            category: Some(category.to_owned()),
            ..ItemResult::default()
        };
        let results = [result("1", true, "a"), result("2", false, "b"), result("3", true, "b")];
        let labels = SummaryLabels {
            task: "svamp".into(),
            condition: Condition::Toolformer,
            k: Some(10),
            seconds: 1.5,
            seed: 0,
        };
        let summary = Summary::of(&results, &labels);
        assert_eq!(summary.accuracy().unwrap().value, 2.0 / 3.0);
        assert_eq!((summary.categories["a"].value, summary.categories["b"].value), (1.0, 0.5));
        assert_eq!(summary.tokens, TokenCounts { prompt: 30, completion: 6 });
        let json = serde_json::to_value(&summary).unwrap();
        assert_eq!((&json["condition"], &json["n"]), (&"toolformer".into(), &3.into()));
        assert!(json["metrics"]["accuracy"]["low"].is_number() && json["calls"]["rate"].is_number());
        assert_eq!(serde_json::from_value::<Summary>(json).unwrap(), summary);
        assert_eq!(Summary::of(&[], &labels).accuracy(), None);
    }

    #[test]
    fn perplexity_is_that_of_all_tokens_together() {
        let text = |nats, tokens| ItemResult {
            likelihood: Some(Likelihood { nats, tokens }),
            ..ItemResult::default()
        };
        let labels = SummaryLabels {
            task: "texts".into(),
            condition: Condition::Plain,
            k: None,
            seconds: 0.0,
            seed: 0,
        };
        let summary = Summary::of(&[text(30.0, 10), text(0.0, 5)], &labels);
        let found = summary.perplexity().unwrap();
        assert!((found.value - 2.0_f64.exp()).abs() < 1e-9 && found.low < found.value, "{found:?}");
        assert_eq!(summary.accuracy(), None);
    }
}
