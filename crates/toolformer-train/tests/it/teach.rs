//! The whole job on a model that writes calls: its files, its numbers, and that it does nothing twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    num::NonZeroUsize,
    path::Path,
};

use serde_json::Value;
use toolformer_model::{LanguageModel, LoraConfig, Pretrained, load_adapter};
use toolformer_text::{Syntax, parse};
use toolformer_train::{
    AnnotateSettings, Annotator, Candidate, FewShotPrompt, FilterSettings, Method, Status, Taught, TeachJob,
    TeachSettings, TextId, Tokenized, ToolSettings, TrainError, TrainingSequence, TrainingSettings,
    Unobserved, Woven, perplexity, read_jsonl, teach, teach_rounds,
};

use crate::tiny::{B, calculator, calling, next_log_probs, texts};

const TEXTS: [&str; 6] = [
    "12 * 3 is 36 the cat",
    "the cat 3 + 12 is 15",
    "7 and 49 go",
    "12 / 3 is 4",
    "3 * 3 is 9 the cat",
    "the cat 12 - 3 is 9",
];

fn lora() -> Method {
    Method::Lora(LoraConfig { r: 2, lora_alpha: 4.0, ..LoraConfig::default() })
}

/// Every executed call is kept, whatever it does to the loss.
fn settings(method: Method) -> TeachSettings {
    TeachSettings {
        annotate: AnnotateSettings { k: 4, m: 6, max_call_tokens: 24, seed: 3, ..Default::default() },
        filter: FilterSettings { tau_f: -1000.0, ..Default::default() },
        finetune: TrainingSettings { method, learning_rate: 1e-2, epochs: 3, batch: 2, ..Default::default() },
        held_out: 0.34,
        unit_texts: 2,
        ..Default::default()
    }
}

fn run(settings: &TeachSettings, workers: usize, out: &Path) -> Result<Taught<B>, TrainError> {
    let prompt = FewShotPrompt::new("Q {text} A ").unwrap();
    let job = TeachJob {
        texts: &texts(&TEXTS),
        tools: &[("Calculator".to_owned(), prompt)],
        registry: &calculator(),
        dated: None,
        syntax: &Syntax::default(),
        workers,
        jobs: NonZeroUsize::new(workers).unwrap(),
        callback: None,
        model_name: "calling",
        model_checksum: "c0ffee",
    };
    teach(calling(), &job, settings, out, &mut Unobserved)
}

/// The files that do not hold times.
fn files(out: &Path) -> BTreeMap<&'static str, Vec<u8>> {
    let names = [
        "run.toml",
        "candidates.jsonl",
        "train.jsonl",
        "metrics.jsonl",
        "adapter/adapter_model.safetensors",
        "model/model.safetensors",
        "model/config.json",
        "model/tokenizer.json",
    ];
    names.into_iter().filter_map(|name| Some((name, fs::read(out.join(name)).ok()?))).collect()
}

#[track_caller]
fn assert_same_logits(a: &LanguageModel<B>, b: &LanguageModel<B>) {
    for text in TEXTS {
        let ids = calling().tokenizer.encode(text).unwrap();
        for (a, b) in next_log_probs(a, &ids).into_iter().zip(next_log_probs(b, &ids)) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }
}

#[track_caller]
fn assert_close(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-6 * expected.abs().max(1.0), "{found} {expected}");
}

/// `run.toml` says what the run was made from.
fn check_description(out: &Path) {
    let run: toml::Table = fs::read_to_string(out.join("run.toml")).unwrap().parse().unwrap();
    assert_eq!(run["model"].as_str(), Some("calling"));
    assert_eq!(run["model_checksum"].as_str(), Some("c0ffee"));
    assert_eq!(run["texts"].as_integer(), Some(TEXTS.len() as i64));
    assert_eq!(run["settings"]["annotate"]["sampling"].as_str(), Some("free"));
    assert_eq!(run["settings"]["filter"]["tau_f"].as_float(), Some(-1000.0));
}

fn text_of(id: &TextId) -> &'static str {
    TEXTS[id.to_string().parse::<usize>().unwrap()]
}

