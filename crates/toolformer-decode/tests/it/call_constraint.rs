//! Calls under a mask: whatever is drawn is a call, and no token of a call is masked.

use std::sync::Arc;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use toolformer_decode::{
    CallConstraint, CallWatch, ContinuationSettings, Ending, Judgement, Place, Rows, Sampling, draw_rng,
    sample_continuations,
};
use toolformer_model::{GgufFile, TokenBatch, Tokenizer};
use toolformer_text::{
    ArgumentGrammar, CallEnds, CallGrammar, FnTool, Parameters, Progress, Registry, StreamEvent, Syntax,
    ToolError,
};

use crate::models::{B, tiny};

/// Byte-level BPE, SentencePiece's BPE with and without a space before each text, and its unigrams.
fn tokenizers() -> Vec<(&'static str, Tokenizer)> {
    let sentence_piece = |name: &'static str| {
        let folder =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../toolformer-model/tests/fixtures/sentence_piece/");
        let file = GgufFile::open(format!("{folder}{name}.gguf")).unwrap();
        (name, Tokenizer::from_gguf(&file).unwrap())
    };
    let others = ["bpe", "bpe_prefix", "unigram"].map(sentence_piece);
    [("tiny_llama", tiny().1)].into_iter().chain(others).collect()
}

/// `the` takes sums, `the.cat` nothing, `QA` any text.
fn registry() -> Registry {
    let mut registry = Registry::new();
    let no_result = |_: &str| Err(ToolError::NoResult);
    let sums = ArgumentGrammar::matching(r"[(]*[0-9]{1,4}[)]*(?: [-+*] [(]*[0-9]{1,4}[)]*)*");
    registry.insert(FnTool::new("the", "", no_result).with_argument_grammar(sums)).unwrap();
    registry.insert(FnTool::new("the.cat", "", no_result).with_parameters(Parameters::none())).unwrap();
    registry.insert(FnTool::new("QA", "", no_result)).unwrap();
    registry
}

/// A call drawn from random scores, as what is written behind the open marker.
fn draw(tokenizer: &Tokenizer, constraint: &CallConstraint, rng: &mut ChaCha8Rng) -> String {
    let mut call = constraint.begin(b"").unwrap();
    let mut bytes = Vec::new();
    for step in 0..3000 {
        let mut logits: Vec<f32> =
            (0..tokenizer.vocab_size() + 3).map(|_| rng.random_range(-4.0..4.0f32)).collect();
        if step > 12 {
            // Towards an end: what is open is closed.
            for (id, logit) in (0u32..).zip(&mut logits[..tokenizer.vocab_size()]) {
                if matches!(tokenizer.token_bytes(id).as_slice(), b")" | b"'" | b"\"") {
                    *logit += 12.0;
                }
            }
        }
        assert!(call.mask(&mut logits), "no token is left behind {:?}", String::from_utf8_lossy(&bytes));
        let token = Sampling::at_temperature(1.0).pick(&logits, rng);
        bytes.extend(tokenizer.token_bytes(token));
        match call.push(token) {
            Judgement::GoOn => {}
            Judgement::Complete => return String::from_utf8_lossy(&bytes).into_owned(),
            Judgement::Hopeless => panic!("a masked token was drawn: {:?}", String::from_utf8_lossy(&bytes)),
        }
    }
    panic!("no end: {:?}", String::from_utf8_lossy(&bytes));
}

#[test]
fn whatever_is_drawn_is_a_call() {
    let (registry, syntax) = (registry(), Syntax::default());
    for (name, tokenizer) in tokenizers() {
        for ends in [CallEnds::Closed, CallEnds::Arrow, CallEnds::Either] {
            let constraint = CallConstraint::new(&tokenizer, registry.tools(), &syntax, ends).unwrap();
            let mut called = std::collections::BTreeSet::new();
            for seed in 0..60 {
                let text = draw(&tokenizer, &constraint, &mut draw_rng(seed, &[name]));
                let text = format!("{}{text}", syntax.bare_open());
                let (tool, args) = match syntax.progress(&text) {
                    Progress::AwaitsResult { name, args, .. } if ends != CallEnds::Closed => (name, args),
                    Progress::Closed { call, .. } if ends != CallEnds::Arrow || call.arrow_span.is_some() => {
                        (call.name, call.args)
                    }
                    other => panic!("{name}: {text:?} is {other:?}"),
                };
                match tool.as_str() {
                    "the" => assert!(args.bytes().all(|byte| b"0123456789()+-* ".contains(&byte)), "{text}"),
                    "the.cat" => assert_eq!(args, "", "{text}"),
                    "QA" => assert!(args.contains(|c: char| !c.is_whitespace()), "{text}"),
                    _ => panic!("{name}: {text:?} calls no tool"),
                }
                called.insert(tool);
            }
            assert_eq!(called.len(), 3, "{name}: {called:?}");
        }
    }
}

