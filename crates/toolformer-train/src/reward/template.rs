//! Conversations as token ids.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toolformer_model::{ChatMessage, ChatOptions, ModelError, Tokenizer};

use super::{Conversation, ConversationTemplate};
use crate::{error::TrainError, whole_file::write_whole};

/// The file of a reward model's folder that says which template its conversations have.
const FILE: &str = "conversation_template.json";

/// How conversations become token ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// The chat template that comes with the model's tokenizer.
    Chat,
    /// Another.
    Own(ConversationTemplate),
}

impl Template {
    /// The text of a conversation.
    ///
    /// # Errors
    /// If the tokenizer has no chat template and this is it, or that refuses the conversation.
    pub fn text(&self, conversation: &Conversation, tokenizer: &Tokenizer) -> Result<String, ModelError> {
        match self {
            Self::Own(template) => Ok(template.text(conversation)),
            Self::Chat if conversation.question.is_none() => Ok(conversation.answer.clone()),
            Self::Chat => {
                let system = conversation.system.iter().map(|system| ChatMessage::new("system", system));
                let turns = conversation.turns().flat_map(|(question, answer)| {
                    [ChatMessage::new("user", question), ChatMessage::new("assistant", answer)]
                });
                let messages: Vec<ChatMessage> = system.chain(turns).collect();
                let options = ChatOptions { add_generation_prompt: false, ..ChatOptions::default() };
                tokenizer.apply_chat_template(&messages, &options)
            }
        }
    }

    /// The ids of a conversation. Special tokens are added as the tokenizer declares, unless the text begins with them.
    ///
    /// # Errors
    /// As [`Template::text`], and if the text cannot be spelt.
    pub fn ids(&self, conversation: &Conversation, tokenizer: &Tokenizer) -> Result<Vec<u32>, ModelError> {
        let text = self.text(conversation, tokenizer)?;
        let bos = tokenizer.bos().and_then(|bos| tokenizer.id_to_token(bos));
        match bos {
            Some(bos) if text.starts_with(&bos) => tokenizer.encode(&text),
            _ => tokenizer.encode_with_special(&text),
        }
    }

    /// The ids of a conversation, at most `max_tokens`: history is left out, the oldest turns first, as far as it takes. None if
    /// it does not fit without.
    ///
    /// # Errors
    /// As [`Template::ids`].
    pub fn ids_within(
        &self,
        conversation: &Conversation,
        tokenizer: &Tokenizer,
        max_tokens: usize,
    ) -> Result<Option<Vec<u32>>, ModelError> {
        let ids = self.ids(conversation, tokenizer)?;
        if ids.len() <= max_tokens {
            return Ok(Some(ids));
        }
        match conversation.without_oldest() {
            Some(shorter) => self.ids_within(&shorter, tokenizer, max_tokens),
            None => Ok(None),
        }
    }

    /// Writes it into a reward model's folder, so that whoever scores by the model knows it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), TrainError> {
        write_whole(&folder.join(FILE), |out| Ok(serde_json::to_writer_pretty(out, self)?))
    }

    /// Reads what [`Template::save`] wrote; none if there is no such file.
    ///
    /// # Errors
    /// If the file cannot be read, or is no template.
    pub fn of_folder(folder: &Path) -> Result<Option<Self>, TrainError> {
        let path = folder.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(TrainError::read(&path)(error)),
        };
        let template: Self = serde_json::from_str(&text).map_err(|error| TrainError::Texts {
            path: path.clone(),
            line: error.line(),
            why: format!("is no template: {error}"),
        })?;
        if let Self::Own(own) = &template {
            own.validate().map_err(|(field, why)| TrainError::Texts {
                path,
                line: 0,
                why: format!("has a `{field}` that {why}"),
            })?;
        }
        Ok(Some(template))
    }
}