/// Whatever ran is kept; `delta` is that of the losses.
fn check_candidates(candidates: &[Candidate]) {
    for candidate in candidates {
        assert_eq!(candidate.kept, Some(candidate.status == Status::Ok), "{candidate:?}");
        assert_eq!(candidate.losses.is_some(), candidate.status == Status::Ok);
        if let Some(losses) = candidate.losses {
            let delta = losses.none.min(losses.call) - losses.response;
            assert!((candidate.delta.unwrap() - delta).abs() < 1e-9, "{candidate:?}");
        }
    }
}

/// Every woven call stands where its line says, is a kept candidate, and leaves the text when it is taken out.
fn check_woven(woven: &[Woven], candidates: &[Candidate]) {
    let kept = || candidates.iter().filter(|candidate| candidate.kept == Some(true));
    let ids: BTreeSet<&TextId> = kept().map(|candidate| &candidate.text_id).collect();
    assert_eq!(woven.iter().map(|woven| &woven.text_id).collect::<BTreeSet<_>>(), ids);
    assert_eq!(woven.len(), ids.len());
    for woven in woven {
        let document = parse(&woven.text, &Syntax::default());
        assert!(document.diagnostics().is_empty(), "{woven:?}");
        assert_eq!(document.calls().len(), woven.calls.len());
        let mut plain = String::new();
        let mut from = 0;
        for (found, call) in document.calls().iter().zip(&woven.calls) {
            assert_eq!([found.span.start, found.span.end], call.span);
            assert_eq!((found.inner(), found.result.as_ref()), (call.call.clone(), Some(&call.result)));
            plain += woven.text[from..found.span.start].strip_suffix(' ').unwrap();
            from = found.span.end;
            let position = plain.len();
            let same = |candidate: &&Candidate| {
                candidate.text_id == woven.text_id
                    && candidate.position == position
                    && candidate.call == call.call
                    && candidate.result.as_ref() == Some(&call.result)
            };
            let delta = kept().find(same).and_then(|candidate| candidate.delta).unwrap();
            assert!((delta - call.delta).abs() < 1e-9);
        }
        plain += &woven.text[from..];
        assert_eq!(plain, text_of(&woven.text_id));
    }
}

