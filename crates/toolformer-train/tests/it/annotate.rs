//! Sampling calls, against the paper's words done one by one.

use std::{collections::BTreeSet, fs, num::NonZeroUsize, path::Path};

use toolformer_model::Pretrained;
use toolformer_text::{ArgumentGrammar, FnTool, Progress, Registry, Syntax, ToolError, is_valid_name};
use toolformer_train::{
    AnnotateSettings, Annotator, CallSampling, CallSource, Candidate, FewShotPrompt, Status, Tokenized,
    execute,
};

use crate::{
    oracle::Oracle,
    tiny::{B, arithmetic, calculator, calling, fixture, registry, texts, tiny},
};

const INPUTS: [&str; 3] = ["the cat 12", "1 the", "zebra"];
const CALLING_INPUTS: [&str; 3] = ["12 * 3 is 36 the cat", "the cat 3 + 12 is 15", "7 and 49 go"];

/// A model, a tool and how calls to it are sampled.
struct Case {
    pretrained: Pretrained<B>,
    registry: Registry,
    tool: &'static str,
    prompt: &'static str,
    settings: AnnotateSettings,
}

impl Case {
    /// Random weights, which write no call.
    fn tiny(settings: AnnotateSettings) -> Self {
        Self {
            pretrained: tiny(),
            registry: registry("T"),
            tool: "T",
            prompt: "a [T(a)]\n{text}\n",
            settings,
        }
    }

    /// A model that writes calls.
    fn calling(no_look_ahead: bool) -> Self {
        Self {
            pretrained: calling(),
            registry: calculator(),
            tool: "Calculator",
            prompt: "Q {text} A ",
            settings: AnnotateSettings { k: 4, m: 12, max_call_tokens: 24, no_look_ahead, ..settings() },
        }
    }

    fn annotate(&self, inputs: &[&str]) -> Vec<Candidate> {
        let (syntax, tokenizer) = (Syntax::default(), &self.pretrained.tokenizer);
        let prompt = FewShotPrompt::new(self.prompt).unwrap();
        let annotator = Annotator::new(
            &self.pretrained.model,
            tokenizer,
            &syntax,
            &self.registry,
            self.tool,
            &prompt,
            self.settings.clone(),
        )
        .unwrap();
        let texts = texts(inputs);
        let texts: Vec<Tokenized<'_>> =
            texts.iter().map(|text| Tokenized::new(text, tokenizer).unwrap()).collect();
        let mut candidates = annotator.annotate(&texts).unwrap().candidates;
        execute(&self.registry, &mut candidates, NonZeroUsize::MIN);
        candidates
    }

    /// The same by definition. Gives `i`, `p_i` and what was sampled, as far as anyone looks at it.
    fn slow(&self, text: &str, id: usize) -> Vec<(usize, f64, String)> {
        let AnnotateSettings { tau_s, k, max_call_tokens: max_tokens, seed, .. } = self.settings;
        let Self { pretrained, prompt, tool, .. } = self;
        let oracle = Oracle { pretrained, prompt, tool, tau_s, k, max_tokens, seed };
        let syntax = Syntax::default();
        let enough = |bytes: &[u8]| {
            // The beginning of a character says nothing yet.
            let whole = match std::str::from_utf8(bytes) {
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                _ => bytes.len(),
            };
            let text = format!("[{}", String::from_utf8_lossy(&bytes[..whole]));
            !matches!(syntax.progress(&text), Progress::Pending)
        };
        let p = oracle.p(text);
        let mut found = Vec::new();
        for i in oracle.positions(&p) {
            for sample in 0..self.settings.m {
                let sampled = oracle.sample(text, id, i, sample, enough);
                found.push((i, p[i], String::from_utf8_lossy(&sampled).into_owned()));
            }
        }
        found
    }

    /// What must become of the samples of [`Case::slow`]: call, status and, where it ran, the result. `answer` is
    /// the tool.
    fn expected(
        &self,
        samples: &[(usize, f64, String)],
        answer: impl Fn(&str) -> (Status, Option<String>),
    ) -> Vec<(String, Status, Option<String>)> {
        let mut seen = BTreeSet::new();
        let judge = |(i, _, sampled): &(usize, f64, String)| {
            let Some((name, args)) = call(sampled) else {
                return (sampled.clone(), Status::Unparsable, None);
            };
            let call = format!("{name}({args})");
            if name != self.tool {
                (call, Status::WrongTool, None)
            } else if !seen.insert((*i, call.clone())) {
                (call, Status::Duplicate, None)
            } else {
                let (status, result) = answer(args);
                (call, status, result)
            }
        };
        samples.iter().map(judge).collect()
    }