/// Goes through a call token by token, from every place that tokens can be cut at, and looks at every token of the
/// vocabulary at each step.
#[track_caller]
fn check(call: &str) {
    let (registry, syntax) = (registry(), Syntax::default());
    let grammar = CallGrammar::new(registry.tools(), &syntax, CallEnds::Either).unwrap();
    for (name, tokenizer) in tokenizers() {
        let constraint =
            CallConstraint::new(&tokenizer, registry.tools(), &syntax, CallEnds::Either).unwrap();
        let (mut looked_at, roles) = (0, [tokenizer.bos(), tokenizer.unk(), tokenizer.pad()]);
        for cut in (0..call.len()).filter(|&cut| call.is_char_boundary(cut)) {
            let ids = tokenizer.encode_continuation(&call[cut..]).unwrap();
            let spelt: Vec<u8> = ids.iter().flat_map(|&id| tokenizer.token_bytes(id)).collect();
            if spelt != call.as_bytes()[cut..] {
                continue;
            }
            let mut row = constraint.begin(&call.as_bytes()[..cut]).unwrap();
            let mut position = grammar.read(grammar.start(), &call.as_bytes()[..cut]).unwrap();
            for id in ids {
                let mut logits = vec![0.0; tokenizer.vocab_size() + 1];
                assert!(!position.is_complete() && row.mask(&mut logits));
                for other in 0..tokenizer.vocab_size() as u32 {
                    let bytes = tokenizer.token_bytes(other);
                    let is_text =
                        !(tokenizer.is_special(other) || tokenizer.is_end(other) || bytes.is_empty());
                    let expected =
                        is_text && !roles.contains(&Some(other)) && grammar.read(position, &bytes).is_some();
                    let allowed = logits[other as usize] == 0.0;
                    assert_eq!(
                        allowed,
                        expected,
                        "{name}: {:?} at {cut} of {call}",
                        String::from_utf8_lossy(&bytes)
                    );
                }
                assert_eq!(logits[id as usize], 0.0, "{name}: a token of {call} is masked");
                assert_eq!(logits[tokenizer.vocab_size()], f32::NEG_INFINITY);
                row.push(id);
                position = grammar.read(position, &tokenizer.token_bytes(id)).unwrap();
                looked_at += 1;
            }
            assert_eq!(row.standing(), Judgement::Complete, "{name}: {call}");
        }
        assert!(looked_at > 0, "{name} cannot spell {call}");
    }
}

#[test]
fn no_token_of_a_call_is_masked() {
    check("the(12 + (3 * 4))]");
    check("the(7) ->");
    check("the.cat()]");
    check("QA(in the café 漢字?) ->");
    check("QA('it (is) the' \"cat\", don't)]");
    check("QA(a \\' b [1] -> 2)\t→");
    check("QA(😀)]");
}

#[test]
fn a_call_may_begin_inside_a_token() {
    let (_, tokenizer) = tiny();
    let constraint =
        CallConstraint::new(&tokenizer, registry().tools(), &Syntax::default(), CallEnds::Either).unwrap();
    assert_eq!(constraint.begin(b"QA(x)").unwrap().standing(), Judgement::GoOn);
    let mut complete = constraint.begin(b"the.cat()]").unwrap();
    assert_eq!(complete.standing(), Judgement::Complete);
    let mut logits = [0.0; 5];
    assert!(complete.mask(&mut logits) && logits == [0.0; 5], "behind the end all may stand");
    assert_eq!(complete.push(7), Judgement::Complete);
    assert!(constraint.begin(b"Other").is_none() && constraint.begin(b"the(x").is_none());
    let mut broken = constraint.begin(b"QA").unwrap();
    assert_eq!(broken.push(tokenizer.encode("]").unwrap()[0]), Judgement::Hopeless);
    assert!(!broken.mask(&mut logits));
}

