//! What the rows of one request have in common.

use std::sync::{Arc, OnceLock};

use toolformer_model::{Tokenizer, check_ids};

use super::{
    constraints::Constraints,
    request::{Request, RequestId},
};
use crate::{
    call_constraint::CallConstraint,
    error::DecodeError,
    generation::{GenerateSettings, Prompt, TokenLogprob, Tools},
    marker::StartMarker,
    token_trie::TokenTrie,
};

/// A request that was looked at.
pub(super) struct Job<'a> {
    pub(super) id: RequestId,
    pub(super) prompt: Prompt,
    pub(super) settings: GenerateSettings,
    pub(super) tools: Tools<'a>,
    pub(super) marker: Option<StartMarker>,
    /// What may be chosen in a call, if not anything.
    pub(super) constraint: Option<CallConstraint>,
    /// All tokens by their bytes, where names of tools must not be written.
    pub(super) vocabulary: Option<Arc<TokenTrie>>,
    /// How likely the prompt's tokens were, once that was computed.
    pub(super) prompt_logprobs: OnceLock<Vec<TokenLogprob>>,
    /// What the prompt's last line holds: quotes and parentheses of it may be open still.
    pub(super) line_before: String,
}

impl<'a> Job<'a> {
    pub(super) fn new(
        id: RequestId,
        request: Request<'a>,
        constraints: &mut Constraints,
        tokenizer: &Tokenizer,
        vocab_size: usize,
    ) -> Result<Self, DecodeError> {
        let Request { prompt, settings, tools } = request;
        settings.validate(vocab_size)?;
        let (mut constraint, mut vocabulary) = (None, None);
        if let Tools::Enabled(tools) = &tools {
            tools.calls.validate()?;
            constraint = constraints.of(tools, tokenizer)?;
            vocabulary = constraints.vocabulary(tools, tokenizer);
        }
        let marker = match &tools {
            Tools::None => None,
            Tools::Disabled(syntax) => Some(StartMarker::new(tokenizer, syntax.open())?),
            Tools::Enabled(tools) => Some(StartMarker::new(tokenizer, tools.syntax.open())?),
        };
        check_ids(marker.as_ref().map_or(&[], StartMarker::ids), vocab_size, Some(tokenizer))?;
        let bytes: Vec<u8> = prompt.ids.iter().flat_map(|&id| tokenizer.token_bytes(id)).collect();
        let text = String::from_utf8_lossy(&bytes);
        let line_before = text.rsplit(['\n', '\r']).next().unwrap_or_default().to_owned();
        Ok(Self {
            id,
            prompt,
            settings,
            tools,
            marker,
            constraint,
            vocabulary,
            prompt_logprobs: OnceLock::new(),
            line_before,
        })
    }

    /// Whether completions are told while they are written: not where it is open which are kept.
    pub(super) fn streams(&self) -> bool {
        self.settings.samples() == self.settings.n
    }
}
