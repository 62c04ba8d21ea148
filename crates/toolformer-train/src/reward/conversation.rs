//! What is scored: an answer, with what was said before it.

use serde::Deserialize;

use super::messages::{Message, conversation_of};

/// A conversation that ends with an answer, or a text that is scored as it stands.
///
/// In JSON it has an `answer` (or `response`) with a `question` (or `prompt`), a `history` of earlier questions and answers,
/// and a `system` prompt, of which all but the answer may be missing; or a `text`; or `messages`, each with `role` and
/// `content`. Other fields are passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Row")]
pub struct Conversation {
    /// What the model is told beforehand.
    pub system: Option<String>,
    /// Earlier questions and their answers, the oldest first.
    pub history: Vec<(String, String)>,
    /// The question; without one, the answer is a text that stands for itself, and no template is applied.
    pub question: Option<String>,
    /// The answer.
    pub answer: String,
}

impl Conversation {
    /// The same without its oldest question and answer; none if there is only the last.
    pub fn without_oldest(&self) -> Option<Self> {
        let (_, history) = self.history.split_first()?;
        Some(Self { history: history.to_vec(), ..self.clone() })
    }

    /// All questions with their answers, the oldest first; nothing for a text that stands for itself.
    pub fn turns(&self) -> impl Iterator<Item = (&str, &str)> {
        let history = self.history.iter().map(|(question, answer)| (question.as_str(), answer.as_str()));
        history.chain(self.question.as_deref().map(|question| (question, self.answer.as_str())))
    }
}

#[derive(Deserialize)]
struct Row {
    system: Option<String>,
    history: Option<Vec<(String, String)>>,
    #[serde(alias = "prompt")]
    question: Option<String>,
    #[serde(alias = "response")]
    answer: Option<String>,
    text: Option<String>,
    messages: Option<Vec<Message>>,
}

impl TryFrom<Row> for Conversation {
    type Error = String;

    fn try_from(row: Row) -> Result<Self, String> {
        let Row { system, history, question, answer, text, messages } = row;
        match (answer, text, messages) {
            (Some(answer), None, None) => with_question(system, history, question, answer),
            (None, Some(text), None) => Ok(Self { answer: text, ..Self::default() }),
            (None, None, Some(messages)) => conversation_of(messages),
            _ => Err("needs one of `answer` (with its `question`), `text` and `messages`".to_owned()),
        }
    }
}

/// Empty prompts and null are none.
pub(super) fn with_question(
    system: Option<String>,
    history: Option<Vec<(String, String)>>,
    question: Option<String>,
    answer: String,
) -> Result<Conversation, String> {
    let system = system.filter(|system| !system.is_empty());
    let history = history.unwrap_or_default();
    if question.is_none() && (system.is_some() || !history.is_empty()) {
        return Err("has a `system` or a `history`, but no `question`".to_owned());
    }
    Ok(Conversation { system, history, question, answer })
}
