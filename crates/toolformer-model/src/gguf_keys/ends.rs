//! Which tokens end a text, as llama.cpp has it (`llama_vocab::impl::load`): by their roles, and by their names.

use super::GgufKeys;
use crate::error::ModelError;

/// `tokenizer.ggml.token_type` of special tokens (llama.cpp: `LLAMA_TOKEN_TYPE_CONTROL`).
pub(crate) const CONTROL: i64 = 3;

/// Special tokens that end a text whatever the metadata say, in models of the architectures that are read. Files often
/// give a role to the end of a text only, and not to that of a turn.
pub(crate) const END_NAMES: [&str; 15] = [
    "<|eot_id|>",
    "<|eom_id|>",
    "<|im_end|>",
    "<|end|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<｜end▁of▁sentence｜>",
    "<end_of_utterance>",
    "</s>",
    "<eos>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
];

impl GgufKeys<'_> {
    /// The ids that end a text, those with a role first.
    pub(crate) fn eos(&self) -> Result<Vec<u32>, ModelError> {
        let mut eos = Vec::new();
        for role in ["eos", "eot", "eom"] {
            let key = format!("tokenizer.ggml.{role}_token_id");
            if self.file.has_key(&key) {
                eos.push(self.file.get_u32(&key)?);
            }
        }
        eos.extend(self.named_ends()?);
        let mut seen = std::collections::HashSet::new();
        eos.retain(|id| seen.insert(*id));
        Ok(eos)
    }

    fn named_ends(&self) -> Result<Vec<u32>, ModelError> {
        let (tokens, types) = ("tokenizer.ggml.tokens", "tokenizer.ggml.token_type");
        if !self.file.has_key(tokens) {
            return Ok(Vec::new());
        }
        let rows = self.vocab_size()?;
        let types = if self.file.has_key(types) { Some(self.file.get_array_i64(types)?) } else { None };
        let special = |id: usize| types.as_ref().is_none_or(|types| types.get(id) == Some(&CONTROL));
        let tokens = self.file.get_array_str(tokens)?;
        let named = tokens
            .iter()
            .enumerate()
            .take(rows)
            .filter(|(id, name)| END_NAMES.contains(name) && special(*id));
        Ok(named.map(|(id, _)| id as u32).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gguf::blob::Blob;

    /// Types: 1 for text, 3 for special ones.
    #[track_caller]
    fn check(roles: &[(&str, u32)], types: Option<[u32; 5]>, rows: u64, expected: &[u32]) {
        let keys = 1 + roles.len() + usize::from(types.is_some());
        let tokens = ["a", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|im_start|>"];
        let mut blob = Blob::new(1, keys as u64).texts_key("tokenizer.ggml.tokens", &tokens);
        for (role, id) in roles {
            blob = blob.key(&format!("tokenizer.ggml.{role}_token_id"), 4).u32(*id);
        }
        if let Some(types) = types {
            blob = blob.list_key("tokenizer.ggml.token_type", 5, types);
        }
        let blob = blob.tensor("token_embd.weight", &[1, rows], 0, 0).padded().bytes(&[0; 32]);
        let file = blob.open().unwrap();
        assert_eq!(GgufKeys::new(&file, "llama").eos().unwrap(), expected);
    }

    #[test]
    fn ends_have_a_role_or_a_name() {
        check(&[("eos", 2)], Some([1, 1, 3, 1, 3]), 5, &[2]);
        check(&[("eos", 2)], Some([1, 3, 3, 3, 3]), 5, &[2, 1, 3]);
        check(&[("eom", 4), ("eos", 2), ("eot", 2)], Some([1; 5]), 5, &[2, 4]);
        check(&[("eos", 4)], None, 5, &[4, 1, 2, 3]);
        check(&[], Some([1, 3, 3, 3, 3]), 3, &[1, 2]);
    }
}
