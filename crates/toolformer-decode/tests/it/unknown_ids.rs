//! A tokenizer with more tokens than its model has ids: only texts that use such a token are refused.

use toolformer_decode::{DecodeError, GenerateSettings, ToolUse, Tools, generate};
use toolformer_model::ModelError;
use toolformer_text::{FnTool, Registry, Syntax};

use crate::models::{Scripted, prompt, tiny};

const UNKNOWN: &str = "<image_soft_token>";

/// Completes a prompt with a tool that answers `result`.
fn complete(text: &str, result: &'static str) -> Result<String, DecodeError> {
    let (model, mut tokenizer) = tiny();
    tokenizer.add_special_tokens(&[UNKNOWN]);
    let model = Scripted::new(model, &tokenizer, &[text, " [T(1) ->"]);
    let (mut registry, syntax, clock) = (Registry::new(), Syntax::default(), || 0.0);
    registry.insert(FnTool::new("T", "answers", move |_: &str| Ok(result.to_owned()))).unwrap();
    let tools = ToolUse::new(&registry, &syntax, &clock);
    let prompts = [prompt(&tokenizer, text)];
    let settings = GenerateSettings { max_tokens: 40, ..Default::default() };
    let done = generate(&model, &tokenizer, &prompts, &settings, &Tools::Enabled(tools));
    done.map(|mut done| done.remove(0).completion)
}

#[test]
fn only_a_prompt_that_uses_the_token_is_refused() {
    assert!(complete("the cat", "12").unwrap().starts_with(" [T(1) -> 12]"));
    let error = complete("the <image_soft_token> cat", "12").unwrap_err();
    let DecodeError::Prompt { prompt: 0, source } = error else { panic!("{error}") };
    let text = source.to_string();
    assert!(text.contains("no token 267, `<image_soft_token>`; its ids are 0 to 266"), "{text}");
}

#[test]
fn so_is_a_result_that_uses_it() {
    let error = complete("the cat", UNKNOWN).unwrap_err();
    let is_named =
        matches!(&error, DecodeError::Model(ModelError::UnknownId { id: 267, token: Some(_), .. }));
    assert!(is_named, "{error}");
}
