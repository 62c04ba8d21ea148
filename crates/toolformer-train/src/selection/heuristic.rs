//! The heuristics of each tool.

use rand::Rng as _;
use toolformer_decode::draw_rng;

use super::{
    calculator::{gives_a_result, holds_a_computed_number, holds_three_numbers},
    calendar::date_of,
    language::detect_language,
    stats::{Rule, SelectionStats},
    translation::holds_a_foreign_passage,
};
use crate::texts::{Text, TextId};

/// Part of the texts with three numbers, but nothing more, that is taken.
const OF_THREE_NUMBERS: f64 = 0.01;

/// How texts are selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heuristic {
    /// Something is computed.
    Calculator,
    /// The day of the text is known.
    Calendar,
    /// A passage is in another language.
    Translation,
    /// The paper describes none: every text.
    Every,
}

impl Heuristic {
    /// That of a tool, by the name it has in text.
    pub fn of_tool(tool: &str) -> Self {
        match tool {
            "Calculator" => Self::Calculator,
            "Calendar" => Self::Calendar,
            "MT" => Self::Translation,
            _ => Self::Every,
        }
    }

    /// The first rule that lets a text through. Draws come from the seed and the text's id alone.
    pub fn rule(self, text: &Text, seed: u64) -> Option<Rule> {
        match self {
            Self::Calculator if holds_a_computed_number(&text.text) => Some(Rule::ComputedNumber),
            Self::Calculator if gives_a_result(&text.text) => Some(Rule::GivenResult),
            Self::Calculator => {
                (holds_three_numbers(&text.text) && is_drawn(&text.id, seed)).then_some(Rule::ThreeNumbers)
            }
            Self::Calendar => date_of(text).map(|_| Rule::Dated),
            Self::Translation => {
                holds_a_foreign_passage(&text.text, detect_language).then_some(Rule::ForeignPassage)
            }
            Self::Every => Some(Rule::Every),
        }
    }
}

fn is_drawn(id: &TextId, seed: u64) -> bool {
    draw_rng(seed, &["selection", &id.to_string()]).random_bool(OF_THREE_NUMBERS)
}

/// Selects texts for a tool, and counts.
///
/// ```
/// use toolformer_train::{Selection, Text};
///
/// let mut selection = Selection::for_tool("Calculator", 0);
/// let text = |text: &str| -> Text { serde_json::from_value(serde_json::json!({"id": 0, "text": text})).unwrap() };
/// assert!(selection.takes(&text("3 boxes of 12 make 36 eggs.")));
/// assert!(!selection.takes(&text("The hens are well.")));
/// assert_eq!(selection.stats().dropped, 1);
/// ```
#[derive(Clone, Debug)]
pub struct Selection {
    heuristic: Heuristic,
    seed: u64,
    stats: SelectionStats,
}

impl Selection {
    /// The paper's for a tool, by the name it has in text.
    pub fn for_tool(tool: &str, seed: u64) -> Self {
        Self { heuristic: Heuristic::of_tool(tool), seed, stats: SelectionStats::default() }
    }

    /// Whether a text is worth annotating; it is counted.
    pub fn takes(&mut self, text: &Text) -> bool {
        let rule = self.heuristic.rule(text, self.seed);
        self.stats.count(rule);
        rule.is_some()
    }

    /// The counts so far.
    pub fn stats(&self) -> &SelectionStats {
        &self.stats
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(tool: &str, text: &str, expected: Option<Rule>) {
        let text: Text =
            serde_json::from_value(json!({"id": 0, "text": text, "url": "/2012/03/14/"})).unwrap();
        assert_eq!(Heuristic::of_tool(tool).rule(&text, 0), expected);
    }

    #[test]
    fn each_tool_has_its_rules() {
        check("Calculator", "3 boxes of 12 make 36 eggs", Some(Rule::ComputedNumber));
        check("Calculator", "a total of 3", Some(Rule::GivenResult));
        check("Calculator", "3 boxes", None);
        check("Calendar", "3 boxes", Some(Rule::Dated));
        check("MT", "3 boxes", None);
        check("QA", "3 boxes", Some(Rule::Every));
        check("WikiSearch", "3 boxes", Some(Rule::Every));
    }

    #[test]
    fn a_hundredth_of_the_texts_with_three_numbers_is_drawn_by_id() {
        let text = |id: usize| -> Text {
            serde_json::from_value(json!({"id": id, "text": "born 1867, married 1895, died 1934"})).unwrap()
        };
        let drawn = |order: &mut dyn Iterator<Item = usize>, seed: u64| -> Vec<usize> {
            let mut selection = Selection::for_tool("Calculator", seed);
            let mut drawn: Vec<usize> = order.filter(|&id| selection.takes(&text(id))).collect();
            assert_eq!(selection.stats().by_rule[&Rule::ThreeNumbers], drawn.len());
            assert_eq!(selection.stats().dropped, selection.stats().texts - drawn.len());
            drawn.sort_unstable();
            drawn
        };
        let first = drawn(&mut (0..20_000), 1);
        assert!((150..=250).contains(&first.len()), "{}", first.len());
        assert_eq!(drawn(&mut (0..20_000).rev(), 1), first);
        assert_ne!(drawn(&mut (0..20_000), 2), first);
    }
}
