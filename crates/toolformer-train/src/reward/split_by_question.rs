//! Pairs that are held out, with all of their question.

use super::PreferencePair;
use crate::split_by_key::{by_key, split_by_key};

/// The numbers of the pairs of each question, in the order of their first pair.
pub fn by_question(pairs: &[PreferencePair]) -> Vec<Vec<usize>> {
    by_key(pairs, PreferencePair::question)
}

/// Holds out a `part` of the questions, drawn by the seed, each with all of its pairs: no question is on both sides. Returns
/// the pairs to train on and those held out, in their order.
pub fn split_by_question(
    pairs: Vec<PreferencePair>,
    part: f64,
    seed: u64,
) -> (Vec<PreferencePair>, Vec<PreferencePair>) {
    split_by_key(pairs, PreferencePair::question, part, seed)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn pair(question: usize, answer: usize) -> PreferencePair {
        let row = serde_json::json!({"question": question.to_string(), "chosen": answer.to_string(), "rejected": "x"});
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn no_question_is_on_both_sides() {
        let pairs: Vec<PreferencePair> = (0..60).map(|n| pair(n % 20, n)).collect();
        assert_eq!(by_question(&pairs).len(), 20);
        let (train, held_out) = split_by_question(pairs.clone(), 0.2, 1);
        assert_eq!((train.len(), held_out.len()), (48, 12));
        let questions =
            |pairs: &[PreferencePair]| pairs.iter().map(PreferencePair::question).collect::<HashSet<_>>();
        assert!(questions(&train).is_disjoint(&questions(&held_out)));
        assert_eq!(split_by_question(pairs.clone(), 0.2, 1), (train, held_out.clone()));
        assert_ne!(split_by_question(pairs, 0.2, 2).1, held_out);
    }
}
