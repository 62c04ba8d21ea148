//! What a token must not see: what comes behind it, padding, and what is outside its window.

use burn::tensor::{Tensor, TensorData, backend::Backend};

use crate::{
    kv_cache::{KvCache, PrefixView},
    token_batch::TokenBatch,
};

/// Scores of tokens that must not be seen; finite, so that rows of padding give no NaN.
const MASKED: f32 = -1e30;

/// The mask over prefixes and own columns, or none where every query sees every key.
pub(crate) fn mask<B: Backend>(
    tokens: &TokenBatch,
    cache: &KvCache<B>,
    n_heads: usize,
    window: Option<usize>,
) -> Option<Tensor<B, 3>> {
    let [batch, seq, n_kv_heads] = [tokens.batch(), tokens.seq(), cache.shape().n_kv_heads];
    let views: Vec<_> = cache.prefixes.iter().filter(|view| view.prefix.width() > 0).collect();
    let sees_all = views.iter().all(|view| view.visible.iter().all(|&seen| seen == view.prefix.width()));
    let within = window.is_none_or(|window| cache.positions().iter().all(|&len| len <= window));
    if seq == 1 && sees_all && within && !cache.has_padding() {
        return None;
    }
    let prefix_width: usize = views.iter().map(|view| view.prefix.width()).sum();
    let width = prefix_width + cache.columns();
    let before = cache.columns() - seq;
    let per_head = n_heads / n_kv_heads;
    let mut row_masks = vec![0.0f32; batch * seq * width];
    for row in 0..batch {
        // Positions and columns differ by padding and by what is not seen of a prefix: a window is over positions.
        let key_positions = window.map(|_| key_positions(cache, &views, row));
        for query in 0..seq {
            let mask = &mut row_masks[(row * seq + query) * width..][..width];
            let mut start = 0;
            for view in &views {
                mask[start + view.visible[row]..start + view.prefix.width()].fill(MASKED);
                start += view.prefix.width();
            }
            for (column, mask) in mask[start..].iter_mut().enumerate() {
                if column > before + query || !cache.is_valid(row, column) {
                    *mask = MASKED;
                }
            }
            if let (Some(window), Some(positions)) = (window, &key_positions) {
                let own = positions[prefix_width + before + query];
                let too_far = |&(_, &position): &(_, &usize)| position + window <= own;
                mask.iter_mut().zip(positions).filter(too_far).for_each(|(mask, _)| *mask = MASKED);
            }
        }
    }
    // Repeated for every head here: broadcasting an inner axis is much slower than one contiguous sum a block.
    let mut mask = Vec::with_capacity(row_masks.len() * n_heads);
    for _ in 0..n_kv_heads {
        for row in row_masks.chunks(seq * width) {
            for _ in 0..per_head {
                mask.extend_from_slice(row);
            }
        }
    }
    let shape = [n_kv_heads, batch * per_head * seq, width];
    Some(Tensor::from_data(TensorData::new(mask, shape), cache.device()))
}

/// The position of every key that a row could see, prefixes first; of padding, that of the next token.
fn key_positions<B: Backend>(cache: &KvCache<B>, views: &[&PrefixView<B>], row: usize) -> Vec<usize> {
    let mut positions = Vec::new();
    let mut first = 0;
    for view in views {
        positions.extend(first..first + view.prefix.width());
        first += view.visible[row];
    }
    for column in 0..cache.columns() {
        positions.push(first);
        first += usize::from(cache.is_valid(row, column));
    }
    positions
}