    /// Every candidate against the definition.
    #[track_caller]
    fn check(&self, inputs: &[&str], answer: impl Fn(&str) -> (Status, Option<String>)) -> Vec<Candidate> {
        let candidates = self.annotate(inputs);
        let mut found = candidates.iter();
        for (id, text) in inputs.iter().enumerate() {
            let slow = self.slow(text, id);
            for ((i, p_start, _), (call, status, result)) in slow.iter().zip(self.expected(&slow, &answer)) {
                let candidate = found.next().unwrap();
                assert_eq!((candidate.token_position, &candidate.call), (*i, &call), "{text}");
                assert_eq!(candidate.status, status, "{text}: {call}");
                let close = (candidate.p_start - p_start).abs() < 1e-6 + 1e-4 * p_start;
                assert!(close, "{} {p_start}", candidate.p_start);
                if status == Status::Ok {
                    assert_eq!(candidate.result, result, "{text}: {call}");
                }
            }
        }
        assert!(found.next().is_none());
        candidates
    }
}

fn settings() -> AnnotateSettings {
    AnnotateSettings {
        tau_s: 0.0,
        k: 3,
        m: 8,
        temperature: 1.0,
        max_call_tokens: 8,
        no_look_ahead: false,
        sampling: CallSampling::Free,
        source: CallSource::Positions,
        seed: 11,
    }
}

fn annotate(inputs: &[&str], settings: AnnotateSettings) -> Vec<Candidate> {
    Case::tiny(settings).annotate(inputs)
}

/// Name and arguments of a call as the model wrote it: up to its `]`, or to an arrow that asks for the result.
fn call(sampled: &str) -> Option<(&str, &str)> {
    let inner = ["]", "->"].iter().find_map(|end| sampled.strip_suffix(end))?;
    let (name, args) = inner.trim_end().strip_suffix(')')?.split_once('(')?;
    is_valid_name(name).then_some((name, args.trim()))
}

/// What [`calculator`] makes of arguments.
fn calculates(args: &str) -> (Status, Option<String>) {
    match arithmetic(args) {
        Some(result) => (Status::Ok, Some(result.to_string())),
        None if args.is_empty() => (Status::NoResult, None),
        None => (Status::BadArguments, None),
    }
}

/// What [`registry`] makes of arguments.
fn counts(args: &str) -> (Status, Option<String>) {
    if args.is_empty() { (Status::NoResult, None) } else { (Status::Ok, Some(args.len().to_string())) }
}

#[test]
fn positions_and_samples_are_those_of_the_definition() {
    Case::tiny(settings()).check(&INPUTS, counts);
}

/// The text is put into the prompt as tokens, never by search and replace.
#[test]
fn texts_are_no_replacement_templates() {
    Case::tiny(settings()).check(&[r"\g<0> \1", "{text}", r"$1 \n \0"], counts);
}

#[test]
fn calls_and_their_results_are_those_of_the_definition() {
    let candidates = Case::calling(false).check(&CALLING_INPUTS, calculates);
    let seen: BTreeSet<Status> = candidates.iter().map(|candidate| candidate.status).collect();
    let all = [
        Status::Ok,
        Status::Unparsable,
        Status::WrongTool,
        Status::Duplicate,
        Status::BadArguments,
        Status::NoResult,
    ];
    assert_eq!(seen, BTreeSet::from(all));
    assert!(candidates.iter().any(|candidate| candidate.call == "Calculator(12 * 3)"
        && candidate.result.as_deref() == Some("36")
        && candidate.status == Status::Ok));
    let ran = [Status::Ok, Status::BadArguments, Status::NoResult];
    for candidate in candidates {
        assert_eq!(candidate.result.is_some(), ran.contains(&candidate.status), "{candidate:?}");
    }
}

#[test]
fn calls_that_look_ahead_are_marked_and_not_run() {
    let numbers = |text: &str| -> BTreeSet<String> {
        let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
        runs.map(str::to_owned).collect()
    };
    // At every position: most of what lies ahead lies ahead of the first ones.
    let annotate = |no_look_ahead| {
        let case = Case::calling(no_look_ahead);
        let settings = AnnotateSettings { k: 100, ..case.settings.clone() };
        Case { settings, ..case }.annotate(&CALLING_INPUTS)
    };
    let (all, strict) = (annotate(false), annotate(true));
    assert_eq!(all.len(), strict.len());
    let mut marked = 0;
    for (any, strict) in all.iter().zip(&strict) {
        assert_eq!((&any.call, any.token_position), (&strict.call, strict.token_position));
        let text = CALLING_INPUTS[any.text_id.to_string().parse::<usize>().unwrap()];
        let (before, behind) = text.split_at(any.position);
        let (before, behind) = (numbers(before), numbers(behind));
        let ahead = numbers(&any.call).iter().any(|n| behind.contains(n) && !before.contains(n));
        let is_call = !matches!(any.status, Status::Unparsable | Status::WrongTool);
        if is_call && ahead {
            marked += 1;
            assert_eq!((strict.status, &strict.result), (Status::LooksAhead, &None), "{text}: {}", any.call);
        } else {
            assert_eq!((strict.status, &strict.result), (any.status, &any.result), "{text}: {}", any.call);
        }
    }
    assert!(marked > 0 && strict.iter().any(|candidate| candidate.status == Status::Ok), "{marked}");
}

