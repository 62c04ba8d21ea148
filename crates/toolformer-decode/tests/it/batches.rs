//! Batched is the same as alone, and every token is computed once.

use toolformer_decode::{
    DecodeError, Finish, GenerateSettings, Generation, Prompt, Sampling, Tools, generate,
};

use crate::models::{Scripted, in_batches, prompt, tiny};

const TEXTS: [&str; 5] = ["the cat", "a", "12 + 3 =", "the the the [", "zebra 99, and so on"];

fn run(texts: &[&str], batch: usize, sampling: Sampling) -> Vec<Generation> {
    let (model, tokenizer) = tiny();
    let prompts: Vec<Prompt> = texts.iter().map(|text| prompt(&tokenizer, text)).collect();
    let settings = GenerateSettings { max_tokens: 12, sampling, seed: 5, ..Default::default() };
    let mut seen = 0;
    let all =
        in_batches(&model, &tokenizer, &prompts, &settings, &Tools::None, batch, |_, _| seen += 1).unwrap();
    assert_eq!((seen, all.len()), (texts.len(), texts.len()));
    all
}

#[test]
fn a_batch_gives_what_each_prompt_gives_alone() {
    for sampling in [Sampling::default(), Sampling::at_temperature(0.8)] {
        let alone: Vec<Vec<u32>> = TEXTS.iter().map(|text| run(&[text], 1, sampling).remove(0).ids).collect();
        for batch in [1, 2, 3, 5, 8] {
            let together: Vec<Vec<u32>> =
                run(&TEXTS, batch, sampling).into_iter().map(|one| one.ids).collect();
            assert_eq!(together, alone, "batch {batch}");
        }
    }
}

#[test]
fn tokens_are_computed_once() {
    let (_, tokenizer) = tiny();
    for (text, generation) in TEXTS.iter().zip(run(&TEXTS, 5, Sampling::default())) {
        let prompt = tokenizer.encode(text).unwrap().len();
        // What the last token would predict is not wanted where the maximum is reached.
        let unfed = usize::from(generation.finish == Finish::Length);
        assert_eq!(
            generation.computed + generation.reused,
            prompt + generation.ids.len() - unfed,
            "{generation:?}"
        );
    }
}

#[test]
fn stop_strings_end_a_completion_and_are_cut_off() {
    let (model, tokenizer) = tiny();
    let model = Scripted::new(model, &tokenizer, &["the", " 12 the 12 + 3"]);
    let prompts = [prompt(&tokenizer, "the")];
    let settings = GenerateSettings { stop: vec!["+".into(), "he 1".into()], ..Default::default() };
    let cut = generate(&model, &tokenizer, &prompts, &settings, &Tools::None).unwrap().remove(0);
    assert_eq!((cut.completion.as_str(), cut.finish), (" 12 t", Finish::Stop));
}

/// Room for all that is allowed would take terabytes.
#[test]
fn room_is_made_for_what_is_written() {
    let (model, tokenizer) = tiny();
    let text = " 12 the".repeat(200);
    let model = Scripted::new(model, &tokenizer, &["the", &text]);
    let settings = GenerateSettings { max_tokens: 2_000_000_000, ..Default::default() };
    let prompts = [prompt(&tokenizer, "the")];
    let done = generate(&model, &tokenizer, &prompts, &settings, &Tools::None).unwrap().remove(0);
    assert_eq!((done.completion, done.finish), (text, Finish::Eos));
    assert!(done.ids.len() > 256);
}

#[test]
fn what_cannot_be_completed_is_said_before_anything_is_computed() {
    let (model, tokenizer) = tiny();
    let check = |text: &str, max_tokens| {
        let settings = GenerateSettings { max_tokens, ..Default::default() };
        let prompts = [prompt(&tokenizer, text)];
        generate(&model, &tokenizer, &prompts, &settings, &Tools::None).unwrap_err()
    };
    assert!(matches!(check("", 5), DecodeError::EmptyPrompt { prompt: 0 }));
    assert!(matches!(check("the", 1000), DecodeError::TooLong { context: 64, .. }));
    assert!(matches!(check("the", usize::MAX), DecodeError::TooLong { context: 64, .. }));
}
