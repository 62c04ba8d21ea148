//! The method stage by stage, as a library.

use serde_json::json;
use toolformer_model::Pretrained;
use toolformer_text::{FnTool, Syntax, ToolError};
use toolformer_train::{
    AnnotateSettings, Annotator, Candidate, Dropped, FewShotPrompt, FilterSettings, Stage, Status, Text,
    Tokenized, Toolformer, TrainError, weave,
};

use crate::tiny::{B, arithmetic, calculator, calling, texts};

const TEXTS: [&str; 3] = ["12 * 3 is 36 the cat", "the cat 3 + 12 is 15", "7 and 49 go"];
const PROMPT: &str = "Q {text} A ";

fn settings() -> AnnotateSettings {
    AnnotateSettings { k: 4, m: 12, max_call_tokens: 24, seed: 5, ..AnnotateSettings::default() }
}

fn without_tools() -> Toolformer<B> {
    let Pretrained { model, tokenizer, .. } = calling();
    let filter = FilterSettings { tau_f: 0.0, ..FilterSettings::default() };
    Toolformer::new(model, tokenizer).annotate_settings(settings()).filter_settings(filter)
}

fn toolformer() -> Toolformer<B> {
    let calculator = FnTool::new("Calculator", "calculates", |args: &str| {
        arithmetic(args).map(|result| result.to_string()).ok_or(ToolError::NoResult)
    });
    without_tools().tool(calculator, FewShotPrompt::new(PROMPT).unwrap()).unwrap()
}

fn statuses(candidates: &[Candidate]) -> Vec<Status> {
    candidates.iter().map(|candidate| candidate.status).collect()
}

#[test]
fn each_stage_gives_what_it_says() {
    let (toolformer, texts) = (toolformer(), texts(&TEXTS));
    let generated = toolformer.generated(&texts).unwrap();

    // What an annotator samples.
    let Pretrained { model, tokenizer, .. } = calling();
    let (syntax, registry, prompt) = (Syntax::default(), calculator(), FewShotPrompt::new(PROMPT).unwrap());
    let annotator =
        Annotator::new(&model, &tokenizer, &syntax, &registry, "Calculator", &prompt, settings()).unwrap();
    let tokenized: Vec<Tokenized<'_>> =
        texts.iter().map(|text| Tokenized::new(text, &tokenizer).unwrap()).collect();
    assert_eq!(generated, annotator.annotate(&tokenized).unwrap().candidates);
    assert!(
        statuses(&generated).contains(&Status::Unparsable)
            && generated.iter().all(|one| one.result.is_none())
    );

    let calls = toolformer.calls(&texts, generated.clone()).unwrap();
    assert!(!calls.calls.is_empty() && statuses(&calls.calls).iter().all(|&status| status == Status::Ok));
    assert_eq!(calls.calls.len() + calls.dropped.values().sum::<usize>(), generated.len());
    let unparsable = statuses(&generated).into_iter().filter(|&status| status == Status::Unparsable).count();
    assert_eq!(calls.dropped[&Dropped::Status(Status::Unparsable)], unparsable);

    let executed = toolformer.executed(calls.calls.clone());
    for candidate in &executed {
        let (_, args) = candidate.name_and_args().unwrap();
        match arithmetic(args) {
            Some(result) => assert_eq!(candidate.result, Some(result.to_string())),
            None => assert_eq!(candidate.status, Status::NoResult),
        }
    }

    let scored = toolformer.scored(&texts, executed.clone()).unwrap();
    for candidate in &scored {
        assert_eq!(candidate.losses.is_some(), candidate.status == Status::Ok);
        assert_eq!(candidate.kept, Some(candidate.losses.is_some_and(|losses| losses.delta() >= 0.0)));
    }
    for (stage, expected) in [
        (Stage::Generated, &generated),
        (Stage::Calls, &calls.calls),
        (Stage::Executed, &executed),
        (Stage::Scored, &scored),
    ] {
        assert_eq!(&toolformer.candidates_after(&texts, stage).unwrap(), expected, "{stage:?}");
    }
    assert!(scored.iter().any(|candidate| candidate.kept == Some(true)));
    assert_eq!(toolformer.weave(&texts, &scored).unwrap(), weave(&texts, &scored, &syntax).unwrap());
}

