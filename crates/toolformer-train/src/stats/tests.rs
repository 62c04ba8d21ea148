//! The counts of one pass, against counts that look at everything for each number.

use std::collections::BTreeSet;

use rand::{Rng as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use toolformer_filter::Losses;

use super::*;
use crate::texts::TextId;

const STATUSES: [Status; 4] = [Status::Ok, Status::Unparsable, Status::Duplicate, Status::NoResult];

/// Samples at three places of each text and tool, with all kinds of ends.
fn candidates(rng: &mut ChaCha8Rng) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (text, tool) in (0..40).flat_map(|text| ["A", "B"].map(|tool| (text, tool))) {
        for (position, sample) in (0..3).flat_map(|position| [0, 1, 2].map(|sample| (position, sample))) {
            let status = if rng.random_bool(0.5) { Status::Ok } else { STATUSES[rng.random_range(0..4)] };
            let mut candidate = Candidate {
                text_id: TextId::Number(text),
                tool: tool.into(),
                position,
                token_position: position,
                p_start: [1e-7, 0.004, 0.3, 0.9][(position + text as usize) % 4],
                call: format!("{tool}({sample})"),
                status,
                screen_score: None,
                result: Some("r".into()),
                losses: None,
                delta: None,
                kept: None,
                reason: None,
            };
            // Many lie right on an edge or a threshold.
            let mut loss = || f64::from(rng.random_range(0..40)) / 4.0;
            let losses = Losses { none: loss(), call: loss(), response: loss() };
            candidate.judge((status == Status::Ok).then_some(losses), 0.5);
            candidates.push(candidate);
        }
    }
    candidates
}

fn check_histogram(histogram: &Histogram, values: &[f64]) {
    assert_eq!(histogram.total(), values.len());
    let mut borders = vec![f64::NEG_INFINITY];
    borders.extend(&histogram.edges);
    borders.push(f64::INFINITY);
    for (range, &count) in borders.windows(2).zip(&histogram.counts) {
        assert_eq!(
            values.iter().filter(|&&value| value >= range[0] && value < range[1]).count(),
            count,
            "{range:?}"
        );
    }
}

#[test]
fn the_counts_of_one_pass_are_those_of_many() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let candidates = candidates(&mut rng);
    let mut tally = Tally::default();
    candidates.iter().for_each(|candidate| tally.add(candidate));
    let (total, tools) = tally.finish();
    assert_eq!(total, CandidateStats::new(&candidates));
    assert_eq!(total.judged(), candidates.len());
    for (name, tool) in &tools {
        let own: Vec<&Candidate> = candidates.iter().filter(|candidate| candidate.tool == *name).collect();
        assert_eq!(tool.positions, 40 * 3);
        assert_eq!(tool.counts.candidates, own.len());
        for status in STATUSES {
            let expected = own.iter().filter(|candidate| candidate.status == status).count();
            assert_eq!(tool.counts.by_status[&status], expected);
        }
        for reason in [Reason::NotExecuted, Reason::BelowThreshold] {
            let expected = own.iter().filter(|candidate| candidate.reason == Some(reason)).count();
            assert_eq!(tool.counts.by_reason[&reason], expected);
        }
        let kept: Vec<f64> = own.iter().filter(|c| c.kept == Some(true)).filter_map(|c| c.delta).collect();
        assert_eq!(tool.counts.kept, kept.len());
        let mean = kept.iter().sum::<f64>() / kept.len() as f64;
        assert!((tool.counts.mean_delta.unwrap() - mean).abs() < 1e-9);
        let of = |of: fn(&Candidate) -> Option<f64>| own.iter().filter_map(|c| of(c)).collect::<Vec<f64>>();
        check_histogram(&tool.delta, &of(|c| c.delta));
        check_histogram(&tool.loss_none, &of(|c| Some(c.losses?.none)));
        check_histogram(&tool.loss_call, &of(|c| Some(c.losses?.call)));
        check_histogram(&tool.loss_response, &of(|c| Some(c.losses?.response)));
        let places: Vec<f64> = own.iter().step_by(3).map(|c| c.p_start).collect();
        check_histogram(&tool.p_start, &places);
        assert_eq!(tool.tau_f_sweep.len(), 9);
        for point in &tool.tau_f_sweep {
            let above: Vec<_> =
                own.iter().filter(|c| c.delta.is_some_and(|delta| delta >= point.tau_f)).collect();
            let texts: BTreeSet<&TextId> = above.iter().map(|c| &c.text_id).collect();
            assert_eq!((point.calls, point.texts), (above.len(), texts.len()), "{point:?}");
        }
        assert_eq!(tool.losses.len(), own.iter().filter(|c| c.losses.is_some()).count().min(200));
    }
}

#[test]
fn the_examples_are_the_extremes_whatever_the_order() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let mut candidates = candidates(&mut rng);
    let pick = |candidates: &[Candidate]| {
        let mut tally = Tally::default();
        candidates.iter().for_each(|candidate| tally.add(candidate));
        let (_, tools) = tally.finish();
        tools["A"].examples.clone()
    };
    let examples = pick(&candidates);
    let deltas = |kind| -> Vec<f64> {
        examples.iter().filter(|e| e.kind == kind).filter_map(|e| e.candidate.delta).collect()
    };
    let mut kept: Vec<f64> =
        candidates.iter().filter(|c| c.tool == "A" && c.kept == Some(true)).filter_map(|c| c.delta).collect();
    kept.sort_by(f64::total_cmp);
    assert_eq!(deltas(ExampleKind::JustKept), kept[..3]);
    assert_eq!(deltas(ExampleKind::BestKept), kept.iter().rev().take(5).copied().collect::<Vec<_>>());
    let below = |c: &&Candidate| c.tool == "A" && c.reason == Some(Reason::BelowThreshold);
    let best_below =
        candidates.iter().filter(below).filter_map(|c| c.delta).fold(f64::NEG_INFINITY, f64::max);
    assert_eq!(deltas(ExampleKind::JustRejected)[0], best_below);
    assert_eq!(examples.iter().filter(|e| e.kind == ExampleKind::NotExecuted).count(), 3 * 2);
    candidates.shuffle(&mut rng);
    assert_eq!(pick(&candidates), examples);
    // What is written reads back.
    let line = serde_json::to_string(&examples).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Example>>(&line).unwrap(), examples);
}
