//! Two answers to one question, of which one is better.

use serde::Deserialize;

use super::{
    Conversation,
    conversation::with_question,
    messages::{Said, conversation_of},
};

/// Two answers to one question.
///
/// In JSON it has `chosen` (or `response_chosen`) and `rejected` (or `response_rejected`) with a `question` (or `prompt`), a
/// `history` of earlier questions and answers, and a `system` prompt, which may be missing, and may have a `margin`. Each of
/// the answers, and the prompt, may also be a list of messages. Other fields are passed over.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Row")]
pub struct PreferencePair {
    /// The conversation with the better answer.
    pub chosen: Conversation,
    /// The one with the worse.
    pub rejected: Conversation,
    /// By how much the better should at least score higher. Default 0.
    pub margin: f64,
    /// What it shares with pairs that must be held out together with it, where that is not the question. Default none.
    pub group: Option<String>,
}

impl PreferencePair {
    /// What the two have in common, as a key: their group, else their question with what was said before it; of texts that stand
    /// for themselves, the better one.
    pub fn question(&self) -> String {
        if let Some(group) = &self.group {
            return group.clone();
        }
        let Conversation { system, history, question, answer } = &self.chosen;
        match question {
            Some(_) => serde_json::json!([system, history, question]).to_string(),
            None => answer.clone(),
        }
    }
}

#[derive(Deserialize)]
struct Row {
    system: Option<String>,
    history: Option<Vec<(String, String)>>,
    #[serde(alias = "prompt")]
    question: Option<Said>,
    #[serde(alias = "response_chosen")]
    chosen: Said,
    #[serde(alias = "response_rejected")]
    rejected: Said,
    margin: Option<Margin>,
    group: Option<String>,
}

/// A number; in a table, where each cell is a text, one that is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Margin {
    Number(f64),
    Written(String),
}

impl Margin {
    fn value(&self) -> Result<f64, String> {
        let value = match self {
            Self::Number(value) => Some(*value),
            Self::Written(text) if text.trim().is_empty() => Some(0.0),
            Self::Written(text) => text.trim().parse().ok(),
        };
        let value = value.filter(|value| value.is_finite());
        value.ok_or_else(|| "has a `margin` that is no number; write one, or leave it out".to_owned())
    }
}

impl TryFrom<Row> for PreferencePair {
    type Error = String;

    fn try_from(row: Row) -> Result<Self, String> {
        let Row { system, history, question, chosen, rejected, margin, group } = row;
        // A cell that is empty is one that is not there.
        let question = question.filter(|question| !matches!(question, Said::Text(text) if text.is_empty()));
        let conversation = |answer: Said| match (&question, answer) {
            (Some(Said::Text(question)), Said::Text(answer)) => {
                with_question(system.clone(), history.clone(), Some(question.clone()), answer)
            }
            (None, Said::Text(answer)) => with_question(system.clone(), history.clone(), None, answer),
            (prompt, Said::Messages(answer)) => {
                let prompt = match prompt {
                    Some(Said::Messages(prompt)) => prompt.clone(),
                    // Such rows repeat their prompt in the messages.
                    Some(Said::Text(_)) | None => Vec::new(),
                };
                conversation_of([prompt, answer].concat())
            }
            (Some(Said::Messages(_)), Said::Text(_)) => {
                Err("has a `prompt` of messages, but an answer that is a text".to_owned())
            }
        };
        let margin = margin.map_or(Ok(0.0), |margin| margin.value())?;
        Ok(Self { chosen: conversation(chosen)?, rejected: conversation(rejected)?, margin, group })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(
        system: Option<&str>,
        history: &[(&str, &str)],
        question: Option<&str>,
        answer: &str,
    ) -> Conversation {
        Conversation {
            system: system.map(str::to_owned),
            history: history.iter().map(|&(q, a)| (q.to_owned(), a.to_owned())).collect(),
            question: question.map(str::to_owned),
            answer: answer.to_owned(),
        }
    }

    #[track_caller]
    fn check(row: &str, chosen: Conversation, rejected: &str, margin: f64) {
        let expected = PreferencePair {
            rejected: Conversation { answer: rejected.into(), ..chosen.clone() },
            chosen,
            margin,
            group: None,
        };
        assert_eq!(serde_json::from_str::<PreferencePair>(row).unwrap(), expected);
    }

    #[test]
    fn rows_of_several_kinds_are_read() {
        let plain = conversation(None, &[], Some("q"), "a");
        check(r#"{"question": "q", "chosen": "a", "rejected": "b", "other": 1}"#, plain.clone(), "b", 0.0);
        check(r#"{"prompt": "q", "chosen": "a", "rejected": "b", "margin": 2}"#, plain.clone(), "b", 2.0);
        check(
            r#"{"system": "", "history": null, "question": "q", "response_chosen": "a", "response_rejected": "b"}"#,
            plain.clone(),
            "b",
            0.0,
        );
        check(
            r#"{"system": "s", "history": [["1", "2"]], "question": "q", "chosen": "a", "rejected": "b"}"#,
            conversation(Some("s"), &[("1", "2")], Some("q"), "a"),
            "b",
            0.0,
        );
        check(
            r#"{"chosen": "whole text", "rejected": "other"}"#,
            conversation(None, &[], None, "whole text"),
            "other",
            0.0,
        );
        check(
            r#"{"question": "q", "chosen": "a", "rejected": "b", "margin": "0.5"}"#,
            plain.clone(),
            "b",
            0.5,
        );
        check(
            r#"{"question": "", "chosen": "whole text", "rejected": "other", "margin": ""}"#,
            conversation(None, &[], None, "whole text"),
            "other",
            0.0,
        );
        let messages = r#"{"prompt": "q", "chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}],
            "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "b"}]}"#;
        check(messages, plain.clone(), "b", 0.0);
        let prompt = r#"{"prompt": [{"role": "user", "content": "q"}],
            "chosen": [{"role": "assistant", "content": "a"}], "rejected": [{"role": "assistant", "content": "b"}]}"#;
        check(prompt, plain, "b", 0.0);
    }

    #[track_caller]
    fn check_error(row: &str, part: &str) {
        let error = serde_json::from_str::<PreferencePair>(row).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn errors_say_what_is_missing() {
        check_error(r#"{"question": "q", "chosen": "a"}"#, "rejected");
        check_error(r#"{"chosen": "a", "rejected": "b", "margin": "much"}"#, "no number; write one");
        check_error(r#"{"system": "s", "chosen": "a", "rejected": "b"}"#, "no `question`");
        check_error(
            r#"{"chosen": [{"role": "assistant", "content": "a"}], "rejected": "b"}"#,
            "`user` and `assistant` in turn",
        );
    }
}
