//! A tokenizer with more tokens than its model has ids: only texts that use such a token are refused, by name.

use serde_json::json;
use toolformer_model::Pretrained;
use toolformer_text::Syntax;
use toolformer_train::{
    AnnotateSettings, Annotator, Candidate, FewShotPrompt, FilterSettings, FilterStage, Tokenized,
    TrainError, TrainingSettings, Unobserved, finetune, held_out_sequence, training_sequence,
};

use crate::tiny::{B, registry, texts, tiny};

const UNKNOWN: &str = "the <image_soft_token>";

fn larger() -> Pretrained<B> {
    let mut tiny = tiny();
    tiny.tokenizer.add_special_tokens(&["<image_soft_token>"]);
    tiny
}

#[track_caller]
fn check(error: TrainError) {
    let error = std::iter::successors(Some(&error as &dyn std::error::Error), |&error| error.source());
    let text = error.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    assert!(text.contains("the model has no token 267, `<image_soft_token>`"), "{text}");
}

fn annotate(text: &str, prompt: &str) -> Result<(), TrainError> {
    let (Pretrained { model, tokenizer, .. }, syntax, registry) =
        (larger(), Syntax::default(), registry("T"));
    let prompt = FewShotPrompt::new(prompt)?;
    let settings = AnnotateSettings { k: 1, m: 1, max_call_tokens: 4, ..AnnotateSettings::default() };
    let annotator = Annotator::<B, _>::new(&model, &tokenizer, &syntax, &registry, "T", &prompt, settings)?;
    let texts = texts(&[text]);
    annotator.annotate(&[Tokenized::new(&texts[0], &tokenizer)?]).map(drop)
}

fn filter(text: &str, result: &str) -> Result<usize, TrainError> {
    let (Pretrained { model, tokenizer, .. }, syntax) = (larger(), Syntax::default());
    let texts = texts(&[text]);
    let texts = [Tokenized::new(&texts[0], &tokenizer)?];
    let candidate = json!({
        "text_id": 0, "tool": "T", "position": 0, "token_position": 0, "p_start": 0.1, "call": "T(1)",
        "status": "ok", "result": result,
    });
    let mut candidates: [Candidate; 1] = [serde_json::from_value(candidate).unwrap()];
    FilterStage::new(&model, &tokenizer, &syntax, FilterSettings::default())?
        .judge::<B>(&texts, &mut candidates)
}

#[test]
fn texts_prompts_and_results() {
    annotate("the cat", "Q {text} A ").unwrap();
    check(annotate(UNKNOWN, "Q {text} A ").unwrap_err());
    check(annotate("the cat", "Q <image_soft_token> {text} A ").unwrap_err());
    filter("the cat", "12").unwrap();
    check(filter(UNKNOWN, "12").unwrap_err());
    check(filter("the cat", UNKNOWN).unwrap_err());
}

#[test]
fn examples() {
    let Pretrained { model, config, tokenizer, .. } = larger();
    assert!(training_sequence(&tokenizer, 267, "the cat", &[]).is_ok());
    check(training_sequence(&tokenizer, 267, UNKNOWN, &[]).unwrap_err());
    check(held_out_sequence(&tokenizer, 267, UNKNOWN).unwrap_err());
    let (folder, settings) = (tempfile::tempdir().unwrap(), TrainingSettings::default());
    let error = finetune(
        model,
        &config,
        &[vec![1, 2].into(), vec![3, 267].into()],
        &[],
        &settings,
        folder.path(),
        &mut Unobserved,
        &mut Unobserved,
    );
    let error = error.unwrap_err().to_string();
    assert!(error.contains("the model has no token 267; its ids are 0 to 266"), "{error}");
}
