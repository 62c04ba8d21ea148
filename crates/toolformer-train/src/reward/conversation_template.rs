//! How a conversation becomes text.

use serde::{Deserialize, Serialize};

use super::Conversation;

/// A format of conversations, as models were trained on.
///
/// The system prompt stands at the very beginning, or where the first question says `{system}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversationTemplate {
    /// What every text begins with, before the system prompt. Default nothing.
    #[serde(default)]
    pub begin: String,
    /// The system prompt, with its slot `{system}`; left out where there is none. Default the prompt and a line feed.
    #[serde(default = "system_line")]
    pub system: String,
    /// The system prompt of conversations that have none. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_system: Option<String>,
    /// A question, with its slot `{user}`; `{system}` is where the system prompt goes before the first.
    pub user: String,
    /// An answer, with its slot `{assistant}`.
    pub assistant: String,
    /// What stands between an answer and the next question. Default nothing.
    #[serde(default)]
    pub separator: String,
}

fn system_line() -> String {
    "{system}\n".to_owned()
}

impl ConversationTemplate {
    /// # Errors
    /// Names the field that lacks its slot or has it twice, and says so.
    pub fn validate(&self) -> Result<(), (&'static str, String)> {
        let slots = [
            ("system", &self.system, "{system}"),
            ("user", &self.user, "{user}"),
            ("assistant", &self.assistant, "{assistant}"),
        ];
        for (field, format, slot) in slots {
            let found = format.matches(slot).count();
            if found != 1 {
                return Err((field, format!("needs `{slot}` exactly once, and has it {found} times")));
            }
        }
        if self.user.matches(SYSTEM).count() > 1 {
            return Err(("user", format!("may have `{SYSTEM}` once at most")));
        }
        Ok(())
    }

    /// The text of a conversation. What was said is put in as it is, slots in it included; a text that stands for itself stays.
    pub fn text(&self, conversation: &Conversation) -> String {
        if conversation.question.is_none() {
            return conversation.answer.clone();
        }
        let system = conversation.system.as_ref().or(self.default_system.as_ref());
        let mut system = system.map(|system| filled(&self.system, SYSTEM, system)).unwrap_or_default();
        let mut text = self.begin.clone();
        if !self.user.contains(SYSTEM) {
            text.push_str(&std::mem::take(&mut system));
        }
        for (turn, (question, answer)) in conversation.turns().enumerate() {
            if turn > 0 {
                text.push_str(&self.separator);
            }
            // The slot of the system prompt is looked for in the format only.
            let (before, after) = self.user.split_once("{user}").unwrap_or((&self.user, ""));
            let system = std::mem::take(&mut system);
            text.push_str(&before.replace(SYSTEM, &system));
            text.push_str(question);
            text.push_str(&after.replace(SYSTEM, &system));
            text.push_str(&filled(&self.assistant, "{assistant}", answer));
        }
        text
    }
}

const SYSTEM: &str = "{system}";

fn filled(format: &str, slot: &str, value: &str) -> String {
    format.replacen(slot, value, 1)
}
