//! Tokens besides those of the vocabulary, and what a folder says about them: which have a role, and which were added. Order and precedence
//! are those of transformers 5 (`PreTrainedTokenizerBase._from_pretrained`, `TokenizersBackend.__init__`).

use std::{collections::BTreeMap, path::Path};

use serde_json::{Map, Value};
use tokenizers::AddedToken;

use super::{Tokenizer, from_folder::optional_json};
use crate::error::ModelError;

/// Roles in the order in which the tokens that a vocabulary lacks get their ids.
const ROLES: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
const LISTED: &str = "added_tokens_decoder";

/// What the files of a folder say.
#[derive(Clone)]
pub(super) struct DeclaredTokens {
    /// `tokenizer_config.json`; an older `special_tokens_map.json` goes before it, where the former lists no added tokens.
    fields: Map<String, Value>,
    /// Added tokens by their ids.
    listed: BTreeMap<u64, AddedToken>,
    /// Further special tokens.
    extra: Vec<Value>,
}

impl DeclaredTokens {
    /// Reads what there is beside `tokenizer_config.json`.
    pub(super) fn read(folder: &Path, config: &Value) -> Result<Self, ModelError> {
        let mut fields = config.as_object().cloned().unwrap_or_default();
        let mut extra = list(&fields, "extra_special_tokens");
        let named_extra = fields.get("extra_special_tokens").and_then(Value::as_object).cloned();
        if extra.is_empty() && named_extra.is_none() {
            extra = list(&fields, "additional_special_tokens");
        }
        fields.extend(named_extra.into_iter().flatten());
        let mut listed = BTreeMap::new();
        if let Some(entries) = config[LISTED].as_object() {
            for (id, entry) in entries {
                let token = added_token(entry, entry["special"] == true);
                if let (Ok(id), Some(token)) = (id.parse(), token) {
                    listed.insert(id, token);
                }
            }
            return Ok(Self { fields, listed, extra });
        }
        if let Value::Object(older) = optional_json(&folder.join("special_tokens_map.json"))? {
            if extra.is_empty() {
                extra = list(&older, "additional_special_tokens");
            }
            extra.extend(list(&older, "extra_special_tokens"));
            fields.extend(older);
        }
        let mut declared = Self { fields, listed, extra };
        let added = optional_json(&folder.join("added_tokens.json"))?;
        for (content, id) in added.as_object().into_iter().flatten() {
            if let Some(id) = id.as_u64() {
                let special = declared.has_role(content)
                    || declared.extra.iter().any(|token| name(token) == Some(content.as_str()));
                let token = AddedToken::from(content.as_str(), special);
                declared.listed.insert(id, token);
            }
        }
        Ok(declared)
    }

    /// The token of this role, such as `bos_token`; null where a file says that there is none.
    pub(super) fn role(&self, field: &str) -> Option<&Value> {
        self.fields.get(field)
    }

    /// Whether a token of this name is among those that were added.
    pub(super) fn lists(&self, content: &str) -> bool {
        self.listed.values().any(|token| token.content == content)
    }

    /// Gives a role to a token where the files are silent.
    pub(super) fn or_role(&mut self, field: &str, token: &str) {
        self.fields.entry(field).or_insert_with(|| token.into());
    }

    /// All tokens with a role: the usual ones first, then those of a kind of model, such as `image_token`.
    fn with_role(&self) -> impl Iterator<Item = &Value> {
        let usual = ROLES.iter().filter_map(|role| self.fields.get(*role));
        let others = self
            .fields
            .iter()
            .filter(|(field, _)| field.ends_with("_token") && !ROLES.contains(&field.as_str()));
        usual.chain(others.map(|(_, token)| token)).filter(|token| name(token).is_some())
    }

    fn has_role(&self, content: &str) -> bool {
        self.with_role().any(|token| name(token) == Some(content))
    }

