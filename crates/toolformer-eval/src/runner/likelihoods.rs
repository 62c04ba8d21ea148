//! How likely texts are.

use burn::tensor::backend::Backend;
use toolformer_filter::{LossWeights, Scorer};
use toolformer_model::{CausalLm, check_ids};

use super::{TaskRun, row_of};
use crate::{EvalError, Item, ItemResult, Likelihood, TokenCounts};

/// Characters of a text that its row begins with: so many tell it from the text of another set.
const BEGIN: usize = 120;

/// A part of a text that the model looks at, and how many of its last tokens are new.
#[derive(Debug, PartialEq)]
struct Window {
    from: usize,
    to: usize,
    new: usize,
}

/// The first token of a text is given, not predicted; every other is predicted once. What lies behind the first window is
/// predicted from at least half of one.
fn windows(tokens: usize, longest: usize) -> Vec<Window> {
    let longest = longest.max(2);
    let mut windows = Vec::new();
    let mut done = 1;
    while done < tokens {
        let to = match done {
            1 => tokens.min(longest),
            _ => tokens.min(done + longest / 2),
        };
        windows.push(Window { from: to.saturating_sub(longest), to, new: to - done });
        done = to;
    }
    windows
}

impl<M> TaskRun<'_, M> {
    /// The likelihood of each text as it is read in training, with the token that begins a text where the tokenizer puts one;
    /// without any change of the scores for calls.
    pub(super) fn likelihoods<B: Backend>(
        &self,
        unit: &[Item],
        told: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<ItemResult>, EvalError>
    where
        M: CausalLm<B>,
    {
        let longest = self.settings.window.min(self.model.max_positions());
        let mut texts: Vec<Vec<u32>> = Vec::with_capacity(unit.len());
        let mut begins = Vec::with_capacity(unit.len());
        for item in unit {
            let text = self.task.prompt_of(item)?;
            begins.push(text.chars().take(BEGIN).collect::<String>());
            let ids = self.tokenizer.encode_with_special(&text)?;
            check_ids(&ids, self.model.vocab_size(), Some(self.tokenizer))?;
            texts.push(ids);
        }
        let windows: Vec<(usize, Window)> = texts
            .iter()
            .enumerate()
            .flat_map(|(text, ids)| windows(ids.len(), longest).into_iter().map(move |window| (text, window)))
            .collect();
        let pairs: Vec<(&[u32], &[u32])> =
            windows.iter().map(|(text, window)| texts[*text][window.from..window.to].split_at(1)).collect();
        let scorer = Scorer::new(self.model, LossWeights::paper(), self.settings.batch_tokens);
        let mut found = vec![Likelihood::default(); unit.len()];
        // Parts, so that somebody who waits sees how it goes on.
        for (windows, pairs) in windows.chunks(16).zip(pairs.chunks(16)) {
            let scored = scorer.text_log_probs::<B>(pairs);
            for ((text, window), log_probs) in windows.iter().zip(&scored.values) {
                let new = &log_probs[log_probs.len() - window.new..];
                found[*text].nats -= new.iter().map(|&log_prob| f64::from(log_prob)).sum::<f64>();
                found[*text].tokens += new.len();
            }
            told(0, scored.computed);
        }
        told(unit.len(), 0);
        let row = |((item, likelihood), prompt): ((&Item, Likelihood), String)| ItemResult {
            prompt,
            likelihood: Some(likelihood),
            tokens: TokenCounts { prompt: likelihood.tokens, completion: 0 },
            ..row_of(item)
        };
        Ok(unit.iter().zip(found).zip(begins).map(row).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_but_the_first_is_predicted_once() {
        let window = |from, to, new| Window { from, to, new };
        assert_eq!(windows(0, 8), []);
        assert_eq!(windows(1, 8), []);
        assert_eq!(windows(5, 8), [window(0, 5, 4)]);
        assert_eq!(windows(8, 8), [window(0, 8, 7)]);
        assert_eq!(windows(14, 8), [window(0, 8, 7), window(4, 12, 4), window(6, 14, 2)]);
        for (tokens, longest) in [(1_000, 7), (33, 2), (2, 2), (129, 64)] {
            let windows = windows(tokens, longest);
            assert_eq!(windows.iter().map(|window| window.new).sum::<usize>(), tokens - 1);
            assert!(
                windows
                    .iter()
                    .all(|window| window.to - window.from <= longest && window.new < window.to - window.from)
            );
        }
    }
}
