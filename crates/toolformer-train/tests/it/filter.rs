//! Verdicts against the formula of section 2, every loss from passes of its own.

use toolformer_filter::LossWeights;
use toolformer_model::Tokenizer;
use toolformer_text::Syntax;
use toolformer_train::{
    Candidate, Compat, FilterSettings, FilterStage, Reason, Status, Tokenized, TrainError,
};

use crate::{
    oracle::{loss, loss_by},
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

#[track_caller]
fn check_losses(candidate: &Candidate, expected: [f64; 3]) {
    let found = candidate.losses.unwrap();
    for (found, expected) in [found.none, found.call, found.response].into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    }
}

#[test]
fn other_weights_give_the_losses_of_the_formula_and_other_verdicts() {
    let rising = |t: usize| if t == 0 { -0.5 } else { t as f64 };
    let judge_by = |weights| judge_with(FilterSettings { tau_f: 0.0, weights, ..FilterSettings::default() });
    let found = judge_by(Some(LossWeights::from_fn(3, rising)));
    for candidate in found.iter().filter(|candidate| candidate.status == Status::Ok) {
        let TextNumber(text) = TextNumber::of(candidate);
        let (_, args) = candidate.name_and_args().unwrap();
        let by_hand = |prefix: &str| {
            loss_by(&tiny(), &[0, 1, 2].map(rising), prefix, TEXTS[text], candidate.token_position)
        };
        let expected =
            ["".to_owned(), format!(" [T({args}) ->]"), format!(" [T({args}) -> 12]")].map(|z| by_hand(&z));
        check_losses(candidate, expected);
        assert_eq!(candidate.kept, Some(expected[0].min(expected[1]) - expected[2] >= 0.0));
    }
    let kept = |found: &[Candidate]| found.iter().map(|one| one.kept == Some(true)).collect::<Vec<_>>();
    assert_ne!(kept(&found), kept(&judge_by(None)));
}

#[test]
fn a_separator_stands_behind_the_call_where_there_is_one() {
    let separator = " 3".to_owned();
    for candidate in judge_with(FilterSettings { separator, ..FilterSettings::default() }) {
        let TextNumber(text) = TextNumber::of(&candidate);
        if candidate.status == Status::Ok {
            let (_, args) = candidate.name_and_args().unwrap();
            let by_hand = |prefix: &str| loss(&tiny(), prefix, TEXTS[text], candidate.token_position);
            let [call, response] = ["->", "-> 12"].map(|end| by_hand(&format!(" [T({args}) {end}] 3")));
            check_losses(&candidate, [by_hand(""), call, response]);
        }
    }
}

#[test]
fn dear_tools_have_to_gain_more() {
    let settings = |cost_weight: f64, costs: &[(&str, f64)]| FilterSettings {
        tau_f: -100.0,
        cost_weight,
        cost_of: costs.iter().map(|&(tool, cost)| (tool.to_owned(), cost)).collect(),
        ..FilterSettings::default()
    };
    let deltas: Vec<f64> = judge(false, 0.0).iter().filter_map(|candidate| candidate.delta).collect();
    let middle = (deltas.iter().copied().fold(f64::MAX, f64::min)
        + deltas.iter().copied().fold(f64::MIN, f64::max))
        / 2.0;
    let kept = |settings| judge_with(settings).iter().filter(|one| one.kept == Some(true)).count();
    let above = deltas.iter().filter(|&&delta| delta >= middle).count();
    assert!(above > 0 && above < deltas.len());
    // tau_f + 2 * (middle + 100) / 2 is the middle; the losses are what they were.
    assert_eq!(kept(settings(2.0, &[("T", (middle + 100.0) / 2.0)])), above);
    assert_eq!(kept(settings(2.0, &[("U", 1000.0)])), deltas.len());
    assert_eq!(kept(settings(0.0, &[("T", 1000.0)])), deltas.len());
    let own = settings(2.0, &[("T", 3.0)]);
    assert_eq!([own.threshold("T"), own.threshold("U")], [-94.0, -100.0]);
}

#[track_caller]
fn check_refused(settings: FilterSettings, name: &str) {
    let error = settings.validate().unwrap_err();
    assert!(matches!(error, TrainError::Setting { name: found, .. } if found == name), "{error}");
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let default = FilterSettings::default;
    for cost in [-1.0, f64::NAN, f64::INFINITY] {
        check_refused(FilterSettings { cost_weight: cost, ..default() }, "cost_weight");
        check_refused(FilterSettings { cost_of: [("T".to_owned(), cost)].into(), ..default() }, "cost");
    }
    check_refused(FilterSettings { tau_f: f64::NAN, ..default() }, "tau_f");
    for weights in [vec![], vec![1.0, f64::NAN]] {
        check_refused(FilterSettings { weights: Some(LossWeights::new(weights)), ..default() }, "weights");
    }
    let (separator, compat) = (" ".to_owned(), Compat::Lucidrains);
    check_refused(FilterSettings { separator, compat, ..default() }, "separator");
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
fn candidates_behind_the_models_context_are_not_kept() {
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
    // One of a text may be too long with its result, and the others are not.
    let mut both = [at(3), at(62)];
    stage.judge::<B>(std::slice::from_ref(&text), &mut both).unwrap();
    assert!(both[0].losses.is_some() && both[1].losses.is_none());
    assert_eq!((both[1].kept, both[1].reason), (Some(false), Some(Reason::TooLong)));
}
