//! Verdicts against the formula of section 2, every loss from passes of its own.

use toolformer_model::Tokenizer;
use toolformer_text::Syntax;
use toolformer_train::{Candidate, FilterSettings, FilterStage, Reason, Status, Tokenized};

use crate::{
    oracle::loss,
    tiny::{B, texts, tiny},
};

const TEXTS: [&str; 2] = ["the cat 12 3", "12 the"];

fn candidate(tokenizer: &Tokenizer, text_id: usize, i: usize, args: &str, status: Status) -> Candidate {
    let (_, spans) = tokenizer.encode_with_offsets(TEXTS[text_id]).unwrap();
    serde_json::from_value(serde_json::json!({
        "text_id": text_id, "tool": "T", "position": spans[i].0, "token_position": i, "p_start": 0.1,
        "call": format!("T({args})"), "status": status, "result": "12",
    }))
    .unwrap()
}

fn judge(drop_arrow: bool, tau_f: f64) -> Vec<Candidate> {
    judge_with(FilterSettings { drop_arrow, tau_f, ..FilterSettings::default() })
}

fn judge_with(settings: FilterSettings) -> Vec<Candidate> {
    let (tiny, syntax) = (tiny(), Syntax::default());
    let mut candidates = vec![
        candidate(&tiny.tokenizer, 0, 2, "a", Status::Ok),
        candidate(&tiny.tokenizer, 1, 1, "12", Status::Ok),
        candidate(&tiny.tokenizer, 0, 2, "a", Status::Ok),
        candidate(&tiny.tokenizer, 0, 5, "a", Status::Ok),
        candidate(&tiny.tokenizer, 0, 1, "", Status::NoResult),
    ];
    let stage = FilterStage::new(&tiny.model, &tiny.tokenizer, &syntax, settings).unwrap();
    let texts = texts(&TEXTS);
    let texts: Vec<Tokenized<'_>> =
        texts.iter().map(|text| Tokenized::new(text, &tiny.tokenizer).unwrap()).collect();
    stage.judge::<B>(&texts, &mut candidates).unwrap();
    candidates
}

#[test]
fn losses_and_verdicts_are_those_of_the_formula() {
    for drop_arrow in [false, true] {
        for candidate in judge(drop_arrow, 0.0) {
            let TextNumber(text) = TextNumber::of(&candidate);
            if candidate.status != Status::Ok {
                assert_eq!((candidate.kept, candidate.reason), (Some(false), Some(Reason::NotExecuted)));
                continue;
            }
            let (_, args) = candidate.name_and_args().unwrap();
            let i = candidate.token_position;
            let loss = |prefix: &str| loss(&tiny(), prefix, TEXTS[text], i);
            let none = loss("");
            let arrow = if drop_arrow { "" } else { " ->" };
            let call = loss(&format!(" [T({args}){arrow}]"));
            let response = loss(&format!(" [T({args}) -> 12]"));
            let found = candidate.losses.unwrap();
            for (found, expected) in [(found.none, none), (found.call, call), (found.response, response)] {
                assert!((found - expected).abs() < 1e-4, "{found} {expected}");
            }
            assert_eq!(candidate.kept, Some(none.min(call) - response >= 0.0));
        }
    }
}

struct TextNumber(usize);

impl TextNumber {
    fn of(candidate: &Candidate) -> Self {
        Self(candidate.text_id.to_string().parse().unwrap())
    }
}

#[test]
fn tau_f_decides() {
    let kept = |tau_f| judge(false, tau_f).iter().filter(|candidate| candidate.kept == Some(true)).count();
    assert_eq!((kept(-100.0), kept(100.0)), (4, 0));
}

#[test]
fn tau_f_may_be_another_for_a_tool() {
    let kept = |tools: &[(&str, f64)]| {
        let tau_f_of = tools.iter().map(|&(tool, tau_f)| (tool.to_owned(), tau_f)).collect();
        let settings = FilterSettings { tau_f: -100.0, tau_f_of, ..FilterSettings::default() };
        judge_with(settings).iter().filter(|candidate| candidate.kept == Some(true)).count()
    };
    assert_eq!((kept(&[]), kept(&[("U", 100.0)]), kept(&[("T", 100.0)])), (4, 4, 0));
}

#[test]
fn candidates_of_another_tokenizer_are_refused() {
    let (tiny, syntax) = (tiny(), Syntax::default());
    let stage = FilterStage::new(&tiny.model, &tiny.tokenizer, &syntax, FilterSettings::default()).unwrap();
    let texts = texts(&TEXTS);
    let texts: Vec<Tokenized<'_>> =
        texts.iter().map(|text| Tokenized::new(text, &tiny.tokenizer).unwrap()).collect();
    let mut wrong = candidate(&tiny.tokenizer, 0, 2, "a", Status::Ok);
    wrong.position += 1;
    let error = stage.judge::<B>(&texts, &mut [wrong]).unwrap_err().to_string();
    assert!(error.contains("another tokenizer"), "{error}");
}

#[test]
fn candidates_behind_the_models_context_are_refused() {
    let (tiny, syntax) = (tiny(), Syntax::default());
    let stage = FilterStage::new(&tiny.model, &tiny.tokenizer, &syntax, FilterSettings::default()).unwrap();
    let texts = texts(&[&"12 ".repeat(40)]);
    let text = Tokenized::new(&texts[0], &tiny.tokenizer).unwrap();
    let at = |i: usize| -> Candidate {
        serde_json::from_value(serde_json::json!({
            "text_id": 0, "tool": "T", "position": text.offsets[i], "token_position": i, "p_start": 0.1,
            "call": "T(a)", "status": Status::Ok, "result": "12",
        }))
        .unwrap()
    };
    assert!(text.ids.len() > 64);
    stage.judge::<B>(std::slice::from_ref(&text), &mut [at(3)]).unwrap();
    let error = stage.judge::<B>(std::slice::from_ref(&text), &mut [at(62)]).unwrap_err().to_string();
    assert!(error.contains("the model's context is 64"), "{error}");
}
