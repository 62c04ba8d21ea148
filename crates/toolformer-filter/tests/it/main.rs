//! The filter against reference losses of an independent implementation (`golden/make_filter.py`).
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use burn::backend::Flex;
use toolformer_filter::{
    FilterError, InPlaceFilter, LossRequest, LossWeights, Losses, Scorer, filter_tokens_with_api_response,
};
use toolformer_model::Pretrained;

#[derive(serde::Deserialize)]
struct Golden {
    paper: Vec<Case>,
    in_place: InPlace,
}

/// What toolformer-pytorch selects.
#[derive(serde::Deserialize)]
struct InPlace {
    tokens: Vec<Vec<u32>>,
    tokens_without_api_response: Vec<Vec<u32>>,
    tokens_with_api_response: Vec<Vec<u32>>,
    api_start_id: u32,
    api_stop_id: u32,
    selected_by_threshold: std::collections::BTreeMap<String, Vec<usize>>,
}

#[derive(serde::Deserialize)]
struct Case {
    text: Vec<u32>,
    position: usize,
    prefix_none: Vec<u32>,
    prefix_call: Vec<u32>,
    prefix_call_and_response: Vec<u32>,
    loss_none: f64,
    loss_call: f64,
    loss_response: f64,
    delta: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../toolformer-model/tests/fixtures/filter.json")).unwrap()
}

fn llama() -> toolformer_model::LanguageModel<Flex> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../toolformer-model/tests/fixtures/llama");
    Pretrained::<Flex>::open_model(folder.as_ref(), &Default::default()).unwrap().0
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-4, "{found} is not {expected}");
}

#[test]
fn losses_match_the_reference() {
    let (model, golden) = (llama(), golden());
    let requests: Vec<LossRequest<'_>> =
        golden
            .paper
            .iter()
            .flat_map(|case| {
                [&case.prefix_none, &case.prefix_call, &case.prefix_call_and_response]
                    .map(|prefix| LossRequest { prefix, text: &case.text, position: case.position })
            })
            .collect();
    // Any batching gives the same losses.
    for batch_tokens in [1, 60, 10_000] {
        let scored = Scorer::new(&model, LossWeights::paper(), batch_tokens).losses::<Flex>(&requests);
        for (case, losses) in golden.paper.iter().zip(scored.values.chunks(3)) {
            close(losses[0], case.loss_none);
            close(losses[1], case.loss_call);
            close(losses[2], case.loss_response);
            let losses = Losses { none: losses[0], call: losses[1], response: losses[2] };
            close(losses.delta(), case.delta);
            assert!(losses.keeps(case.delta - 1e-3) && !losses.keeps(case.delta + 1e-3));
        }
    }
}

#[test]
fn one_pass_over_a_text_gives_the_loss_at_every_position() {
    let (model, golden) = (llama(), golden());
    let scorer = Scorer::new(&model, LossWeights::paper(), 100);
    let texts: Vec<(&[u32], &[u32])> =
        golden.paper.iter().map(|case| (case.prefix_none.as_slice(), case.text.as_slice())).collect();
    let scored = scorer.text_log_probs::<Flex>(&texts);
    for (case, log_probs) in golden.paper.iter().zip(&scored.values) {
        assert_eq!(log_probs.len(), case.text.len());
        close(LossWeights::paper().loss(&log_probs[case.position..]), case.loss_none);
    }
}

#[test]
fn nothing_behind_the_window_is_computed() {
    let model = llama();
    let text: Vec<u32> = (3..40).collect();
    let request = LossRequest { prefix: &[1, 5], text: &text, position: 4 };
    let scored = Scorer::new(&model, LossWeights::paper(), 100).losses::<Flex>(&[request]);
    assert_eq!(scored.computed, 2 + 4 + 4); // prefix, x_0..x_3, and the first four of the window's five
}

#[test]
fn one_call_at_several_places_is_one_pass() {
    let model = llama();
    let text: Vec<u32> = (3..40).collect();
    let at = |position| LossRequest { prefix: &[1, 5], text: &text, position };
    let scorer = Scorer::new(&model, LossWeights::paper(), 100);
    let together = scorer.losses::<Flex>(&[at(9), at(4), at(30)]);
    assert_eq!(together.computed, 2 + 30 + 4);
    for (position, loss) in [9, 4, 30].into_iter().zip(together.values) {
        close(loss, scorer.losses::<Flex>(&[at(position)]).values[0]);
    }
}

#[test]
fn calls_in_place_are_selected_as_toolformer_pytorch_does() {
    let (model, InPlace { tokens, tokens_without_api_response: without, tokens_with_api_response: with, .. }) =
        (llama(), golden().in_place);
    let InPlace { api_start_id, api_stop_id, selected_by_threshold, .. } = golden().in_place;
    assert_eq!(selected_by_threshold.len(), 7);
    for (threshold, expected) in selected_by_threshold {
        let filter = InPlaceFilter {
            filter_threshold: threshold.parse().unwrap(),
            batch_tokens: 100,
            ..InPlaceFilter::new(api_start_id, api_stop_id)
        };
        let found =
            filter_tokens_with_api_response::<Flex, _>(&model, &tokens, &without, &with, &filter).unwrap();
        assert_eq!(found.selected_indices, expected, "{threshold}: {:?}", found.losses);
        assert_eq!((found.num_passed, found.num_failed), (expected.len(), tokens.len() - expected.len()));
        assert!(found.selected_mask.iter().enumerate().all(|(row, &kept)| kept == expected.contains(&row)));
        let of = |form: &[Vec<u32>]| expected.iter().map(|&row| form[row].clone()).collect::<Vec<_>>();
        assert_eq!(found.filtered_tokens, of(&tokens));
        assert_eq!(found.filtered_tokens_without_api_response, of(&without));
        assert_eq!(found.filtered_tokens_with_api_response, of(&with));
    }
}

#[test]
fn rows_that_cannot_be_filtered_in_place() {
    let model = llama();
    let filter = |tokens: &[Vec<u32>], with: &[Vec<u32>], filter_threshold| {
        let filter = InPlaceFilter { filter_threshold, ..InPlaceFilter::new(1, 2) };
        filter_tokens_with_api_response::<Flex, _>(&model, tokens, tokens, with, &filter)
    };
    let row = vec![vec![5, 6, 7]];
    // Without a call all losses are 0.
    let none = filter(&row, &row, 0.0).unwrap();
    assert_eq!((none.num_passed, none.losses[0].response), (1, 0.0));
    // Nothing stands behind its end, and a text ends before the place of the call.
    let short = vec![vec![5, 1, 2]];
    assert_eq!(filter(&short, &short, 0.1).unwrap().num_passed, 0);
    assert!(matches!(filter(&row, &[], 0.0), Err(FilterError::Forms { tokens: 1, without: 1, with: 0 })));
    assert!(matches!(filter(&[vec![]], &row, 0.0), Err(FilterError::Length { row: 0, tokens: 0, .. })));
    assert!(matches!(filter(&row, &[vec![5; 1000]], 0.0), Err(FilterError::Length { tokens: 1000, .. })));
    assert!(matches!(filter(&row, &[vec![100_000]], 0.0), Err(FilterError::Model { row: 0, .. })));
    assert!(matches!(filter(&row, &row, f64::NAN), Err(FilterError::Threshold { .. })));
}
