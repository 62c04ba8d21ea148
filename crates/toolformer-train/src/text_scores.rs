//! Scores of many texts.

use burn::tensor::backend::Backend;
use toolformer_model::{SequenceClassifier, TokenBatch};

use crate::training::micro_batches;

/// The scores that a classifier gives to each of some texts, before softmax, in their order. About `batch_tokens` tokens go
/// through the model at once, texts of like lengths together.
///
/// # Panics
/// If a text has no tokens.
pub fn text_scores<B: Backend, R: AsRef<[u32]>>(
    model: &SequenceClassifier<B>,
    texts: &[R],
    batch_tokens: usize,
) -> Vec<Vec<f32>> {
    let len = |&text: &usize| texts[text].as_ref().len();
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(len);
    let mut found = vec![Vec::new(); texts.len()];
    for part in micro_batches(&order, batch_tokens, len) {
        let rows: Vec<&[u32]> = part.iter().map(|&text| texts[text].as_ref()).collect();
        let scores: Vec<f32> = model.scores(&TokenBatch::new(&rows)).into_data().iter::<f32>().collect(); // [batch, labels]
        for (&text, scores) in part.iter().zip(scores.chunks(model.n_labels())) {
            found[text] = scores.to_vec();
        }
    }
    found
}
