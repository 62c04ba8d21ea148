//! Keeps a row to well-formed calls: what cannot continue one gets no probability.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use toolformer_model::Tokenizer;
use toolformer_text::{CallEnds, CallGrammar, CallPosition, Syntax, Tool};

use crate::{continuations::Judgement, error::DecodeError, token_trie::TokenTrie};

/// So many positions' masks are kept; a bit a token, so 6 KiB each for a vocabulary of 49,152.
const KEPT_MASKS: usize = 1024;

/// The calls to some tools, as masks over a vocabulary. Made once, shared by all rows; cloning it is cheap.
///
/// Bytes decide, not ids: a token may hold the end of a name and the beginning of the arguments, or a part of a
/// character. One that runs past the end of the call (`)] is`) is allowed: what follows the end is free. Tokens that
/// end a text, and special ones that are none of the markers, never are.
#[derive(Clone)]
pub struct CallConstraint(Arc<Compiled>);

struct Compiled {
    grammar: CallGrammar,
    trie: TokenTrie,
    token_bytes: Vec<Vec<u8>>,
    masks: Mutex<HashMap<CallPosition, Arc<[u64]>>>,
}

/// A row's place in a call, from the open marker on.
#[derive(Clone, Debug)]
pub struct ConstrainedCall {
    constraint: CallConstraint,
    /// Nothing if it has become no call.
    position: Option<CallPosition>,
}

impl CallConstraint {
    /// Calls to `tools` ([`Registry::tools`](toolformer_text::Registry::tools)), each with the arguments of its
    /// [grammar](Tool::argument_grammar), that end as `ends` says.
    ///
    /// # Errors
    /// If there are no tools, or the argument grammar of one cannot be used.
    pub fn new<'t>(
        tokenizer: &Tokenizer,
        tools: impl IntoIterator<Item = &'t dyn Tool>,
        syntax: &Syntax,
        ends: CallEnds,
    ) -> Result<Self, DecodeError> {
        let grammar = CallGrammar::new(tools, syntax, ends)?;
        let ids = 0..u32::try_from(tokenizer.vocab_size()).unwrap_or(u32::MAX);
        let token_bytes: Vec<Vec<u8>> = ids.clone().map(|id| tokenizer.token_bytes(id)).collect();
        let is_marker = |id: u32| {
            let text = token_bytes[id as usize].trim_ascii();
            let arrows =
                std::iter::once(syntax.arrow()).chain(syntax.other_arrows().iter().map(String::as_str));
            arrows.chain([syntax.close()]).any(|marker| marker.as_bytes() == text)
        };
        let roles = [tokenizer.bos(), tokenizer.unk(), tokenizer.pad()];
        let is_text = |id: u32| {
            !tokenizer.is_end(id)
                && (!(tokenizer.is_special(id) || roles.contains(&Some(id))) || is_marker(id))
        };
        let tokens = ids.filter(|&id| is_text(id)).map(|id| (token_bytes[id as usize].clone(), id));
        let trie = TokenTrie::new(tokens.collect());
        Ok(Self(Arc::new(Compiled { grammar, trie, token_bytes, masks: Mutex::default() })))
    }

    /// A call that has just begun. `behind_open` is what the row already holds behind the open marker: nothing, or the
    /// rest of a token such as ` [C`. Gives nothing if no call can become of it.
    pub fn begin(&self, behind_open: &[u8]) -> Option<ConstrainedCall> {
        let position = self.0.grammar.read(self.0.grammar.start(), behind_open)?;
        Some(ConstrainedCall { constraint: self.clone(), position: Some(position) })
    }
}

impl fmt::Debug for CallConstraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallConstraint").finish_non_exhaustive()
    }
}

impl ConstrainedCall {
    /// Takes the probability from every token that cannot stand here: its score becomes `-inf`. Behind the end of the
    /// call all may. Returns whether a token is left.
    ///
    /// # Shapes
    /// - `logits`: `[vocab]`; ids outside the tokenizer's vocabulary cannot stand
    pub fn mask(&self, logits: &mut [f32]) -> bool {
        if let Some(position) = self.position.filter(|position| !position.is_complete()) {
            let allowed = self.constraint.0.mask(position);
            for (id, logit) in logits.iter_mut().enumerate() {
                if allowed.get(id / 64).is_none_or(|bits| bits >> (id % 64) & 1 == 0) {
                    *logit = f32::NEG_INFINITY;
                }
            }
        } else if self.position.is_none() {
            logits.fill(f32::NEG_INFINITY);
        }
        logits.iter().any(|&logit| logit > f32::NEG_INFINITY)
    }

    /// Takes the token that was chosen, and says what has become of the call.
    pub fn push(&mut self, token: u32) -> Judgement {
        let Compiled { grammar, token_bytes, .. } = &*self.constraint.0;
        let bytes = token_bytes.get(token as usize).map_or(&[][..], Vec::as_slice);
        self.position = self.position.and_then(|position| grammar.read(position, bytes));
        self.standing()
    }

    /// What has become of the call: hopeless if it is none, complete if its end is there.
    pub fn standing(&self) -> Judgement {
        match self.position {
            None => Judgement::Hopeless,
            Some(position) if position.is_complete() => Judgement::Complete,
            Some(_) => Judgement::GoOn,
        }
    }
}

impl Compiled {
    /// The tokens that can stand at a position, a bit each.
    fn mask(&self, position: CallPosition) -> Arc<[u64]> {
        let masks = || self.masks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mask) = masks().get(&position) {
            return Arc::clone(mask);
        }
        // Without the lock: others need not wait, and both would find the same.
        let mut bits = vec![0u64; self.token_bytes.len().div_ceil(64)];
        self.trie.walk(
            position,
            |position, byte| self.grammar.step(position, byte),
            |position| position.is_complete(),
            |id| bits[id as usize / 64] |= 1 << (id % 64),
        );
        let mask: Arc<[u64]> = bits.into();
        let mut masks = masks();
        if masks.len() >= KEPT_MASKS {
            masks.clear();
        }
        masks.insert(position, Arc::clone(&mask));
        mask
    }
}
