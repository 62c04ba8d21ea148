//! Conversations as lists of messages.

use serde::Deserialize;

use super::Conversation;

/// Who says what.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Message {
    pub(super) role: String,
    pub(super) content: String,
}

/// A text, or messages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Said {
    Text(String),
    Messages(Vec<Message>),
}

/// Messages as a conversation: a system prompt if there is one, then user and assistant in turn, the assistant last.
pub(super) fn conversation_of(messages: Vec<Message>) -> Result<Conversation, String> {
    let mut messages = messages.into_iter().peekable();
    let system = messages.next_if(|message| message.role == "system").map(|message| message.content);
    let mut turns = Vec::new();
    while let Some(question) = messages.next() {
        match (question.role.as_str(), messages.next()) {
            ("user", Some(answer)) if answer.role == "assistant" => {
                turns.push((question.content, answer.content));
            }
            _ => {
                return Err(
                    "needs messages of `user` and `assistant` in turn, the last by `assistant`".to_owned()
                );
            }
        }
    }
    let (question, answer) = turns.pop().ok_or("has no message of `user` and `assistant`")?;
    Ok(Conversation { system, history: turns, question: Some(question), answer })
}
