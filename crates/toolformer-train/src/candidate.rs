//! A proposed call and everything that became of it: one line of `candidates.jsonl`.

use serde::{Deserialize, Serialize};
use toolformer_filter::Losses;

use crate::texts::TextId;

/// What became of a sampled call before the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It ran and gave a result.
    Ok,
    /// It never became a call: it did not end, or is none by the grammar.
    Unparsable,
    /// It calls another tool than the one asked for.
    WrongTool,
    /// A rewrite of the text that is no copy of it: other words, or not all of them. `call` is what it says instead of what
    /// stands at the position.
    Altered,
    /// A call in a rewrite where no token of the text starts: inside one, or behind the last.
    NoPlace,
    /// The same call was sampled before at the same position.
    Duplicate,
    /// It uses a number that its text gives only behind it; see `AnnotateSettings::no_look_ahead`.
    LooksAhead,
    /// A reward model scored it too low for its tool to be run; see `Screen`.
    Screened,
    /// The tool does not understand the arguments.
    BadArguments,
    /// The tool failed.
    ToolError,
    /// The tool ran and had nothing to say.
    NoResult,
}

/// Why the filter did not keep a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It has no result.
    NotExecuted,
    /// With its result before the text it is longer than the model's context.
    TooLong,
    /// `L- - L+ < tau_f`
    BelowThreshold,
}

/// A sampled call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The text that it was sampled for.
    pub text_id: TextId,
    /// The tool that was asked for.
    pub tool: String,
    /// Byte offset in the text before which the call would stand.
    pub position: usize,
    /// `i`: index of the token `x_i` before which it would stand, from 0.
    pub token_position: usize,
    /// `p_i`: probability that a call starts there.
    pub p_start: f64,
    /// The inner text of the call, such as `Calculator(400 / 1400)`; where unparsable, what was sampled.
    pub call: String,
    /// How its sampling and execution went.
    pub status: Status,
    /// What a reward model made of it before it was run, higher for what is more worth running; see `Screen`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub screen_score: Option<f64>,
    /// The tool's result, or what went wrong.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub result: Option<String>,
    /// The three losses, in nats; after the filter, where there is a result.
    #[serde(flatten, with = "losses")]
    pub losses: Option<Losses>,
    /// `L- - L+`, in nats.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub delta: Option<f64>,
    /// The filter's verdict.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kept: Option<bool>,
    /// Why it was not kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
}

impl Candidate {
    /// Name and arguments of the call.
    pub fn name_and_args(&self) -> Option<(&str, &str)> {
        name_and_args(&self.call)
    }

    /// Enters the filter's losses and verdict.
    pub fn judge(&mut self, losses: Option<Losses>, tau_f: f64) {
        self.losses = losses;
        self.delta = losses.map(|losses| losses.delta());
        let kept = losses.is_some_and(|losses| losses.keeps(tau_f));
        self.kept = Some(kept);
        self.reason = match losses {
            _ if kept => None,
            Some(_) => Some(Reason::BelowThreshold),
            None if self.status == Status::Ok => Some(Reason::TooLong),
            None => Some(Reason::NotExecuted),
        };
    }
}

/// Those of a call's inner text.
pub(crate) fn name_and_args(call: &str) -> Option<(&str, &str)> {
    let (name, rest) = call.split_once('(')?;
    Some((name, rest.strip_suffix(')')?))
}

/// The losses as three fields beside the others.
mod losses {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use toolformer_filter::Losses;

    #[derive(Serialize, Deserialize)]
    struct Flat {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        loss_none: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        loss_call: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        loss_response: Option<f64>,
    }

    pub(super) fn serialize<S: Serializer>(
        losses: &Option<Losses>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let flat = Flat {
            loss_none: losses.map(|losses| losses.none),
            loss_call: losses.map(|losses| losses.call),
            loss_response: losses.map(|losses| losses.response),
        };
        flat.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Losses>, D::Error> {
        let flat = Flat::deserialize(deserializer)?;
        Ok(match flat {
            Flat { loss_none: Some(none), loss_call: Some(call), loss_response: Some(response) } => {
                Some(Losses { none, call, response })
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back() {
        let mut candidate = Candidate {
            text_id: TextId::Number(3),
            tool: "Calculator".into(),
            position: 7,
            token_position: 2,
            p_start: 0.25,
            call: "Calculator(2 * (3 + 4))".into(),
            status: Status::Ok,
            screen_score: None,
            result: Some("14".into()),
            losses: None,
            delta: None,
            kept: None,
            reason: None,
        };
        assert_eq!(candidate.name_and_args(), Some(("Calculator", "2 * (3 + 4)")));
        let line = serde_json::to_string(&candidate).unwrap();
        assert!(!line.contains("loss") && !line.contains("kept"), "{line}");
        assert_eq!(serde_json::from_str::<Candidate>(&line).unwrap(), candidate);
        candidate.judge(Some(Losses { none: 2.0, call: 2.0, response: 1.0 }), 0.5);
        let line = serde_json::to_string(&candidate).unwrap();
        assert!(line.contains("\"loss_none\":2.0") && line.contains("\"kept\":true"), "{line}");
        assert_eq!(serde_json::from_str::<Candidate>(&line).unwrap(), candidate);
    }
}
