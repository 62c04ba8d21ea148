//! The filter of toolformer-pytorch: calls are scored where they stand, and weights are not normalised.

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm, check_ids, check_numbers};

use crate::{
    criterion::Losses,
    error::FilterError,
    loss_weights::LossWeights,
    scorer::{LossRequest, Scorer},
};

/// How texts with calls in them are filtered.
#[derive(Clone, Debug, PartialEq)]
pub struct InPlaceFilter {
    /// The token that begins a call.
    pub api_start_token_id: u32,
    /// The token that ends it.
    pub api_end_token_id: u32,
    /// A call is kept if `L- - L+` is at least that, in nats.
    pub filter_threshold: f64,
    /// The weights of the tokens behind the call.
    pub weights: LossWeights,
    /// Most tokens of a batch.
    pub batch_tokens: usize,
}

impl InPlaceFilter {
    /// As in toolformer-pytorch: its weights, and a threshold of 1.
    pub fn new(api_start_token_id: u32, api_end_token_id: u32) -> Self {
        Self {
            api_start_token_id,
            api_end_token_id,
            filter_threshold: 1.0,
            weights: LossWeights::lucidrains(),
            batch_tokens: 2048,
        }
    }
}

/// What was kept, and what not.
#[derive(Clone, Debug, PartialEq)]
pub struct FilteredResults {
    /// Texts whose calls help.
    pub num_passed: usize,
    /// Those whose calls do not.
    pub num_failed: usize,
    /// The numbers of the texts that passed.
    pub selected_indices: Vec<usize>,
    /// Of every text, whether it passed.
    pub selected_mask: Vec<bool>,
    /// Of every text, its three losses, in nats.
    pub losses: Vec<Losses>,
    /// The texts that passed, without calls.
    pub filtered_tokens: Vec<Vec<u32>>,
    /// The same with their calls.
    pub filtered_tokens_without_api_response: Vec<Vec<u32>>,
    /// The same with calls and responses.
    pub filtered_tokens_with_api_response: Vec<Vec<u32>>,
}

/// `filter_tokens_with_api_response` of toolformer-pytorch: which of the calls, each in the place where it stands in its text,
/// make what follows more likely by the threshold?
///
/// The loss of a text with a call is taken over the tokens behind its first `api_end_token_id`; that of the text without,
/// over those from the place of the first `api_start_token_id` on, so that a text must be the same but for its call. A text
/// without these tokens has the loss 0, as there. Only what has a weight is computed. (There a probability below 1e-20
/// counts as 1e-20.)
///
/// # Shapes
/// - `tokens`, `tokens_without_api_response`, `tokens_with_api_response`: `[batch][seq]`, ids; rows may differ in length
///
/// # Errors
/// If the three differ in their number of texts, a text is empty, too long for the context, or has an id that the model has
/// not, the threshold is no number, or the model computes NaN.
pub fn filter_tokens_with_api_response<B: Backend, M: CausalLm<B>>(
    model: &M,
    tokens: &[Vec<u32>],
    tokens_without_api_response: &[Vec<u32>],
    tokens_with_api_response: &[Vec<u32>],
    filter: &InPlaceFilter,
) -> Result<FilteredResults, FilterError> {
    let forms = [tokens, tokens_without_api_response, tokens_with_api_response];
    check(model, forms, filter.filter_threshold)?;
    // Of every row in each of its forms, the first token whose loss counts; 0 for none, as nothing predicts the first.
    let start = |row: &[u32]| place(&row[1..], filter.api_start_token_id).map_or(0, |at| at + 1);
    let behind_end =
        |row: &[u32]| place(&row[..row.len() - 1], filter.api_end_token_id).map_or(0, |at| at + 1);
    let rows = tokens.iter().zip(tokens_without_api_response).zip(tokens_with_api_response);
    let places: Vec<[(&[u32], usize); 3]> = rows
        .map(|((plain, without), with)| {
            let from = start(without);
            let from = if from < plain.len() { from } else { 0 };
            [(&plain[..], from), (&without[..], behind_end(without)), (&with[..], behind_end(with))]
        })
        .collect();
    let counted = || places.iter().flatten().filter(|(_, from)| *from > 0);
    let requests: Vec<LossRequest<'_>> = counted()
        .map(|&(row, from)| LossRequest { prefix: &row[..1], text: &row[1..], position: from - 1 })
        .collect();
    let scorer = Scorer::new(model, filter.weights.clone(), filter.batch_tokens);
    let mut found = scorer.losses::<B>(&requests).values.into_iter();
    let mut losses = Vec::with_capacity(places.len());
    for (row, forms) in places.iter().enumerate() {
        let of = forms.map(|(_, from)| if from > 0 { found.next().unwrap_or(f64::NAN) } else { 0.0 });
        check_numbers(of).map_err(|source| FilterError::Model { row, source })?;
        losses.push(Losses { none: of[0], call: of[1], response: of[2] });
    }
    let selected_mask: Vec<bool> =
        losses.iter().map(|losses| losses.keeps(filter.filter_threshold)).collect();
    let selected_indices: Vec<usize> = (0..losses.len()).filter(|&row| selected_mask[row]).collect();
    let kept = |form: &[Vec<u32>]| selected_indices.iter().map(|&row| form[row].clone()).collect();
    Ok(FilteredResults {
        num_passed: selected_indices.len(),
        num_failed: losses.len() - selected_indices.len(),
        filtered_tokens: kept(tokens),
        filtered_tokens_without_api_response: kept(tokens_without_api_response),
        filtered_tokens_with_api_response: kept(tokens_with_api_response),
        selected_indices,
        selected_mask,
        losses,
    })
}

fn place(row: &[u32], id: u32) -> Option<usize> {
    row.iter().position(|&token| token == id)
}

fn check<B: Backend, M: CausalLm<B>>(
    model: &M,
    forms: [&[Vec<u32>]; 3],
    threshold: f64,
) -> Result<(), FilterError> {
    let [tokens, without, with] = forms.map(<[_]>::len);
    if tokens != without || tokens != with {
        return Err(FilterError::Forms { tokens, without, with });
    }
    if threshold.is_nan() {
        return Err(FilterError::Threshold { threshold });
    }
    let (vocab_size, most) = (model.vocab_size(), model.max_positions());
    for (row, ids) in forms.into_iter().flat_map(|form| form.iter().enumerate()) {
        if ids.is_empty() || ids.len() > most {
            return Err(FilterError::Length { row, tokens: ids.len(), most });
        }
        check_ids(ids, vocab_size, None).map_err(|source| FilterError::Model { row, source })?;
    }
    Ok(())
}
