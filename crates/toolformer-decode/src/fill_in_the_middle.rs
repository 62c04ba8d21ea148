//! Text between a beginning and an end, for models that were trained with tokens for it (Bavarian et al., 2022).

use toolformer_model::Tokenizer;

use crate::error::DecodeError;

/// What stands before the beginning, before the end, and before what is between, in vocabularies that have them: Qwen2.5
/// Coder and CodeGemma, StarCoder, SantaCoder, Code Llama, DeepSeek Coder.
const MARKERS: [[&str; 3]; 5] = [
    ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"],
    ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"],
    ["<fim-prefix>", "<fim-suffix>", "<fim-middle>"],
    ["▁<PRE>", "▁<SUF>", "▁<MID>"],
    ["<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"],
];

/// The tokens behind which a model writes what belongs between `prompt` and `suffix`; the tokens that the tokenizer puts
/// before any text are in front.
///
/// # Errors
/// If the vocabulary has no tokens for that, or a text cannot be spelt.
pub fn fill_in_the_middle(
    tokenizer: &Tokenizer,
    prompt: &str,
    suffix: &str,
) -> Result<Vec<u32>, DecodeError> {
    let ids = |names: &[&str; 3]| {
        let [before, behind, between] = names.map(|name| tokenizer.token_to_id(name));
        Some([before?, behind?, between?])
    };
    let Some([before, behind, between]) = MARKERS.iter().find_map(ids) else {
        return Err(DecodeError::Setting {
            name: "suffix",
            why: "the model's vocabulary has no tokens to fill in the middle, such as <|fim_prefix|>; leave it out, or \
                  use a model that was trained for it"
                .to_owned(),
        });
    };
    let mut all = tokenizer.encode_with_special("")?;
    all.push(before);
    all.extend(tokenizer.encode_continuation(prompt)?);
    all.push(behind);
    all.extend(tokenizer.encode_continuation(suffix)?);
    all.push(between);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use toolformer_model::{SpecialIds, Tokenizer};

    use super::*;

    fn tiny() -> Tokenizer {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../toolformer-model/tests/fixtures/tiny_llama");
        Tokenizer::from_file(format!("{folder}/tokenizer.json"), SpecialIds::default()).unwrap()
    }

    #[test]
    fn the_parts_stand_behind_their_markers() {
        for names in MARKERS {
            let mut tokenizer = tiny();
            tokenizer.add_special_tokens(&names);
            let ids = fill_in_the_middle(&tokenizer, "the cat", "the end").unwrap();
            let [before, behind, between] = names.map(|name| vec![tokenizer.token_to_id(name).unwrap()]);
            let [prompt, suffix] = ["the cat", "the end"].map(|text| tokenizer.encode(text).unwrap());
            assert_eq!(ids, [before, prompt, behind, suffix, between].concat());
        }
    }

    #[test]
    fn other_vocabularies_say_so() {
        let error = fill_in_the_middle(&tiny(), "a", "b").unwrap_err().to_string();
        assert!(error.starts_with("setting `suffix`: the model's vocabulary has no tokens"), "{error}");
    }
}