/// Samples that end are calls to the tool that was asked for, even of a model that writes none by itself.
#[test]
fn constrained_samples_are_calls_to_the_tool() {
    let annotate = |sampling| {
        let mut case = Case::tiny(AnnotateSettings { sampling, max_call_tokens: 24, ..settings() });
        case.registry = Registry::new();
        let digits = ArgumentGrammar::matching("[0-9]{1,2}");
        let tool =
            FnTool::new("T", "", |args: &str| Ok(args.len().to_string())).with_argument_grammar(digits);
        case.registry.insert(tool).unwrap();
        case.registry.insert(FnTool::new("U", "not asked for", |_: &str| Err(ToolError::NoResult))).unwrap();
        case.annotate(&INPUTS)
    };
    let (free, constrained) = (annotate(CallSampling::Free), annotate(CallSampling::Constrained));
    let places = |candidates: &[Candidate]| -> Vec<(usize, f64)> {
        candidates.iter().map(|candidate| (candidate.token_position, candidate.p_start)).collect()
    };
    assert_eq!(places(&free), places(&constrained));
    assert!(free.iter().all(|candidate| candidate.status == Status::Unparsable));
    assert!(constrained.iter().any(|candidate| candidate.status == Status::Ok), "{constrained:?}");
    for candidate in constrained {
        assert!(candidate.call.starts_with("T(") && candidate.status != Status::WrongTool, "{candidate:?}");
    }
}

/// A copy of `tiny_llama` whose vocabulary has no token `" ["`.
fn without_marker_token(folder: &Path) -> Pretrained<B> {
    let source = fixture("tiny_llama");
    for name in ["config.json", "model.safetensors", "tokenizer_config.json"] {
        fs::copy(source.join(name), folder.join(name)).unwrap();
    }
    let text = fs::read_to_string(source.join("tokenizer.json")).unwrap();
    let mut tokenizer: serde_json::Value = serde_json::from_str(&text).unwrap();
    let bpe = &mut tokenizer["model"];
    bpe["vocab"].as_object_mut().unwrap().remove("Ġ[").unwrap();
    let merges = bpe["merges"].as_array_mut().unwrap();
    let before = merges.len();
    merges.retain(|merge| *merge != serde_json::json!(["Ġ", "["]));
    assert_eq!(merges.len(), before - 1);
    fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    Pretrained::open(folder, &Default::default()).unwrap()
}

#[test]
fn the_probabilities_of_a_marker_of_two_tokens_multiply() {
    let folder = tempfile::tempdir().unwrap();
    let pretrained = without_marker_token(folder.path());
    assert_eq!(pretrained.tokenizer.encode(" [").unwrap().len(), 2);
    let candidates = Case { pretrained, ..Case::tiny(settings()) }.check(&INPUTS, counts);
    assert!(candidates.iter().all(|candidate| candidate.p_start > 0.0));
}

#[test]
fn texts_do_not_depend_on_their_neighbours() {
    let together = annotate(&["the cat 12", "1 the"], settings());
    let alone = annotate(&["the cat 12"], settings());
    let calls =
        |candidates: &[Candidate]| -> Vec<String> { candidates.iter().map(|c| c.call.clone()).collect() };
    assert_eq!(calls(&together[..alone.len()]), calls(&alone));
}

#[test]
fn tau_s_is_strict_and_byte_offsets_lie_before_the_token() {
    let all = annotate(&["the cat 12"], AnnotateSettings { k: 20, m: 1, ..settings() });
    let greatest = all.iter().map(|candidate| candidate.p_start).fold(0.0, f64::max);
    let strict = annotate(&["the cat 12"], AnnotateSettings { tau_s: greatest, k: 20, m: 1, ..settings() });
    assert!(strict.is_empty(), "{strict:?}");
    let tiny = tiny();
    let (_, spans) = tiny.tokenizer.encode_with_offsets("the cat 12").unwrap();
    for candidate in all {
        assert_eq!(candidate.position, spans[candidate.token_position].0);
    }
}

#[test]
fn a_text_too_long_for_the_context_gets_no_candidate() {
    let long = "the cat ".repeat(12); // twice the text and the prompt are more than 64 tokens
    assert!(annotate(&[&long], settings()).is_empty());
    assert!(!annotate(&[&long, "the"], settings()).is_empty());
}
