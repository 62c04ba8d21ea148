//! What may be set for each tool on its own.

use serde::{Deserialize, Serialize};

use crate::{
    annotate_settings::AnnotateSettings, error::TrainError, few_shot_prompt::FewShotPrompt,
    filter_stage::FilterSettings, teach_settings::is_zero, weave::check_max_examples,
};

/// The settings of a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSettings {
    /// Positions need `p_i > tau_s`.
    pub tau_s: f64,
    /// Most positions of a text.
    pub k: usize,
    /// Samples at each position.
    pub m: usize,
    /// A call is kept if `L- - L+ >= tau_f + cost_weight * cost`, in nats.
    pub tau_f: f64,
    /// What a call costs, in units of one's own; see [`FilterSettings::cost_weight`].
    #[serde(skip_serializing_if = "is_zero", default)]
    pub cost: f64,
    /// Most calls that are woven, over all texts; the best are. None: all that were kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max_examples: Option<usize>,
    /// Whether only texts are annotated that [`Selection`](crate::Selection) takes.
    pub select: bool,
}

impl ToolSettings {
    /// Those of the paper (appendix A, table 2), by the name that a tool has in text. Tools that it does not know have
    /// those of most that it does.
    pub fn paper(tool: &str) -> Self {
        let (tau_s, k, m, tau_f) = match tool {
            "Calculator" | "MT" => (0.0, 20, 10, 0.5),
            _ => (0.05, 5, 5, 1.0),
        };
        Self { tau_s, k, m, tau_f, cost: 0.0, max_examples: None, select: false }
    }

    /// How calls to the tool are sampled, where `common` holds what is the same for all tools.
    pub fn annotate(&self, common: &AnnotateSettings) -> AnnotateSettings {
        let &Self { tau_s, k, m, .. } = self;
        AnnotateSettings { tau_s, k, m, ..common.clone() }
    }

    /// # Errors
    /// If a value is out of range.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.annotate(&AnnotateSettings::default()).validate()?;
        let cost_of = [(String::new(), self.cost)].into();
        FilterSettings { tau_f: self.tau_f, cost_of, ..FilterSettings::default() }.validate()?;
        self.max_examples.map_or(Ok(()), check_max_examples)
    }
}

/// Settings of a tool as far as they were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GivenSettings {
    /// See [`ToolSettings::tau_s`].
    pub tau_s: Option<f64>,
    /// See [`ToolSettings::k`].
    pub k: Option<usize>,
    /// See [`ToolSettings::m`].
    pub m: Option<usize>,
    /// See [`ToolSettings::tau_f`].
    pub tau_f: Option<f64>,
    /// See [`ToolSettings::cost`].
    pub cost: Option<f64>,
    /// See [`ToolSettings::max_examples`].
    pub max_examples: Option<usize>,
    /// See [`ToolSettings::select`].
    pub select: Option<bool>,
    /// The few-shot prompt.
    pub prompt: Option<FewShotPrompt>,
}

impl GivenSettings {
    /// These, and what they leave open from others.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            tau_s: self.tau_s.or(other.tau_s),
            k: self.k.or(other.k),
            m: self.m.or(other.m),
            tau_f: self.tau_f.or(other.tau_f),
            cost: self.cost.or(other.cost),
            max_examples: self.max_examples.or(other.max_examples),
            select: self.select.or(other.select),
            prompt: self.prompt.or(other.prompt),
        }
    }

    /// These, and what they leave open from the paper's for a tool.
    pub fn or_paper(&self, tool: &str) -> ToolSettings {
        let paper = ToolSettings::paper(tool);
        ToolSettings {
            tau_s: self.tau_s.unwrap_or(paper.tau_s),
            k: self.k.unwrap_or(paper.k),
            m: self.m.unwrap_or(paper.m),
            tau_f: self.tau_f.unwrap_or(paper.tau_f),
            cost: self.cost.unwrap_or(paper.cost),
            max_examples: self.max_examples.or(paper.max_examples),
            select: self.select.unwrap_or(paper.select),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_paper(tool: &str, expected: (f64, usize, usize, f64)) {
        let found = ToolSettings::paper(tool);
        assert_eq!((found.tau_s, found.k, found.m, found.tau_f), expected);
        assert_eq!((found.max_examples, found.select), (None, false));
    }

    #[test]
    fn the_papers_table() {
        check_paper("QA", (0.05, 5, 5, 1.0));
        check_paper("WikiSearch", (0.05, 5, 5, 1.0));
        check_paper("Calculator", (0.0, 20, 10, 0.5));
        check_paper("Calendar", (0.05, 5, 5, 1.0));
        check_paper("MT", (0.0, 20, 10, 0.5));
        check_paper("Mine", (0.05, 5, 5, 1.0));
    }

    #[test]
    fn the_defaults_of_a_run_are_the_calculators() {
        let paper = ToolSettings::paper("Calculator");
        assert_eq!(paper.annotate(&AnnotateSettings::default()), AnnotateSettings::default());
        assert_eq!(FilterSettings::default().tau_f.to_bits(), paper.tau_f.to_bits());
    }

    #[test]
    fn what_is_given_goes_before_what_is_not() {
        let [first, second] = [(Some(3), None), (Some(4), Some(2))].map(|(k, m)| GivenSettings {
            k,
            m,
            ..GivenSettings::default()
        });
        let found = first.or(second).or_paper("QA");
        assert_eq!(found, ToolSettings { k: 3, m: 2, ..ToolSettings::paper("QA") });
    }
}
