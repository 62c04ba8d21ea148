//! Calls out of texts that a model writes again, against every token of every rewrite drawn by a pass of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
};

use toolformer_model::Pretrained;
use toolformer_text::Syntax;
use toolformer_train::{
    AnnotateSettings, Annotated, Annotator, CallSampling, CallSource, Candidate, FewShotPrompt, Status,
    TextId, Tokenized, TrainError, execute,
};

use crate::{
    oracle::{Oracle, rewrite_draw},
    tiny::{B, arithmetic, calculator, rewriting, texts},
};

const TEXTS: [&str; 3] = ["12 * 3 is 36 the cat", "the cat 3 + 12 is 15", "12 / 3 is 4"];
const PROMPT: &str = "Q {text} A ";
const M: usize = 12;

fn settings(source: CallSource) -> AnnotateSettings {
    AnnotateSettings { m: M, k: 2, max_call_tokens: 24, source, seed: 5, ..AnnotateSettings::default() }
}

fn annotate(pretrained: &Pretrained<B>, inputs: &[(usize, &str)], settings: AnnotateSettings) -> Annotated {
    let (syntax, registry) = (Syntax::default(), calculator());
    let prompt = FewShotPrompt::new(PROMPT).unwrap();
    let (model, tokenizer) = (&pretrained.model, &pretrained.tokenizer);
    let annotator =
        Annotator::new(model, tokenizer, &syntax, &registry, "Calculator", &prompt, settings).unwrap();
    let mut texts = texts(&inputs.iter().map(|(_, text)| *text).collect::<Vec<_>>());
    texts.iter_mut().zip(inputs).for_each(|(text, (id, _))| text.id = TextId::Number(*id as u64));
    let texts: Vec<Tokenized<'_>> =
        texts.iter().map(|text| Tokenized::new(text, tokenizer).unwrap()).collect();
    let mut annotated = annotator.annotate(&texts).unwrap();
    execute(&registry, &mut annotated.candidates, NonZeroUsize::MIN);
    annotated
}

fn numbered() -> Vec<(usize, &'static str)> {
    TEXTS.into_iter().enumerate().collect()
}

/// A rewrite taken apart by plain search: its calls with their places, or nothing if it is no copy.
fn calls(text: &str, rewrite: &str) -> Option<Vec<(usize, String)>> {
    let (mut plain, mut calls) = (String::new(), Vec::new());
    let mut rest = rewrite;
    while let Some((before, behind)) = rest.split_once(" [") {
        let (call, behind) = behind.split_once(']')?;
        let (call, _) = call.split_once(')')?;
        plain += before;
        calls.push((plain.len(), format!("{call})")));
        rest = behind;
    }
    (plain + rest == text).then_some(calls)
}

/// What must become of the calls of all rewrites of a text: place, call, status, result.
fn expected(text: &str, rewrites: &[String], first_only: bool) -> Vec<(usize, String, Status, Option<i64>)> {
    let mut found: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for calls in rewrites.iter().filter_map(|rewrite| calls(text, rewrite)) {
        for (place, call) in calls.into_iter().take(if first_only { 1 } else { 99 }) {
            found.entry(place).or_default().push(call);
        }
    }
    let mut expected = Vec::new();
    for (place, calls) in found {
        let mut seen = BTreeSet::new();
        for call in calls {
            let args = call.strip_prefix("Calculator(").and_then(|rest| rest.strip_suffix(')'));
            let (status, result) = match args {
                None => (Status::WrongTool, None),
                Some(_) if place == text.len() => (Status::NoPlace, None),
                Some(_) if !seen.insert(call.clone()) => (Status::Duplicate, None),
                Some("") => (Status::NoResult, None),
                Some(args) => match arithmetic(args) {
                    Some(result) => (Status::Ok, Some(result)),
                    None => (Status::BadArguments, None),
                },
            };
            expected.push((place, call, status, result));
        }
    }
    expected
}

fn is_copy(candidate: &&Candidate) -> bool {
    !matches!(candidate.status, Status::Altered | Status::Unparsable)
}

#[test]
fn calls_are_those_of_rewrites_that_are_copies() {
    let pretrained = rewriting();
    let mut seen = BTreeSet::new();
    for source in [CallSource::Rewrites, CallSource::FirstCalls] {
        let annotated = annotate(&pretrained, &numbered(), settings(source));
        let places: BTreeSet<(String, usize)> =
            annotated.candidates.iter().map(|one| (one.text_id.to_string(), one.position)).collect();
        assert_eq!(annotated.positions, places.len());
        for (id, text) in numbered() {
            let oracle = Oracle {
                pretrained: &pretrained,
                prompt: PROMPT,
                tool: "Calculator",
                tau_s: 0.0,
                k: 99,
                max_tokens: 120,
                seed: 5,
            };
            let p = oracle.p(text);
            let rewrites: Vec<String> = (0..M)
                .map(|sample| oracle.rewrite(text, rewrite_draw(5, id, "Calculator", sample)))
                .collect();
            let of_text: Vec<&Candidate> =
                annotated.candidates.iter().filter(|one| one.text_id.to_string() == id.to_string()).collect();
            let found: Vec<(usize, String, Status, Option<i64>)> = of_text
                .iter()
                .copied()
                .filter(is_copy)
                .map(|one| {
                    let result = one.result.as_ref().filter(|_| one.status == Status::Ok);
                    (one.position, one.call.clone(), one.status, result.map(|result| result.parse().unwrap()))
                })
                .collect();
            assert_eq!(
                found,
                expected(text, &rewrites, source == CallSource::FirstCalls),
                "{text}: {rewrites:#?}"
            );
            // Every other rewrite is told once, with what it says where it departs.
            let altered: Vec<&&Candidate> = of_text.iter().filter(|one| !is_copy(one)).collect();
            assert_eq!(altered.len(), rewrites.iter().filter(|one| calls(text, one).is_none()).count());
            for candidate in &altered {
                assert!(
                    !text[candidate.position..].starts_with(&candidate.call) || candidate.call.is_empty()
                );
                assert!(rewrites.iter().any(|rewrite| rewrite.contains(&candidate.call)), "{candidate:?}");
            }
            for candidate in of_text {
                let close = |p: &f64| (candidate.p_start - p).abs() < 1e-6 + 1e-4 * p;
                // Behind the end no call is measured.
                assert!(p.get(candidate.token_position).or(p.last()).is_some_and(close), "{candidate:?}");
                seen.insert(candidate.status);
            }
        }
    }
    let all = [Status::Ok, Status::Unparsable, Status::Altered, Status::WrongTool, Status::Duplicate];
    assert!(all.iter().all(|status| seen.contains(status)), "{seen:?}");
}