/// The numbers of `stats.json` are those of the other files.
fn check_stats(
    out: &Path,
    candidates: &[Candidate],
    woven: &[Woven],
    model: &LanguageModel<B>,
    learning: usize,
) {
    let stats: Value = serde_json::from_slice(&fs::read(out.join("stats.json")).unwrap()).unwrap();
    assert_eq!((&stats["texts"], &stats["held_out"], &stats["too_long"]), (&4.into(), &2.into(), &0.into()));
    assert_eq!(stats["positions"], 4 * 4); // k of each text
    assert_eq!(stats["candidates"], candidates.len());
    assert_eq!(candidates.len(), 4 * 4 * 6);
    let mut by_status = BTreeMap::new();
    for candidate in candidates {
        *by_status.entry(serde_json::to_value(candidate.status).unwrap().to_string()).or_insert(0) += 1;
    }
    let found = stats["by_status"].as_object().unwrap();
    assert_eq!(
        found.iter().map(|(name, n)| (format!("{name:?}"), n.as_i64().unwrap())).collect::<BTreeMap<_, _>>(),
        by_status
    );
    let deltas: Vec<f64> = candidates.iter().filter_map(|candidate| candidate.delta).collect();
    assert!(!deltas.is_empty());
    assert_eq!((&stats["executed"], &stats["kept"]), (&deltas.len().into(), &deltas.len().into()));
    assert_close(&stats["mean_delta"], deltas.iter().sum::<f64>() / deltas.len() as f64);
    for tau in ["0", "0.5", "1", "2"] {
        let threshold: f64 = tau.parse().unwrap();
        assert_eq!(stats["kept_at"][tau], deltas.iter().filter(|&&delta| delta >= threshold).count());
    }

    let metrics: Vec<Value> = read_jsonl(&out.join("metrics.jsonl")).unwrap();
    let losses: Vec<&Value> =
        metrics.iter().map(|metric| &metric["loss"]).filter(|loss| loss.is_number()).collect();
    let train = &stats["train"];
    assert_eq!((&train["examples"], &train["epochs"]), (&woven.len().into(), &3.into()));
    assert_eq!(
        (&train["steps"], losses.len()),
        (&(woven.len().div_ceil(2) * 3).into(), woven.len().div_ceil(2) * 3)
    );
    assert_close(&train["loss_first"], losses[0].as_f64().unwrap());
    assert_close(&train["loss_last"], losses[losses.len() - 1].as_f64().unwrap());
    assert!(train["loss_last"].as_f64() < train["loss_first"].as_f64(), "{train}");
    assert_eq!(train["trainable_parameters"], learning);
    let evaluations: Vec<(f64, &Value)> =
        metrics.iter().filter_map(|metric| Some((metric["perplexity"].as_f64()?, &metric["step"]))).collect();
    assert_eq!(evaluations.len(), 3);
    let best = evaluations.iter().min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
    assert_eq!(&train["kept_step"], best.1);

    let annotated: BTreeSet<String> =
        candidates.iter().map(|candidate| candidate.text_id.to_string()).collect();
    let tokenizer = calling().tokenizer;
    let held_out: Vec<TrainingSequence> = (0..TEXTS.len())
        .filter(|id| !annotated.contains(&id.to_string()))
        .map(|id| tokenizer.encode_with_special(TEXTS[id]).unwrap().into())
        .collect();
    assert_eq!(held_out.len(), 2);
    let of = |model: &LanguageModel<B>| perplexity::<B, _>(model, &held_out, 2048).unwrap();
    let (before, after) = (of(&calling().model), of(model));
    assert_eq!(stats["perplexity"]["tokens"], before.tokens);
    assert_close(&stats["perplexity"]["before"], before.value);
    assert_close(&stats["perplexity"]["after"], after.value);
    assert_eq!(stats["stages"]["perplexity"]["tokens"], 2 * before.tokens);
    for stage in ["annotate", "filter", "finetune"] {
        assert!(stats["stages"][stage]["tokens"].as_u64() > Some(0), "{stage}");
    }
}

#[track_caller]
fn check_teaching(method: Method, learning: usize) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let settings = settings(method);
    let taught = run(&settings, 1, out).unwrap();
    let candidates: Vec<Candidate> = read_jsonl(&out.join("candidates.jsonl")).unwrap();
    let woven: Vec<Woven> = read_jsonl(&out.join("train.jsonl")).unwrap();
    check_description(out);
    check_candidates(&candidates);
    check_woven(&woven, &candidates);
    check_stats(out, &candidates, &woven, &taught.model, learning);
    let stats = fs::read_to_string(out.join("stats.json")).unwrap();
    assert_eq!(stats, serde_json::to_string_pretty(&taught.stats).unwrap());

    // What was saved is what was made.
    let reopened = Pretrained::<B>::open(&out.join("model"), &Default::default()).unwrap();
    assert_same_logits(&reopened.model, &taught.model);
    let base = calling();
    assert_eq!(reopened.tokenizer.encode(TEXTS[0]).unwrap(), base.tokenizer.encode(TEXTS[0]).unwrap());
    assert_eq!(reopened.tokenizer.bos(), base.tokenizer.bos());
    let ids = base.tokenizer.encode(TEXTS[0]).unwrap();
    assert_ne!(next_log_probs(&base.model, &ids), next_log_probs(&taught.model, &ids));
    let is_lora = matches!(settings.finetune.method, Method::Lora(_));
    assert_eq!(out.join("adapter").exists(), is_lora);
    if is_lora {
        let mut adapted = base.model;
        load_adapter(&mut adapted, &out.join("adapter")).unwrap();
        assert_same_logits(&adapted, &taught.model);
    }

    // Again, there is nothing left to do, and it gives the same.
    let before = files(out);
    assert_eq!(before.len(), if is_lora { 8 } else { 7 });
    let again = run(&settings, 1, out).unwrap();
    assert!(files(out) == before, "a file changed");
    assert_eq!(again.stats.train, taught.stats.train);
    assert_eq!(again.stats.candidates, taught.stats.candidates);
    assert_same_logits(&again.model, &taught.model);

    // Another run's folder is left alone.
    let mut other = settings.clone();
    other.annotate.seed += 1;
    let error = run(&other, 1, out).unwrap_err();
    assert!(matches!(error, TrainError::OtherRun { .. }), "{error}");
    let mut other = settings.clone();
    other.finetune.epochs += 1;
    let error = run(&other, 1, out).unwrap_err();
    assert!(matches!(error, TrainError::OtherRun { .. }), "{error}");
    assert!(files(out) == before, "a file changed");
}

