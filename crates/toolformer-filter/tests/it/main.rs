//! The filter against reference losses of an independent implementation (`golden/make_filter.py`).
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use burn::backend::Flex;
use toolformer_filter::{LossRequest, LossWeights, Losses, Scorer};
use toolformer_model::Pretrained;

#[derive(serde::Deserialize)]
struct Golden {
    paper: Vec<Case>,
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
