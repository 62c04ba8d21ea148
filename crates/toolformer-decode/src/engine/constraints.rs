//! The constraints of requests: those of the same tools are made once.

use toolformer_model::Tokenizer;
use toolformer_text::{CallEnds, Syntax};

use crate::{
    call_constraint::CallConstraint,
    error::DecodeError,
    generation::{ToolUse, Tools},
};

/// So many are kept; each has the bytes of the whole vocabulary.
const KEPT: usize = 8;

/// The constraints that an engine has made.
#[derive(Default)]
pub(super) struct Constraints(Vec<Made>);

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
        tools: &Tools<'_>,
        tokenizer: &Tokenizer,
    ) -> Result<Option<CallConstraint>, DecodeError> {
        let Tools::Enabled(ToolUse { registry, syntax, calls, .. }) = tools else { return Ok(None) };
        if !calls.constrained {
            return Ok(None);
        }
        let place = std::ptr::from_ref(*registry).addr();
        let mut forbidden = calls.forbidden.clone();
        forbidden.sort();
        let same =
            |made: &&Made| made.registry == place && made.syntax == **syntax && made.forbidden == forbidden;
        if let Some(made) = self.0.iter().find(same) {
            return Ok(Some(made.constraint.clone()));
        }
        let allowed = registry.tools().filter(|tool| !calls.forbidden.iter().any(|no| no == tool.name()));
        let constraint = CallConstraint::new(tokenizer, allowed, syntax, CallEnds::Arrow)?;
        if self.0.len() == KEPT {
            self.0.remove(0);
        }
        let syntax = (*syntax).clone();
        self.0.push(Made { registry: place, syntax, forbidden, constraint: constraint.clone() });
        Ok(Some(constraint))
    }
}