#[test]
fn a_model_is_taught_with_lora() {
    // Of each layer: q and o, k and v, gate, up and down.
    check_teaching(lora(), 2 * 2 * (2 * (32 + 32) + 2 * (32 + 16) + 3 * (32 + 48)));
}

#[test]
fn a_model_is_taught_in_full() {
    let layer = 2 * 32 * 32 + 2 * 32 * 16 + 3 * 32 * 48 + 2 * 32;
    check_teaching(Method::Full, 267 * 32 + 2 * layer + 32);
}

#[test]
fn the_number_of_workers_changes_no_byte() {
    let run = |workers| {
        let folder = tempfile::tempdir().unwrap();
        run(&settings(lora()), workers, folder.path()).unwrap();
        files(folder.path())
    };
    assert!(run(1) == run(3), "a file differs");
}

/// The settings of the one tool as its own.
fn own(settings: &TeachSettings) -> ToolSettings {
    let AnnotateSettings { tau_s, k, m, .. } = settings.annotate;
    ToolSettings { tau_s, k, m, tau_f: settings.filter.tau_f, cost: 0.0, max_examples: None, select: false }
}

#[test]
fn a_tools_own_settings_are_used() {
    let common = TeachSettings { held_out: 0.0, ..settings(lora()) };
    let with = |own: ToolSettings, out: &Path| {
        let tools = BTreeMap::from([("Calculator".to_owned(), own)]);
        run(&TeachSettings { tools, ..common.clone() }, 1, out)
    };
    let [shared, same, other] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    // The same settings give the same, wherever they stand; but they are another run's.
    run(&common, 1, shared.path()).unwrap();
    with(own(&common), same.path()).unwrap();
    let data = |out: &Path| ["candidates.jsonl", "train.jsonl"].map(|name| fs::read(out.join(name)).unwrap());
    assert!(data(same.path()) == data(shared.path()));
    let error = run(&common, 1, same.path()).unwrap_err().to_string();
    assert!(error.contains("settings.tools.Calculator.k"), "{error}");

    let out = other.path();
    let smaller = ToolSettings { k: 2, m: 3, max_examples: Some(1), select: true, ..own(&common) };
    let taught = with(smaller.clone(), out).unwrap();
    let selection = &taught.stats.selection["Calculator"];
    let candidates: Vec<Candidate> = read_jsonl(&out.join("candidates.jsonl")).unwrap();
    let woven: Vec<Woven> = read_jsonl(&out.join("train.jsonl")).unwrap();
    // "7 and 49 go" has nothing to compute.
    assert_eq!((selection.texts, selection.dropped), (6, 1));
    assert!(candidates.iter().all(|candidate| candidate.text_id != TextId::Number(2)));
    assert_eq!((taught.stats.texts, candidates.len()), (6, selection.selected * 2 * 3));
    let best = candidates.iter().filter_map(|candidate| candidate.delta).fold(f64::MIN, f64::max);
    assert_eq!((woven.len(), woven[0].calls.len()), (1, 1));
    assert!((woven[0].calls[0].delta - best).abs() < 1e-9);
    let stats: Value = serde_json::from_slice(&fs::read(out.join("stats.json")).unwrap()).unwrap();
    assert_eq!(stats["selection"]["Calculator"]["by_rule"]["computed_number"], selection.selected);
    for changed in [ToolSettings { select: false, ..smaller.clone() }, ToolSettings { tau_f: 0.0, ..smaller }]
    {
        let error = with(changed, out).unwrap_err();
        assert!(matches!(error, TrainError::OtherRun { .. }), "{error}");
    }
    let error = with(ToolSettings { k: 0, ..own(&common) }, out).unwrap_err();
    assert!(matches!(error, TrainError::Setting { name: "k", .. }), "{error}");
}