/// A call to a tool before the last token of a text.
fn mocked(text: &Text, tool: &str, call: &str) -> Candidate {
    let tokenizer = calling().tokenizer;
    let tokenized = Tokenized::new(text, &tokenizer).unwrap();
    let last = tokenized.ids.len() - 1;
    serde_json::from_value(json!({"text_id": text.id, "tool": tool, "position": tokenized.offsets[last],
                                  "token_position": last, "p_start": 0.5, "call": call, "status": "ok"}))
    .unwrap()
}

#[test]
fn what_was_sampled_may_be_replaced() {
    let texts = texts(&TEXTS);
    let call = mocked(&texts[0], "Calculator", "Calculator(40 + 2)");
    let toolformer = toolformer().post_prompt(move |sampled| {
        assert!(!sampled.is_empty());
        vec![call.clone()]
    });
    let scored = toolformer.candidates_after(&texts, Stage::Scored).unwrap();
    assert_eq!((scored.len(), scored[0].result.as_deref()), (1, Some("42")));
    assert!(scored[0].losses.is_some());
}

#[test]
fn calls_may_be_excluded_before_they_run() {
    let texts = texts(&TEXTS);
    let all = toolformer().candidates_after(&texts, Stage::Calls).unwrap();
    let is_long = |candidate: &Candidate| candidate.call.len() > "Calculator(12 * 3)".len() - 1;
    let long = all.iter().filter(|candidate| is_long(candidate)).count();
    assert!(long > 0 && long < all.len());
    let toolformer = toolformer()
        .exclude("long", move |_, candidate| is_long(candidate))
        .exclude("of the third", |text, _| text.text.starts_with('7'));
    let generated = toolformer.generated(&texts).unwrap();
    let calls = toolformer.calls(&texts, generated.clone()).unwrap();
    assert_eq!(calls.dropped[&Dropped::Excluded("long".to_owned())], long);
    assert!(calls.calls.iter().all(|candidate| !is_long(candidate) && candidate.text_id != texts[2].id));
    // Candidates of other texts are not guessed at.
    let error = toolformer.calls(&texts[1..], generated).unwrap_err();
    assert!(matches!(error, TrainError::Candidate { .. }), "{error}");
}

#[test]
fn several_tools_are_learnt_at_once() {
    let length = FnTool::new("Length", "counts", |args: &str| Ok(args.len().to_string()));
    let toolformer = toolformer().tool(length, FewShotPrompt::new(PROMPT).unwrap()).unwrap();
    let texts = texts(&TEXTS);
    let generated = toolformer.generated(&texts).unwrap();
    // The model knows a calculator alone.
    let of = |tool: &str| generated.iter().filter(|candidate| candidate.tool == tool).count();
    assert_eq!(of("Calculator"), of("Length"));
    let both = toolformer.post_prompt({
        let calls = [
            mocked(&texts[0], "Length", "Length(abc)"),
            mocked(&texts[1], "Calculator", "Calculator(1 + 1)"),
        ];
        move |_| calls.to_vec()
    });
    let scored = both.candidates_after(&texts, Stage::Scored).unwrap();
    let results: Vec<Option<&str>> = scored.iter().map(|candidate| candidate.result.as_deref()).collect();
    assert_eq!(results, [Some("3"), Some("2")]);
}

#[test]
fn without_a_tool_there_is_nothing_to_learn() {
    let error = without_tools().generated(&texts(&TEXTS)).unwrap_err();
    assert!(matches!(error, TrainError::Setting { name: "tool", .. }), "{error}");
    let again = FnTool::new("Calculator", "again", |_: &str| Ok(String::new()));
    assert!(toolformer().tool(again, FewShotPrompt::new(PROMPT).unwrap()).is_err());
}
