//! What became of the samples, and what each fate means.

use serde::Serialize;

use super::numbers::{count, percent, share};
use crate::{
    candidate::{Reason, Status},
    stats::CandidateStats,
};

/// A fate and how many samples met it.
#[derive(Debug, Serialize)]
pub(super) struct Fate {
    class: &'static str,
    name: &'static str,
    meaning: &'static str,
    count: String,
    share: String,
    percent: f64,
}

/// Name and meaning of what became of a sample before the filter.
pub(super) fn of_status(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Ok => ("has a result", "The tool gave a result."),
        Status::Unparsable => (
            "not a call",
            "What the model wrote never became a complete call, for instance because it did not end in time.",
        ),
        Status::WrongTool => {
            ("another tool", "The model called another tool than the one it was asked to use.")
        }
        Status::Altered => (
            "text changed",
            "Asked to write the text again with calls in it, the model wrote something else, or not all of it.",
        ),
        Status::NoPlace => (
            "no place",
            "The call stands inside a piece of text that the model reads as one, or behind the end; nothing can be measured there.",
        ),
        Status::Duplicate => {
            ("drawn before", "The same call had been drawn at the same place before; it is tried once.")
        }
        Status::LooksAhead => (
            "looks ahead",
            "The call uses a number that the text gives only further on. Whoever writes the text from left to right \
             cannot know it yet.",
        ),
        Status::Screened => (
            "scored low",
            "A reward model that learnt from an earlier filter's verdicts scored the call too low to run its tool.",
        ),
        Status::BadArguments => ("not understood", "The tool does not understand what it was asked."),
        Status::ToolError => ("tool failed", "The tool failed, or took too long."),
        Status::NoResult => ("no answer", "The tool ran and had nothing to say."),
    }
}

/// Every fate that a sample met; each sample is in one.
pub(super) fn all(counts: &CandidateStats) -> Vec<Fate> {
    let of = counts.candidates;
    let fate = |class, (name, meaning), number: usize| Fate {
        class,
        name,
        meaning,
        count: count(number),
        share: share(number, of),
        percent: percent(number, of),
    };
    let below = counts.by_reason.get(&Reason::BelowThreshold).copied().unwrap_or(0);
    let long = counts.by_reason.get(&Reason::TooLong).copied().unwrap_or(0);
    let unjudged = counts.executed.saturating_sub(counts.kept + below + long);
    let kept =
        ("kept", "The result makes the words behind the call easier to predict, by the threshold or more.");
    let too_little = (
        "helps too little",
        "The call ran, but its result helps less than the threshold asks for, or does harm.",
    );
    let too_long =
        ("too long", "The text with the call and its result is longer than what the model can read.");
    let waiting = ("not judged", "The call ran; whether its result helps was not measured.");
    let mut fates = vec![
        fate("kept", kept, counts.kept),
        fate("dropped", too_little, below),
        fate("dropped", too_long, long),
    ];
    fates.push(fate("neutral", waiting, unjudged));
    let others = counts.by_status.iter().filter(|(status, _)| **status != Status::Ok);
    fates.extend(others.map(|(&status, &number)| fate("lost", of_status(status), number)));
    fates.retain(|fate| fate.count != "0");
    fates
}