#[test]
fn nothing_kept_is_nothing_to_train_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(lora());
    settings.filter.tau_f = 1000.0;
    let error = run(&settings, 1, folder.path()).unwrap_err();
    assert!(matches!(error, TrainError::NoExamples { .. }), "{error}");
    assert_eq!(fs::read_to_string(folder.path().join("train.jsonl")).unwrap(), "");
    let candidates: Vec<Candidate> = read_jsonl(&folder.path().join("candidates.jsonl")).unwrap();
    assert!(candidates.iter().any(|candidate| candidate.losses.is_some()));
}

#[test]
fn rounds_go_on_from_the_model_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(lora());
    let prompt = FewShotPrompt::new("Q {text} A ").unwrap();
    let rounds = |rounds: usize| {
        let job = TeachJob {
            texts: &texts(&TEXTS),
            tools: &[("Calculator".to_owned(), prompt.clone())],
            registry: &calculator(),
            dated: None,
            syntax: &Syntax::default(),
            workers: 1,
            jobs: NonZeroUsize::MIN,
            callback: None,
            model_name: "calling",
            model_checksum: "c0ffee",
        };
        let rounds = NonZeroUsize::new(rounds).unwrap();
        teach_rounds(calling(), &job, &settings, rounds, folder.path(), &mut Unobserved).unwrap()
    };
    let (taught, done) = rounds(2);
    let file =
        |round: usize, name: &str| fs::read(folder.path().join(format!("round-{round}/{name}"))).unwrap();
    assert_eq!(done.iter().map(|round| round.round).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(done[1].candidates, taught.stats.candidates);
    // The first is what `teach` does; the second annotates the same texts with another model.
    let alone = tempfile::tempdir().unwrap();
    run(&settings, 1, alone.path()).unwrap();
    for name in ["candidates.jsonl", "train.jsonl", "model/model.safetensors"] {
        assert!(file(1, name) == fs::read(alone.path().join(name)).unwrap(), "{name}");
        assert!(file(1, name) != file(2, name), "{name}");
    }
    let first = Pretrained::<B>::open(&folder.path().join("round-1/model"), &Default::default()).unwrap();
    let prompt_of = |model: &Pretrained<B>| {
        let (syntax, tools) = (Syntax::default(), calculator());
        let (tokenizer, settings) = (&model.tokenizer, settings.annotate.clone());
        let annotator =
            Annotator::new(&model.model, tokenizer, &syntax, &tools, "Calculator", &prompt, settings)
                .unwrap();
        let texts = texts(&TEXTS[..1]);
        annotator.annotate(&[Tokenized::new(&texts[0], tokenizer).unwrap()]).unwrap().candidates
    };
    let of_second: Vec<Candidate> = read_jsonl(&folder.path().join("round-2/candidates.jsonl")).unwrap();
    let own = of_second.iter().find(|own| own.text_id == TextId::Number(0)).unwrap();
    let expected = prompt_of(&first);
    let expected = expected.iter().find(|one| one.position == own.position).unwrap();
    assert!((own.p_start - expected.p_start).abs() < 1e-6, "{} {}", own.p_start, expected.p_start);
    let before = [file(1, "model/model.safetensors"), file(2, "model/model.safetensors")];
    let (_, done) = rounds(3);
    assert_eq!(done.len(), 3);
    assert!(before == [file(1, "model/model.safetensors"), file(2, "model/model.safetensors")]);
    let told: Value = serde_json::from_slice(&fs::read(folder.path().join("rounds.json")).unwrap()).unwrap();
    assert_eq!(told.as_array().unwrap().len(), 3);
    assert_eq!(told[2]["candidates"]["kept"], done[2].candidates.kept);
}
