//! Sampling calls, against the paper's words done one by one.

use toolformer_decode::{Sampling, draw_rng};
use toolformer_text::{Progress, Syntax};
use toolformer_train::{AnnotateSettings, Annotator, Candidate, FewShotPrompt, Status, Tokenized};

use crate::tiny::{next_log_probs, registry, texts, tiny};

const PROMPT: &str = "a [T(a)]\n{text}\n";

fn settings() -> AnnotateSettings {
    AnnotateSettings {
        tau_s: 0.0,
        k: 3,
        m: 8,
        temperature: 1.0,
        max_call_tokens: 8,
        no_look_ahead: false,
        seed: 11,
    }
}

fn annotate(inputs: &[&str], settings: AnnotateSettings) -> Vec<Candidate> {
    let (tiny, registry, syntax) = (tiny(), registry("T"), Syntax::default());
    let prompt = FewShotPrompt::new(PROMPT).unwrap();
    let annotator =
        Annotator::new(&tiny.model, &tiny.tokenizer, &syntax, &registry, "T", &prompt, settings).unwrap();
    let texts = texts(inputs);
    let texts: Vec<Tokenized<'_>> =
        texts.iter().map(|text| Tokenized::new(text, &tiny.tokenizer).unwrap()).collect();
    annotator.annotate(&texts).unwrap().candidates
}

/// The same by definition: `p_i` from a pass for every `i`, each sample from a pass for every token.
fn slow(text: &str, id: usize) -> Vec<(usize, f64, String)> {
    let (tiny, syntax) = (tiny(), Syntax::default());
    let encode = |text: &str| tiny.tokenizer.encode(text).unwrap();
    let (head, tail) = PROMPT.split_once("{text}").unwrap();
    let x = encode(text);
    let prompt: Vec<u32> = [encode(head), x.clone(), encode(tail)].concat();
    let start = encode(" [")[0];
    let p: Vec<f64> = (0..x.len())
        .map(|i| next_log_probs(&tiny.model, &[&prompt, &x[..i]].concat())[start as usize].exp())
        .collect();
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|&a, &b| p[b].total_cmp(&p[a]));
    order.truncate(settings().k);
    order.sort_unstable();
    let mut found = Vec::new();
    for i in order {
        for sample in 0..settings().m {
            let mut rng =
                draw_rng(settings().seed, &[&id.to_string(), "T", &i.to_string(), &sample.to_string()]);
            let mut ids = [&prompt, &x[..i], &[start]].concat();
            let mut bytes = Vec::new();
            for _ in 0..settings().max_call_tokens {
                let scores: Vec<f32> =
                    next_log_probs(&tiny.model, &ids).into_iter().map(|p| p as f32).collect();
                let id = Sampling::at_temperature(1.0).pick(&scores, &mut rng);
                if tiny.tokenizer.eos() == Some(id) {
                    break;
                }
                ids.push(id);
                bytes.extend(tiny.tokenizer.token_bytes(id));
                let text = format!("[{}", String::from_utf8_lossy(&bytes));
                if !matches!(syntax.progress(&text), Progress::Pending) {
                    break;
                }
            }
            found.push((i, p[i], String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    found
}

#[test]
fn positions_and_samples_are_those_of_the_definition() {
    let inputs = ["the cat 12", "1 the", "zebra"];
    let mut found = annotate(&inputs, settings()).into_iter();
    for (id, text) in inputs.iter().enumerate() {
        for (i, p_start, sampled) in slow(text, id) {
            let candidate = found.next().unwrap();
            assert_eq!(candidate.token_position, i, "{text}");
            assert!((candidate.p_start - p_start).abs() < 1e-6, "{} {p_start}", candidate.p_start);
            if candidate.status == Status::Unparsable {
                assert_eq!(candidate.call, sampled, "{text} at {i}");
            }
        }
    }
    assert!(found.next().is_none());
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
