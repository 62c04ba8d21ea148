//! Beam search against transformers' (`make_beams.py`).

use serde::Deserialize;
use serde_json::{Map, Value};
use toolformer_decode::{
    BeamSettings, DecodeError, EarlyStopping, Finish, GenerateSettings, Penalties, Prompt, Tools,
    beam_search, generate,
};
use toolformer_model::Pretrained;

use crate::models::{B, prompt, tiny};

#[derive(Deserialize)]
struct Case {
    prompt: Vec<u32>,
    settings: Map<String, Value>,
    ends: Vec<u32>,
    texts: Vec<Vec<u32>>,
    scores: Option<Vec<f64>>,
}

fn settings(of: &Map<String, Value>) -> BeamSettings {
    let float = |name: &str| of.get(name).and_then(Value::as_f64).unwrap_or(1.0);
    let size = |name: &str| of.get(name).and_then(Value::as_u64).unwrap_or(0) as usize;
    BeamSettings {
        beams: size("num_beams"),
        length_penalty: float("length_penalty"),
        early_stopping: match of.get("early_stopping") {
            None => EarlyStopping::Heuristic,
            Some(Value::Bool(true)) => EarlyStopping::WhenFull,
            Some(_) => EarlyStopping::Never,
        },
        max_tokens: 8,
        penalties: Penalties {
            repetition: float("repetition_penalty"),
            no_repeat_ngram: size("no_repeat_ngram_size"),
            ..Penalties::default()
        },
    }
}

#[test]
fn transformers_finds_the_same() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../toolformer-model/tests/fixtures/llama");
    let (model, _) = Pretrained::<B>::open_model(folder.as_ref(), &Default::default()).unwrap();
    let cases: Vec<Case> = serde_json::from_str(include_str!("../fixtures/beams.json")).unwrap();
    for Case { prompt, settings: of, ends, texts, scores } in cases {
        let found = beam_search::<B, _>(&model, &prompt, &ends, &settings(&of)).unwrap();
        let ids: Vec<&[u32]> = found.iter().map(|beam| beam.ids.as_slice()).collect();
        assert_eq!(ids, texts, "{of:?}, {prompt:?}, {ends:?}");
        for (beam, score) in found.iter().zip(scores.into_iter().flatten()) {
            assert!((beam.score - score).abs() < 1e-4, "{of:?}: {} {score}", beam.score);
            assert_eq!(beam.finish == Finish::Length, beam.ids.len() == 8);
        }
    }
}

#[test]
fn one_beam_is_greedy() {
    let (model, tokenizer) = tiny();
    for text in ["the cat", "12 + 3 ="] {
        let Prompt { key, ids } = prompt(&tokenizer, text);
        let settings = BeamSettings { beams: 1, max_tokens: 12, ..BeamSettings::default() };
        let found = beam_search::<B, _>(&model, &ids, &[], &settings).unwrap().remove(0);
        let settings = GenerateSettings { max_tokens: 12, ..GenerateSettings::default() };
        let prompts = [Prompt { key, ids }];
        let greedy = generate(&model, &tokenizer, &prompts, &settings, &Tools::None).unwrap();
        assert!(found.ids.starts_with(&greedy[0].ids), "{found:?} {greedy:?}");
    }
}

#[test]
fn what_cannot_be_searched_is_said() {
    let (model, _) = tiny();
    let check = |prompt: &[u32], settings: BeamSettings| {
        beam_search::<B, _>(&model, prompt, &[], &settings).unwrap_err()
    };
    let refused = |settings: BeamSettings| check(&[1], settings).to_string();
    assert!(refused(BeamSettings { beams: 0, ..Default::default() }).contains("`beams`: must be between 1"));
    let nan = BeamSettings { length_penalty: f64::NAN, ..Default::default() };
    assert!(refused(nan).contains("`length_penalty`: must be a number"));
    assert!(refused(BeamSettings { max_tokens: 0, ..Default::default() }).contains("`max_tokens`"));
    assert!(matches!(check(&[], Default::default()), DecodeError::EmptyPrompt { .. }));
    assert!(matches!(check(&[1, 267], Default::default()), DecodeError::Prompt { .. }));
    let long = BeamSettings { max_tokens: 1000, ..Default::default() };
    assert!(matches!(check(&[1], long), DecodeError::TooLong { context: 64, .. }));
}
