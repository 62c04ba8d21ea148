//! The metrics by name.

use serde::{Deserialize, Serialize};
use toolformer_text::Syntax;

use super::{contains_answer, first_number, number_in, without_calls};
use crate::{EvalError, Item};

/// How an output is scored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Metric {
    /// Right if an answer stands within the first words (LAMA, question answering; section 4.2): [`contains_answer`].
    WithinFirstWords {
        /// So many words count.
        words: usize,
    },
    /// Right if the first number is the answer's (mathematics; section 4.2): [`first_number`].
    FirstNumber {
        /// So far the two may lie apart. The default, 0.005, takes a quotient of two decimals for what it rounds.
        #[serde(default = "two_decimals")]
        tolerance: f64,
    },
    /// How likely the texts are; there is nothing to be right or wrong. Whoever runs the model computes it.
    Perplexity,
    /// Right if the calls are those that were asked for: [`FunctionCase::judge`](crate::FunctionCase::judge).
    FunctionCalls,
}

fn two_decimals() -> f64 {
    0.005
}

/// What a metric says of an output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Whether it is right.
    pub correct: bool,
    /// What was taken for the answer: the first words, or the number. Empty if there is none.
    pub prediction: String,
}

impl Metric {
    /// Scores what a model wrote after the prompt. Calls, with their results, are taken out first: it is the model
    /// that has to say the answer.
    ///
    /// # Errors
    /// If the item has no answer that the metric can compare with, or the metric is not about the output's text.
    pub fn score(&self, output: &str, item: &Item, syntax: &Syntax) -> Result<Score, EvalError> {
        let refuse = |why: &str| Err(EvalError::Item { id: item.id.clone(), why: why.to_owned() });
        if item.answers.is_empty() && !matches!(self, Self::Perplexity | Self::FunctionCalls) {
            return refuse("has no answer; give one, or leave the item out");
        }
        let said = without_calls(output, syntax);
        match *self {
            Self::WithinFirstWords { words } => {
                let first: Vec<&str> = said.split_whitespace().take(words).collect();
                let prediction = first.join(" ");
                let correct = item.answers.iter().any(|answer| contains_answer(&prediction, answer));
                Ok(Score { correct, prediction })
            }
            Self::FirstNumber { tolerance } => {
                let golds: Vec<f64> = item.answers.iter().filter_map(|answer| number_in(answer)).collect();
                if golds.is_empty() {
                    return refuse("has no number as its answer; give one, or take another metric");
                }
                let number = first_number(&said);
                let near = |found: f64, gold: f64| (found - gold).abs() <= tolerance + 1e-9 * gold.abs();
                let correct = number.is_some_and(|found| golds.iter().any(|&gold| near(found, gold)));
                Ok(Score { correct, prediction: number.map(|number| number.to_string()).unwrap_or_default() })
            }
            Self::Perplexity => {
                refuse("is a text whose perplexity is asked for; there is no output to score")
            }
            Self::FunctionCalls => refuse("is scored by its calls; use FunctionCase::judge"),
        }
    }

    /// Whether the score is settled, whatever a model still writes behind `output`: more than the first words are
    /// there, or the line of the first number has ended. A runner may stop then.
    pub fn is_settled(&self, output: &str, syntax: &Syntax) -> bool {
        match *self {
            Self::WithinFirstWords { words } => {
                without_calls(output, syntax).split_whitespace().count() > words
            }
            // An `=` further on in the line of the first number would make another one the answer.
            Self::FirstNumber { .. } => {
                let said = without_calls(output, syntax);
                said.rsplit_once('\n').is_some_and(|(lines, _)| first_number(lines).is_some())
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(metric: Metric, output: &str, answers: &[&str], correct: bool, prediction: &str) {
        let item = Item::new("1", answers.iter().map(|&answer| answer.to_owned()).collect());
        let score = metric.score(output, &item, &Syntax::default()).unwrap();
        assert_eq!((score.correct, score.prediction.as_str()), (correct, prediction));
    }

    #[test]
    fn only_the_first_words_count() {
        let five = Metric::WithinFirstWords { words: 5 };
        check(five, " the city of Paris, France.", &["Paris"], true, "the city of Paris, France.");
        check(five, "one two three four five Paris", &["Paris"], false, "one two three four five");
        check(five, "one two three New York", &["new york"], true, "one two three New York");
        check(five, "one two three four New York", &["New York"], false, "one two three four New");
        check(five, "Parisian", &["Paris"], false, "Parisian");
        check(five, "", &["Paris"], false, "");
    }

    #[test]
    fn what_a_call_says_is_not_said_by_the_model() {
        let five = Metric::WithinFirstWords { words: 5 };
        check(five, " [QA(\"capital?\") -> Paris] Rome.", &["Paris"], false, "Rome.");
        check(five, " a [QA(x) -> one two three four] b c d Paris", &["Paris"], true, "a b c d Paris");
        let number = Metric::FirstNumber { tolerance: 0.0 };
        check(number, " [Calculator(4 + 8) -> 12] 13", &["12"], false, "13");
        check(number, " [Calculator(4 + 8", &["4"], false, "");
        assert!(!five.is_settled("a b c d [QA(x) -> e] f", &Syntax::default()));
        assert!(five.is_settled("a b c d e f", &Syntax::default()));
        assert!(!number.is_settled("\n12 apples", &Syntax::default()));
        assert!(number.is_settled("\n12 apples\n", &Syntax::default()));
        assert!(!number.is_settled("[Calculator(4 + 8) -> 12]\nso", &Syntax::default()));
    }

    #[test]
    fn numbers_are_equal_within_the_tolerance() {
        let rounded = Metric::FirstNumber { tolerance: two_decimals() };
        check(rounded, " 3.33.", &["3.3333333"], true, "3.33");
        check(rounded, " 3.3", &["3.3333333"], false, "3.3");
        check(rounded, " 7", &["51.0", "7 (apples)"], true, "7");
        check(rounded, " none", &["0"], false, "");
    }

    #[test]
    fn an_item_without_an_answer_is_an_error_and_no_failure() {
        let score = |metric: Metric, answers: &[&str]| {
            let item = Item::new("7", answers.iter().map(|&answer| answer.to_owned()).collect());
            metric.score("1", &item, &Syntax::default()).unwrap_err().to_string()
        };
        assert!(score(Metric::WithinFirstWords { words: 5 }, &[]).starts_with("item `7` has no answer"));
        assert!(score(Metric::FirstNumber { tolerance: 0.0 }, &["x"]).contains("no number"));
        assert!(score(Metric::Perplexity, &[]).contains("perplexity"));
    }
}
