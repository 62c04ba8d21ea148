//! The constraints of requests: those of the same tools are made once.

use std::sync::Arc;

use toolformer_model::Tokenizer;
use toolformer_text::{CallEnds, Syntax};

use crate::{
    call_constraint::CallConstraint, error::DecodeError, generation::ToolUse, token_trie::TokenTrie,
};

/// So many are kept; each has the bytes of the whole vocabulary.
const KEPT: usize = 8;

/// The constraints that an engine has made.
#[derive(Default)]
pub(super) struct Constraints {
    made: Vec<Made>,
    vocabulary: Option<Arc<TokenTrie>>,
}

struct Made {
    /// Where the registry lies, which outlives the engine.
    registry: usize,
    syntax: Syntax,
    forbidden: Vec<String>,
    constraint: CallConstraint,
}

impl Constraints {
    /// What may be chosen in a call, if not anything.
    pub(super) fn of(
        &mut self,
        tools: &ToolUse<'_>,
        tokenizer: &Tokenizer,
    ) -> Result<Option<CallConstraint>, DecodeError> {
        let ToolUse { registry, syntax, calls, .. } = tools;
        if !calls.constrained {
            return Ok(None);
        }
        let place = std::ptr::from_ref(*registry).addr();
        let mut forbidden = calls.forbidden.clone();
        forbidden.sort();
        let same =
            |made: &&Made| made.registry == place && made.syntax == **syntax && made.forbidden == forbidden;
        if let Some(made) = self.made.iter().find(same) {
            return Ok(Some(made.constraint.clone()));
        }
        let allowed = registry.tools().filter(|tool| !calls.forbidden.iter().any(|no| no == tool.name()));
        let constraint = CallConstraint::new(tokenizer, allowed, syntax, CallEnds::Arrow)?;
        if self.made.len() == KEPT {
            self.made.remove(0);
        }
        let syntax = (*syntax).clone();
        self.made.push(Made { registry: place, syntax, forbidden, constraint: constraint.clone() });
        Ok(Some(constraint))
    }

    /// All tokens by their bytes, if names are forbidden.
    pub(super) fn vocabulary(
        &mut self,
        tools: &ToolUse<'_>,
        tokenizer: &Tokenizer,
    ) -> Option<Arc<TokenTrie>> {
        let all = || {
            let ids = 0..u32::try_from(tokenizer.vocab_size()).unwrap_or(u32::MAX);
            Arc::new(TokenTrie::new(ids.map(|id| (tokenizer.token_bytes(id), id)).collect()))
        };
        (!tools.calls.forbidden.is_empty()).then(|| self.vocabulary.get_or_insert_with(all).clone())
    }
}