/// A token starts at the place of every call that ran, so that the filter can take its loss there.
#[test]
fn calls_stand_before_tokens() {
    let pretrained = rewriting();
    for candidate in annotate(&pretrained, &numbered(), settings(CallSource::Rewrites)).candidates {
        let text = TEXTS[candidate.text_id.to_string().parse::<usize>().unwrap()];
        let (_, spans) = pretrained.tokenizer.encode_with_offsets(text).unwrap();
        let start = spans.get(candidate.token_position).map(|span| span.0);
        assert!(start == Some(candidate.position) || candidate.status == Status::NoPlace, "{candidate:?}");
    }
}

#[test]
fn rewrites_do_not_depend_on_their_neighbours() {
    let pretrained = rewriting();
    let settings = settings(CallSource::Rewrites);
    let together = annotate(&pretrained, &numbered(), settings.clone()).candidates;
    let shown = |candidates: Vec<Candidate>| -> Vec<(String, usize, String, Status)> {
        let shown = |one: Candidate| (one.text_id.to_string(), one.position, one.call, one.status);
        candidates.into_iter().map(shown).collect()
    };
    let alone = numbered()
        .into_iter()
        .rev()
        .flat_map(|text| annotate(&pretrained, &[text], settings.clone()).candidates);
    let mut alone: Vec<Candidate> = alone.collect();
    alone.sort_by_key(|candidate| candidate.text_id.to_string());
    let other = AnnotateSettings { seed: 6, ..settings.clone() };
    let other = shown(annotate(&pretrained, &numbered(), other).candidates);
    let together = shown(together);
    assert_eq!(together, shown(alone));
    assert_ne!(together, other);
}

/// A text and its prompt are read once for all rewrites, and what rewrites write alike is computed once.
#[test]
fn nothing_is_computed_twice() {
    let pretrained = rewriting();
    let greedy = |m| AnnotateSettings { temperature: 0.0, m, ..settings(CallSource::Rewrites) };
    let one = annotate(&pretrained, &numbered(), greedy(1));
    let many = annotate(&pretrained, &numbered(), greedy(M));
    assert_eq!(one.computed, many.computed);
    assert_eq!(many.candidates.len(), M * one.candidates.len());
}

/// One that departs from its text is given up there.
#[test]
fn rewrites_that_depart_are_given_up() {
    let pretrained = rewriting();
    let of = |text| annotate(&pretrained, &[(0, text)], settings(CallSource::Rewrites));
    // It never writes this text, of 80 tokens and more.
    let long = "zebra ".repeat(16);
    let Annotated { candidates, computed, .. } = of(long.as_str());
    assert!(
        candidates.iter().all(|one| one.status == Status::Altered) && candidates.len() == M,
        "{candidates:?}"
    );
    let read = 2 * pretrained.tokenizer.encode(&long).unwrap().len() + 4;
    assert!(computed < read + 4 * M, "{computed} {read}");
}

#[test]
fn what_cannot_be_rewritten() {
    let pretrained = rewriting();
    let (syntax, registry) = (Syntax::default(), calculator());
    let new = |prompt: &str, settings: AnnotateSettings| -> Result<(), TrainError> {
        let prompt = FewShotPrompt::new(prompt).unwrap();
        let (model, tokenizer) = (&pretrained.model, &pretrained.tokenizer);
        Annotator::new(model, tokenizer, &syntax, &registry, "Calculator", &prompt, settings).map(|_| ())
    };
    let error = new("Q {text}", settings(CallSource::Rewrites)).unwrap_err().to_string();
    assert!(error.contains("comes again"), "{error}");
    new("Q {text}", settings(CallSource::Positions)).unwrap();
    let constrained =
        AnnotateSettings { sampling: CallSampling::Constrained, ..settings(CallSource::FirstCalls) };
    let error = new(PROMPT, constrained).unwrap_err().to_string();
    assert!(error.contains("must be free"), "{error}");
}

/// Settings of before are those of now.
#[test]
fn the_default_source_is_not_written() {
    let written = |source| serde_json::to_string(&settings(source)).unwrap();
    assert!(!written(CallSource::Positions).contains("source"));
    assert!(written(CallSource::FirstCalls).contains(r#""source":"first_calls""#));
}
