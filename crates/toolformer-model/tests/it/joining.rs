//! Rows that join and leave a running batch give what they would give alone.

use std::sync::Arc;

use proptest::prelude::*;
use toolformer_model::{CausalLm, Context, KvCache, LanguageModel, Seen, TokenBatch};

use crate::reference::{B, assert_close, difference, empty_cache, logits, open, run};

/// What happens to the running batch between two of its steps.
#[derive(Clone, Debug)]
enum Change {
    /// A text joins, this many times; it begins with so many tokens of the text that is known, of which some are
    /// looked at where they are, some copied, and the others read again.
    Join { known: usize, shared: usize, copied: usize, rest: Vec<u32>, times: usize },
    /// A row leaves.
    Leave(usize),
    /// A row's last tokens are taken back.
    TakeBack(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let ids = prop::collection::vec(1u32..60, 1..7);
    prop_oneof![
        3 => (0..=KNOWN.len(), 0..9usize, 0..9usize, ids, 1..3usize).prop_map(
            |(known, shared, copied, rest, times)| Change::Join { known, shared, copied, rest, times }
        ),
        1 => (0..8usize).prop_map(Change::Leave),
        1 => (0..8usize, 1..3usize).prop_map(|(row, tokens)| Change::TakeBack(row, tokens)),
    ]
}

const KNOWN: [u32; 8] = [20, 31, 22, 33, 24, 35, 26, 37];

/// The batch that runs, and what each of its rows has seen.
struct Running<'m> {
    model: &'m LanguageModel<B>,
    cache: KvCache<B>,
    texts: Vec<Vec<u32>>,
}

impl Running<'_> {
    fn apply(&mut self, change: &Change, known: &KvCache<B>) {
        match change {
            Change::Join { known: begins, shared, copied, rest, times } => {
                let (shared, copied) = (shared.min(begins), copied.min(begins));
                let shared = (*shared).min(begins - copied);
                let part = |range: std::ops::Range<usize>| {
                    let (tokens, more) = (range.len(), (range.end + 1).min(KNOWN.len()));
                    // More is known than is seen.
                    let seen = || Seen { prefix: Arc::new(known.copy_of(0, range.start..more)), tokens };
                    Vec::from_iter((tokens > 0).then(seen))
                };
                let context = Context { shared: part(0..shared), copied: part(shared..shared + copied) };
                let text = [&KNOWN[..*begins], rest].concat();
                let (shape, device) = (self.model.cache_shape(), self.model.device());
                // Read together with another of unequal length, which does not join.
                let other = Context { shared: vec![], copied: part(0..5) };
                let mut read = KvCache::on_contexts(shape, &[other, context], 4, &device);
                let fed = [&[7][..], &text[shared + copied..]];
                let _ = self.model.forward(&TokenBatch::new(&fed), &mut read);
                self.cache.join(&read, &vec![1; *times], 4);
                self.texts.extend(vec![text; *times]);
            }
            Change::Leave(row) if *row < self.texts.len() => {
                self.cache.swap_remove(*row);
                self.texts.swap_remove(*row);
            }
            Change::TakeBack(row, tokens) if *row < self.texts.len() => {
                let tokens = (*tokens).min(self.cache.own_tokens(*row));
                self.cache.take_back(*row, tokens);
                let len = self.texts[*row].len();
                self.texts[*row].truncate(len - tokens);
            }
            _ => {}
        }
    }

    /// Feeds every row two tokens; the greatest difference from the row alone.
    fn step(&mut self, number: usize) -> f32 {
        if self.texts.is_empty() {
            return 0.0;
        }
        let next = |row: usize| [1 + ((7 * row + number) % 50) as u32, 9];
        let fed: Vec<[u32; 2]> = (0..self.texts.len()).map(next).collect();
        let found = logits(self.model, self.model.forward(&TokenBatch::new(&fed), &mut self.cache));
        let mut worst = 0.0f32;
        for ((text, fed), found) in self.texts.iter_mut().zip(&fed).zip(found) {
            text.extend(fed);
            let alone = &run(self.model, std::slice::from_ref(text))[0];
            worst = worst.max(difference(&found, &alone[alone.len() - found.len()..]));
        }
        worst
    }
}

#[track_caller]
fn check(family: &str, cases: u32) {
    let (model, _) = open(family);
    let mut known = empty_cache(&model, 1, 8);
    let _ = model.forward(&TokenBatch::new(&[KNOWN]), &mut known);
    let changes = prop::collection::vec(prop::collection::vec(change(), 0..3), 1..8);
    proptest!(ProptestConfig { cases, ..ProptestConfig::default() }, |(changes in changes)| {
        let mut running = Running { model: &model, cache: empty_cache(&model, 0, 0), texts: Vec::new() };
        for (number, changes) in changes.iter().enumerate() {
            changes.iter().for_each(|change| running.apply(change, &known));
            let worst = running.step(number);
            prop_assert!(worst <= 1e-4, "greatest difference {}", worst);
        }
    });
}

#[test]
fn in_a_llama() {
    check("llama", 64);
}

/// Windows go by positions, not by columns.
#[test]
fn in_a_model_with_sliding_windows() {
    check("gemma3", 32);
}

/// Learnt positions.
#[test]
fn in_a_gpt2() {
    check("gpt2", 32);
}

/// Keys scaled by their positions.
#[test]
fn in_a_palm_with_xpos() {
    check("palm_rlhf", 32);
}

#[test]
fn a_batch_that_emptied_runs_on() {
    let (model, _) = open("llama");
    let mut cache = empty_cache(&model, 1, 2);
    let _ = model.forward(&TokenBatch::new(&[[3, 4, 5]]), &mut cache);
    cache.swap_remove(0);
    let mut read = empty_cache(&model, 2, 8);
    let _ = model.forward(&TokenBatch::new(&[vec![3, 4, 5], vec![6]]), &mut read);
    cache.join(&read, &[1, 0], 2);
    let found = logits(&model, model.forward(&TokenBatch::new(&[[7], [8]]), &mut cache));
    for (found, whole) in found.iter().zip([vec![6, 7], vec![3, 4, 5, 8]]) {
        let alone = &run(&model, &[whole])[0];
        assert_close(found, &alone[alone.len() - model.vocab_size()..], 1e-4);
    }
}
