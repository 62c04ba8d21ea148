//! Single calls as a reader sees them, with the reason for what became of them.

use serde::Serialize;

use super::{fates::of_status, numbers::nats, shown_text::shown};
use crate::{
    candidate::{Candidate, Status},
    stats::{Example, ExampleKind},
};

/// Most characters of a call, of a result, and of an id.
const CALL: usize = 200;
const RESULT: usize = 240;
const ID: usize = 60;

/// Calls that are shown for the same reason.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    title: &'static str,
    cards: Vec<Card>,
}

#[derive(Debug, Serialize)]
struct Card {
    class: &'static str,
    text_id: String,
    before: String,
    behind: String,
    call: String,
    result: Option<String>,
    verdict: String,
    /// What the tool said where it gave no result.
    message: Option<String>,
    losses: Vec<Loss>,
    delta: Option<String>,
}

#[derive(Debug, Serialize)]
struct Loss {
    class: &'static str,
    name: &'static str,
    value: String,
    percent: f64,
}

/// All examples, by why they are shown.
pub(super) fn groups(examples: &[Example], tau_f: Option<f64>) -> Vec<Group> {
    let kinds = [
        (ExampleKind::BestKept, "Kept: the results that help most"),
        (ExampleKind::JustKept, "Kept, but only just"),
        (ExampleKind::JustRejected, "Nearly kept"),
        (ExampleKind::Rejected, "Not kept, drawn at random"),
        (ExampleKind::Unjudged, "Not judged, drawn at random"),
        (ExampleKind::NotExecuted, "Without a result, drawn at random"),
    ];
    let group = |(kind, title)| {
        let of_kind = examples.iter().filter(|example| example.kind == kind);
        Group { title, cards: of_kind.map(|example| card(example, tau_f)).collect() }
    };
    kinds.into_iter().map(group).filter(|group| !group.cards.is_empty()).collect()
}

fn card(example: &Example, tau_f: Option<f64>) -> Card {
    let candidate = &example.candidate;
    let [before, behind] = example.around.clone().unwrap_or_default();
    let ran = candidate.status == Status::Ok;
    let result = candidate.result.as_ref().map(|result| shown(result, RESULT));
    let losses = candidate.losses.map(|losses| {
        let most = losses.none.max(losses.call).max(losses.response).max(1e-9);
        let loss = |class, name, value: f64| Loss {
            class,
            name,
            value: nats(value),
            percent: (value / most * 1000.0).clamp(0.0, 1000.0).round() / 10.0,
        };
        vec![
            loss("none", "text alone", losses.none),
            loss("call", "with the call", losses.call),
            loss("response", "with call and result", losses.response),
        ]
    });
    Card {
        class: match candidate.kept {
            Some(true) => "kept",
            _ if candidate.losses.is_some() => "dropped",
            _ => "lost",
        },
        text_id: shown(&candidate.text_id.to_string(), ID),
        before: shown(&before, usize::MAX),
        behind: shown(&behind, usize::MAX),
        call: shown(&candidate.call, CALL),
        result: result.clone().filter(|_| ran),
        verdict: verdict(candidate, tau_f),
        message: result.filter(|_| !ran),
        losses: losses.unwrap_or_default(),
        delta: candidate.delta.map(nats),
    }
}

/// Why a call was kept or not, in a sentence.
fn verdict(candidate: &Candidate, tau_f: Option<f64>) -> String {
    let (Status::Ok, Some(delta), Some(losses)) = (candidate.status, candidate.delta, candidate.losses)
    else {
        return match candidate.status {
            Status::Ok => "Not judged: whether the result helps was not measured.".to_owned(),
            status => format!("No result. {}", of_status(status).1),
        };
    };
    let asked = tau_f.map_or(String::new(), |tau| format!("; {} were asked for", nats(tau)));
    let than = if losses.none <= losses.call { "the text alone" } else { "the call without its result" };
    match candidate.kept {
        Some(true) => format!(
            "Kept: with the result the words behind are easier to predict than with {than}, by {} nats{asked}.",
            nats(delta)
        ),
        _ if delta > 0.0 => format!(
            "Not kept: the result helps, compared with {than}, but only by {} nats{asked}.",
            nats(delta)
        ),
        _ => format!(
            "Not kept: with the result the words behind are no easier to predict than with {than} ({} nats).",
            nats(delta)
        ),
    }
}
