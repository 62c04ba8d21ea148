//! Rows that share prefixes give what they would give alone.

use std::sync::Arc;

use toolformer_model::{CausalLm, KvCache, LanguageModel, Prefix, TokenBatch, forward_in_chunks};

use crate::reference::{B, assert_close, difference, empty_cache, logits, open, run};

/// Rows that go on from places inside the texts: which text, how much of it, and with what.
pub(crate) struct Shape {
    group: &'static [usize],
    visible: &'static [usize],
    next: &'static [&'static [u32]],
}

const EVEN: Shape = Shape { group: &[0, 0, 1, 1], visible: &[6, 3, 4, 1], next: &[&[1], &[2], &[3], &[4]] };
const UNEVEN: Shape =
    Shape { group: &[1, 0, 1, 0, 0], visible: &[4, 3, 0, 6, 1], next: &[&[1], &[2], &[3], &[4], &[5]] };
const UNUSED_GROUP: Shape = Shape { group: &[1, 1], visible: &[2, 4], next: &[&[1], &[2]] };
const UNEQUAL_ROWS: Shape =
    Shape { group: &[0, 1, 1], visible: &[5, 4, 2], next: &[&[1, 2, 3], &[2], &[3, 9]] };

pub(crate) const SHAPES: [Shape; 4] = [EVEN, UNEVEN, UNUSED_GROUP, UNEQUAL_ROWS];

fn frozen(model: &LanguageModel<B>, mut cache: KvCache<B>, rows: &[Vec<u32>]) -> Arc<Prefix<B>> {
    let _ = model.forward(&TokenBatch::new(rows), &mut cache);
    Arc::new(cache.freeze())
}

fn on(model: &LanguageModel<B>, prefix: &Arc<Prefix<B>>, group: &[usize], visible: &[usize]) -> KvCache<B> {
    let (shape, device) = (model.cache_shape(), model.device());
    KvCache::on_prefix(shape, prefix.clone(), group.to_vec(), visible.to_vec(), 8, &device)
}

/// Head [10 tokens] shared by two texts of 6 and 4 tokens; rows go on from places inside them.
#[track_caller]
pub(crate) fn difference_on(model: &LanguageModel<B>, Shape { group, visible, next }: &Shape) -> f32 {
    let head: Vec<u32> = (20..30).collect();
    let texts = vec![vec![5, 6, 7, 8, 9, 10], vec![40, 41, 42, 43]];
    let head_prefix = frozen(model, empty_cache(model, 1, 16), std::slice::from_ref(&head));
    let text_prefix = frozen(model, on(model, &head_prefix, &[0, 0], &[10, 10]), &texts);
    let mut cache = on(model, &text_prefix, group, visible);
    let found = logits(model, model.forward(&TokenBatch::new(next), &mut cache));
    let vocab = model.vocab_size();
    let mut worst = 0.0f32;
    for (row, found) in found.iter().enumerate() {
        let whole: Vec<u32> =
            head.iter().chain(&texts[group[row]][..visible[row]]).chain(next[row]).copied().collect();
        let alone = &run(model, &[whole])[0];
        let own = next[row].len() * vocab;
        worst = worst.max(difference(&found[..own], &alone[alone.len() - own..]));
    }
    worst
}

#[track_caller]
fn check(shape: &Shape) {
    let worst = difference_on(&open("llama").0, shape);
    assert!(worst <= 1e-4, "greatest difference {worst}");
}

#[test]
fn even_groups_in_order() {
    check(&EVEN);
}

#[test]
fn uneven_groups_in_any_order() {
    check(&UNEVEN);
}

#[test]
fn a_group_that_nobody_looks_at() {
    check(&UNUSED_GROUP);
}

#[test]
fn several_tokens_of_unequal_rows() {
    check(&UNEQUAL_ROWS);
}

#[test]
fn forked_rows_go_on_like_their_parent() {
    let (model, _) = open("llama");
    let mut cache = empty_cache(&model, 2, 8);
    let _ = model.forward(&TokenBatch::new(&[vec![3, 4, 5], vec![6]]), &mut cache);
    cache.select_rows(&[1, 0, 0]);
    let found = logits(&model, model.forward(&TokenBatch::new(&[[7], [8], [9]]), &mut cache));
    for (found, whole) in found.iter().zip([vec![6, 7], vec![3, 4, 5, 8], vec![3, 4, 5, 9]]) {
        let alone = &run(&model, &[whole])[0];
        assert_close(found, &alone[alone.len() - model.vocab_size()..], 1e-4);
    }
}

#[test]
fn a_long_text_in_pieces_gives_what_it_gives_whole() {
    let (model, _) = open("llama");
    let text: Vec<u32> = (0..1300).map(|at| 3 + at * 7 % 50).collect();
    let tokens = TokenBatch::new(std::slice::from_ref(&text));
    let hidden = forward_in_chunks(&model, &tokens, &mut empty_cache(&model, 1, text.len()));
    assert_eq!(hidden.dims()[..2], [1, 1300]);
    assert_close(&logits(&model, hidden)[0], &run(&model, &[text])[0], 1e-4);
}