    /// Adds to the tokenizer what it lacks: what is listed with its flags, then tokens with a role and further special
    /// ones, behind all other ids where the vocabulary does not have them.
    ///
    /// # Errors
    /// If a listed token cannot have its id.
    pub(super) fn add_to(&self, tokenizer: &mut Tokenizer) -> Result<(), ModelError> {
        let present = tokenizer.inner.get_added_vocabulary().get_added_tokens_decoder();
        let mut known: Vec<&str> = present.values().map(|token| token.content.as_str()).collect();
        known.extend(self.listed.values().map(|token| token.content.as_str()));
        let mut new: Vec<AddedToken> = Vec::new();
        let mut must_have: Vec<(u64, &str)> = Vec::new();
        for (&id, token) in &self.listed {
            if present.values().any(|other| other == token) {
                continue;
            }
            if tokenizer.inner.token_to_id(&token.content).is_none() {
                must_have.push((id, &token.content));
            }
            new.push(token.clone().special(token.special || self.has_role(&token.content)));
        }
        for token in self.with_role().filter_map(|token| added_token(token, true)) {
            if !known.contains(&token.content.as_str()) && !new.contains(&token) {
                new.push(token.special(true));
            }
        }
        for token in self.extra.iter().filter_map(|token| added_token(token, true)) {
            if !known.contains(&token.content.as_str()) && !new.contains(&token) {
                new.push(token);
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        tokenizer.add_tokens(&new);
        for (id, content) in must_have {
            let found = tokenizer.token_to_id(content);
            if found.map(u64::from) != Some(id) {
                let found = found.map_or_else(|| "none".to_owned(), |id| id.to_string());
                let what = format!(
                    "the added token `{content}` is listed with id {id}, but the next free one is {found}; save the \
                     tokenizer again as tokenizer.json (AutoTokenizer, fast)"
                );
                return Err(ModelError::Tokenizer { what });
            }
        }
        Ok(())
    }
}

impl Tokenizer {
    /// Adds tokens that are looked for in a text before anything else and that no other text gives, such as the
    /// markers of calls. Returns how many were not there already. The model's embedding must then have
    /// [`Tokenizer::vocab_size`] rows at least: [`Pretrained::add_special_tokens`](crate::Pretrained::add_special_tokens)
    /// sees to both.
    pub fn add_special_tokens(&mut self, tokens: &[&str]) -> usize {
        let added: Vec<_> = tokens.iter().map(|token| AddedToken::from(*token, true)).collect();
        self.add_tokens(&added)
    }

    /// Adds tokens with their flags; returns how many were not there already.
    fn add_tokens(&mut self, tokens: &[AddedToken]) -> usize {
        let ids = |inner: &tokenizers::Tokenizer| {
            tokens.iter().filter_map(|token| inner.token_to_id(&token.content)).collect::<Vec<_>>()
        };
        let before = ids(&self.inner).len();
        if let Some(continuing) = &mut self.continuing {
            continuing.add_tokens(tokens);
        }
        self.inner.add_tokens(tokens);
        let after = ids(&self.inner);
        self.vocab_size = self.vocab_size.max(after.iter().max().map_or(0, |&id| id as usize + 1));
        after.len() - before
    }
}

/// A token is given by its name, or by an object with its name as `content`.
pub(super) fn name(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value["content"].as_str())
}

/// A token with its flags; what an object leaves out is as `tokenizers` has it.
fn added_token(value: &Value, special: bool) -> Option<AddedToken> {
    let flag = |name: &str| value.get(name).and_then(Value::as_bool);
    let special = flag("special").unwrap_or(special);
    let token = AddedToken::from(name(value)?, special)
        .lstrip(flag("lstrip").unwrap_or(false))
        .rstrip(flag("rstrip").unwrap_or(false))
        .single_word(flag("single_word").unwrap_or(false))
        .normalized(flag("normalized").unwrap_or(!special));
    Some(token)
}

fn list(fields: &Map<String, Value>, field: &str) -> Vec<Value> {
    fields.get(field).and_then(Value::as_array).cloned().unwrap_or_default()
}
