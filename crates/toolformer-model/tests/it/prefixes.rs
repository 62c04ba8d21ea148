//! Rows that share prefixes give what they would give alone.

use std::sync::Arc;

use toolformer_model::{CausalLm, KvCache, Llama, Prefix, TokenBatch};

use crate::reference::{B, assert_close, empty_cache, llama, logits, run};

fn frozen(model: &Llama<B>, mut cache: KvCache<B>, rows: &[Vec<u32>]) -> Arc<Prefix<B>> {
    let _ = model.forward(&TokenBatch::new(rows), &mut cache);
    Arc::new(cache.freeze())
}

fn on(model: &Llama<B>, prefix: &Arc<Prefix<B>>, group: &[usize], visible: &[usize]) -> KvCache<B> {
    let (shape, device) = (model.cache_shape(), model.device());
    KvCache::on_prefix(shape, prefix.clone(), group.to_vec(), visible.to_vec(), 8, &device)
}

/// Head [10 tokens] shared by two texts of 6 and 4 tokens; rows go on from places inside them.
#[track_caller]
fn check(group: &[usize], visible: &[usize], next: &[Vec<u32>]) {
    let (model, _) = llama();
    let head: Vec<u32> = (20..30).collect();
    let texts = vec![vec![5, 6, 7, 8, 9, 10], vec![40, 41, 42, 43]];
    let head_prefix = frozen(&model, empty_cache(&model, 1, 16), std::slice::from_ref(&head));
    let text_prefix = frozen(&model, on(&model, &head_prefix, &[0, 0], &[10, 10]), &texts);
    let mut cache = on(&model, &text_prefix, group, visible);
    let found = logits(&model, model.forward(&TokenBatch::new(next), &mut cache));
    let vocab = model.vocab_size();
    for (row, found) in found.iter().enumerate() {
        let whole: Vec<u32> =
            head.iter().chain(&texts[group[row]][..visible[row]]).chain(&next[row]).copied().collect();
        let alone = &run(&model, &[whole])[0];
        let own = next[row].len() * vocab;
        assert_close(&found[..own], &alone[alone.len() - own..], 1e-4);
    }
}

#[test]
fn even_groups_in_order() {
    check(&[0, 0, 1, 1], &[6, 3, 4, 1], &[vec![1], vec![2], vec![3], vec![4]]);
}

#[test]
fn uneven_groups_in_any_order() {
    check(&[1, 0, 1, 0, 0], &[4, 3, 0, 6, 1], &[vec![1], vec![2], vec![3], vec![4], vec![5]]);
}

#[test]
fn a_group_that_nobody_looks_at() {
    check(&[1, 1], &[2, 4], &[vec![1], vec![2]]);
}

#[test]
fn several_tokens_of_unequal_rows() {
    check(&[0, 1, 1], &[5, 4, 2], &[vec![1, 2, 3], vec![2], vec![3, 9]]);
}

#[test]
fn forked_rows_go_on_like_their_parent() {
    let (model, _) = llama();
    let mut cache = empty_cache(&model, 2, 8);
    let _ = model.forward(&TokenBatch::new(&[vec![3, 4, 5], vec![6]]), &mut cache);
    cache.select_rows(&[1, 0, 0]);
    let found = logits(&model, model.forward(&TokenBatch::new(&[[7], [8], [9]]), &mut cache));
    for (found, whole) in found.iter().zip([vec![6, 7], vec![3, 4, 5, 8], vec![3, 4, 5, 9]]) {
        let alone = &run(&model, &[whole])[0];
        assert_close(found, &alone[alone.len() - model.vocab_size()..], 1e-4);
    }
}