/// Markers that are special tokens of their own are text all the same.
#[test]
fn markers_that_are_special_tokens() {
    let (_, mut tokenizer) = tiny();
    tokenizer.add_special_tokens(&["<call>", "</call>", "~>"]);
    let syntax = Syntax::new(" <call>", "</call>", "~>", &[]).unwrap();
    let constraint = CallConstraint::new(&tokenizer, registry().tools(), &syntax, CallEnds::Closed).unwrap();
    let allowed = |behind_open: &str| -> Vec<String> {
        let mut logits = vec![0.0; tokenizer.vocab_size()];
        assert!(constraint.begin(behind_open.as_bytes()).unwrap().mask(&mut logits));
        let ids = (0..logits.len()).filter(|&id| logits[id] == 0.0);
        ids.map(|id| String::from_utf8_lossy(&tokenizer.token_bytes(id as u32)).into_owned()).collect()
    };
    assert!(allowed("the.cat()").contains(&"</call>".to_owned()));
    assert!(!allowed("the.cat()").contains(&"~>".to_owned()));
    let inside = allowed("QA(x");
    assert!(!inside.iter().any(|text| text.starts_with("<|")), "{inside:?}");
}

/// What the random weights of the fixture make of 40 samples at one place.
fn samples(tools: &Registry, constrained: bool) -> Vec<(String, Ending)> {
    let (model, tokenizer) = tiny();
    let syntax = Syntax::default();
    let mut rows = Rows::<B, _>::new(&model, 1, 8);
    let _ = rows.feed(&TokenBatch::new(&[tokenizer.encode("the cat").unwrap()]));
    let begin_with = tokenizer.encode(syntax.open()).unwrap();
    let draws = (0..40).map(|sample| draw_rng(5, &[&i32::to_string(&sample)])).collect();
    let constraint = CallConstraint::new(&tokenizer, tools.tools(), &syntax, CallEnds::Either).unwrap();
    let settings = ContinuationSettings {
        begin_with: &begin_with,
        sampling: Sampling::at_temperature(1.0),
        max_tokens: 40,
        constraint: constrained.then_some(&constraint),
    };
    let mut watch = CallWatch::new(&syntax, 0);
    watch.push(syntax.bare_open().as_bytes());
    let judge = move |bytes: &[u8]| match watch.push(bytes).first() {
        None => Judgement::GoOn,
        Some(StreamEvent::AwaitsResult { .. } | StreamEvent::Call { .. }) => Judgement::Complete,
        Some(_) => Judgement::Hopeless,
    };
    let places = vec![Place { group: 0, visible: 2, draws }];
    let found = sample_continuations(&model, &tokenizer, &Arc::new(rows.freeze()), places, settings, judge);
    found.samples[0].iter().map(|sample| (sample.text.clone(), sample.ending)).collect()
}

fn one_tool(pattern: &str) -> Registry {
    let mut registry = Registry::new();
    let tool = FnTool::new("Cat", "", |_: &str| Err(ToolError::NoResult));
    registry.insert(tool.with_argument_grammar(ArgumentGrammar::matching(pattern))).unwrap();
    registry
}

#[test]
fn constrained_samples_are_calls_where_free_ones_are_none() {
    let tools = one_tool("[0-9]{1,3}");
    let complete = |constrained| {
        let samples = samples(&tools, constrained);
        assert!(!constrained || samples.iter().all(|(text, _)| text.starts_with("Cat(")), "{samples:?}");
        samples.iter().filter(|(_, ending)| *ending == Ending::Complete).count()
    };
    assert_eq!(complete(false), 0);
    assert!(complete(true) >= 30, "{}", complete(true));
}

/// The grammar wants a `(` that stays open, which no call can hold.
#[test]
fn samples_of_which_no_call_can_become_end_at_once() {
    let samples = samples(&one_tool(r"[(]1"), true);
    assert!(samples.iter().all(|sample| *sample == ("Cat((1".to_owned(), Ending::Hopeless)), "{samples:?}");
}
