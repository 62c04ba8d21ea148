//! From text to text: what it remembers, and what it tells while it runs.

use toolformer_decode::{CallSettings, Event, GenerateSettings, TextGenerator};
use toolformer_text::Policy;

use crate::models::{B, Guided, Scripted, multiplier, tiny};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../toolformer-model/tests/fixtures/tiny_llama");

fn short() -> GenerateSettings {
    GenerateSettings { max_tokens: 6, ..Default::default() }
}

#[test]
fn texts_are_completed_as_by_themselves_and_remembered() {
    let mut generator = TextGenerator::<B>::from_pretrained(FOLDER).unwrap().settings(short());
    let first = generator.generate("the cat 12").unwrap();
    assert_eq!(first.reused, 0);
    let prompt = generator.tokenizer().encode("the cat 12").unwrap().len();
    let again = generator.generate("the cat 12").unwrap();
    assert_eq!((again.reused, &again.ids), (prompt - 1, &first.ids));
    let all = generator.generate_all(&["a", "the cat 12"]).unwrap();
    assert_eq!((all.len(), &all[1].ids), (2, &first.ids));
}

#[test]
fn a_stream_is_the_completion_and_may_be_left() {
    let (model, tokenizer) = tiny();
    let script = ["the", " [", "Calculator(12 * 3)", " ->", " 36]", " 36 the cat"];
    let model = Scripted::new(model, &tokenizer, &script);
    let mut generator = TextGenerator::<B, _>::new(model, tokenizer).tools(multiplier()).clock(|| 2.0);
    let whole = generator.generate("the").unwrap();
    assert_eq!(whole.completion, script[1..].concat());
    let mut streamed = String::new();
    let mut done = None;
    for event in generator.stream("the").unwrap() {
        match event.unwrap() {
            Event::Text { text, .. } | Event::Call { text, .. } => streamed += &text,
            Event::Done { generation, .. } => done = Some(generation),
            Event::Failed { error, .. } => panic!("{error}"),
        }
    }
    assert_eq!((&streamed, done.unwrap().ids), (&whole.completion, whole.ids.clone()));
    // Left in the middle, the next text is completed all the same.
    assert!(generator.stream("the").unwrap().next().unwrap().is_ok());
    assert_eq!(generator.generate("the").unwrap().ids, whole.ids);
}

#[test]
fn what_fails_is_told_and_what_was_read_stays_known() {
    let tokenizer = tiny().1;
    let call = tokenizer.encode_continuation(" [Nothing(1) ->").unwrap();
    let from = tokenizer.encode("the").unwrap().len();
    let model = Guided::new(move |seen: &[u32]| call.get(seen.len() - from).copied());
    let calls = CallSettings { policies: Policy::Fail.into(), ..CallSettings::default() };
    let mut generator = TextGenerator::<B, _>::new(model, tokenizer)
        .tools(multiplier())
        .calls(calls)
        .settings(GenerateSettings { max_tokens: 40, ..Default::default() });
    assert!(generator.generate("the").is_err());
    let told: Vec<_> = generator.stream("the").unwrap().collect();
    assert!(told.last().unwrap().is_err());
    assert!(generator.generate("").is_err() && generator.stream(&"the ".repeat(99)).is_err());
}
