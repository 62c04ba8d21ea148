//! Scores of texts that begin alike, with no beginning computed twice.

use std::sync::Arc;

use burn::tensor::backend::Backend;
use toolformer_decode::Rows;
use toolformer_model::{SequenceClassifier, TokenBatch};

use crate::training::micro_batches;

/// The first score that a classifier gives to each text of each group, before softmax, and the tokens that it took. What the
/// texts of a group have in common with its longest one goes through the model once. About `batch_tokens` tokens go through
/// it at once.
///
/// # Panics
/// If a text has no tokens.
pub(crate) fn alike_scores<B: Backend, R: AsRef<[u32]>>(
    model: &SequenceClassifier<B>,
    groups: &[Vec<R>],
    batch_tokens: usize,
) -> (Vec<Vec<f32>>, usize) {
    let mut found: Vec<Vec<f32>> = groups.iter().map(|group| vec![0.0; group.len()]).collect();
    let mut computed = 0;
    let mut shared: Vec<Shared<'_>> =
        groups.iter().enumerate().filter_map(|(group, texts)| Shared::new(group, texts)).collect();
    shared.sort_by_key(|shared| shared.ids.len());
    for part in micro_batches(&shared, batch_tokens, |shared| shared.ids.len()) {
        let beginnings: Vec<&[u32]> = part.iter().map(|shared| shared.ids).collect();
        let beginnings = TokenBatch::new(&beginnings);
        let mut rows = Rows::new(&model.body, beginnings.batch(), beginnings.seq());
        let _ = rows.feed(&beginnings);
        computed += rows.computed();
        let prefix = Arc::new(rows.freeze());
        // The number of the prefix' group, and a text behind it.
        let mut rests: Vec<(usize, &Rest<'_>)> = part
            .iter()
            .enumerate()
            .flat_map(|(number, shared)| shared.rests.iter().map(move |rest| (number, rest)))
            .collect();
        rests.sort_by_key(|(_, rest)| rest.ids.len());
        for rests in micro_batches(&rests, batch_tokens, |(_, rest)| rest.ids.len()) {
            let tokens: Vec<&[u32]> = rests.iter().map(|(_, rest)| rest.ids).collect();
            let tokens = TokenBatch::new(&tokens);
            let (group, visible) = rests.iter().map(|(number, rest)| (*number, rest.visible)).unzip();
            let mut rows = Rows::on_prefix(&model.body, &prefix, group, visible, tokens.seq());
            let scores = model.scores_of_states(rows.feed(&tokens), &tokens).into_data(); // [batch, labels]
            computed += rows.computed();
            let first = scores.iter::<f32>().step_by(model.n_labels());
            for ((number, rest), score) in rests.iter().zip(first) {
                found[part[*number].group][rest.text] = score;
            }
        }
    }
    (found, computed)
}

/// What the texts of a group begin with.
struct Shared<'t> {
    group: usize,
    ids: &'t [u32],
    rests: Vec<Rest<'t>>,
}

/// What one of them has behind that.
struct Rest<'t> {
    /// Its number in the group.
    text: usize,
    /// How many of the shared tokens it begins with.
    visible: usize,
    ids: &'t [u32],
}

impl<'t> Shared<'t> {
    /// None of a group without texts.
    fn new<R: AsRef<[u32]>>(group: usize, texts: &'t [R]) -> Option<Self> {
        let longest = texts.iter().map(AsRef::as_ref).max_by_key(|ids| ids.len())?;
        let rest = |(text, ids): (usize, &'t R)| {
            let ids = ids.as_ref();
            let common = ids.iter().zip(longest).take_while(|(a, b)| a == b).count();
            // The score is read at the last token, so that one is left to compute.
            let visible = common.min(ids.len() - 1);
            Rest { text, visible, ids: &ids[visible..] }
        };
        let rests: Vec<Rest<'_>> = texts.iter().enumerate().map(rest).collect();
        let len = rests.iter().map(|rest| rest.visible).max().unwrap_or(0);
        // A batch has no empty rows.
        Some(Self { group, ids: &longest[..len.max(1)], rests })
    }
}
