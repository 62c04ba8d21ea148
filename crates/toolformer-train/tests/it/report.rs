//! The report of a run: its HTML, what strangers' texts do to it, and how it looks in a browser.

use std::{fs, path::Path};

use serde_json::{Value, json};
use toolformer_filter::Losses;
use toolformer_train::{
    CallSampling, Candidate, CandidateStats, MetricsFile, PerplexityStats, ReportData, Stats, Tally,
    TeachSettings, Text, TrainError, TrainStats, UnitRecord, WovenStats, render_report, weave, write_jsonl,
};

use crate::tiny::texts;

/// A sample before byte 19 of `3 boxes of 12 make 36 eggs.`
fn candidate(
    text: usize,
    call: &str,
    status: &str,
    result: Option<&str>,
    losses: Option<[f64; 3]>,
) -> Candidate {
    let tool = if text.is_multiple_of(4) { "QA" } else { "Calculator" };
    let mut candidate: Candidate = serde_json::from_value(json!({
        "text_id": text, "tool": tool, "position": 19, "token_position": 6,
        "p_start": 0.9 / (1 + text * text) as f64, "call": call, "status": status,
    }))
    .unwrap();
    candidate.result = result.map(str::to_owned);
    candidate.judge(losses.map(|[none, call, response]| Losses { none, call, response }), 0.5);
    candidate
}

/// Forty texts, with samples of every kind; losses as they come from a small model.
fn candidates() -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for text in 0..40_usize {
        let none = 1.5 + (text * 7 % 10) as f64 / 4.0;
        let gain = (text * 13 % 17) as f64 / 5.0 - 1.0;
        let losses = Some([none, none + 0.3 - (text % 3) as f64 / 4.0, (none - gain).max(0.2)]);
        let call = format!("Calculator({} * 12)", text + 3);
        let result = (12 * (text + 3)).to_string();
        candidates.push(candidate(text, &call, "ok", Some(&result), losses));
        candidates.push(candidate(text, &call, "duplicate", None, None));
        let (call, status, why) = [
            ("Calculator(3 *", "unparsable", None),
            ("Calculator(eggs)", "bad_arguments", Some("write numbers, such as 12 * 3")),
            ("Calendar()", "wrong_tool", None),
            ("Calculator()", "no_result", Some("the tool has no result")),
            ("Calculator(36 / 12)", "looks_ahead", None),
        ][text % 5];
        candidates.push(candidate(text, call, status, why, None));
    }
    candidates
}

fn forty_texts() -> Vec<Text> {
    let texts_of = |text: usize| {
        format!("3 boxes of 12 make {} eggs, and nobody in the village knew what to do with them.", 36 + text)
    };
    let all: Vec<String> = (0..40).map(texts_of).collect();
    texts(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A run folder without models.
fn run_folder(out: &Path, texts: &[Text], candidates: &[Candidate]) {
    write_jsonl(&out.join("candidates.jsonl"), candidates).unwrap();
    let mut tally = Tally::default();
    candidates.iter().for_each(|candidate| tally.add(candidate));
    let unit = UnitRecord {
        texts: texts.len(),
        positions: texts.len(),
        annotate_tokens: 61_234,
        annotate_seconds: 95.0,
        filter_tokens: 20_500,
        filter_seconds: 31.5,
        ..UnitRecord::default()
    };
    let mut stats = Stats::collected(unit, tally, CallSampling::Free);
    assert_eq!(stats.quote(&texts).unwrap(), texts.len());
    stats.held_out = 4;
    stats.woven = Some(WovenStats::new(&weave(texts, candidates, &Default::default()).unwrap()));
    stats.perplexity = Some(PerplexityStats { before: 18.4, after: 17.9, tokens: 900 });
    stats.train = Some(TrainStats {
        examples: 24,
        steps: 24,
        epochs: 4,
        trainable_parameters: 1_234_567,
        loss_first: Some(3.1),
        loss_last: Some(1.4),
        kept_step: 18,
    });
    fs::write(out.join("stats.json"), serde_json::to_string_pretty(&stats).unwrap()).unwrap();
    let run = json!({"version": "0.1.0", "model": "SmolLM2-135M-Instruct.Q4_1.gguf", "texts": 44,
                     "tools": ["Calculator", "QA"], "settings": TeachSettings::default()});
    fs::write(out.join("run.toml"), toml::to_string(&run).unwrap()).unwrap();
    let mut metrics = MetricsFile::new(&out.join("metrics.jsonl"));
    for step in 1..=24 {
        let loss = 1.4 + 1.7 / f64::from(step) + f64::from(step % 3) / 10.0;
        let line = |value: Value| serde_json::from_value(value).unwrap();
        let rate = 1e-3 * f64::from(step.min(3)).min(f64::from(25 - step) / 7.0) / 3.0;
        metrics.append(&line(json!({"step": step, "loss": loss, "learning_rate": rate}))).unwrap();
        if step % 6 == 0 {
            metrics
                .append(&line(json!({"step": step, "perplexity": 18.4 - f64::from(step) / 40.0})))
                .unwrap();
        }
    }
}

fn page_of(texts: &[Text], candidates: &[Candidate]) -> String {
    let folder = tempfile::tempdir().unwrap();
    run_folder(folder.path(), texts, candidates);
    render_report(&ReportData::of_run(folder.path(), None).unwrap()).unwrap()
}

pub(crate) fn page() -> String {
    page_of(&forty_texts(), &candidates())
}

/// Texts, calls and results that try to leave their place.
pub(crate) fn hostile_page() -> String {
    let long = "w".repeat(5000);
    let hostile = [
        "<script>document.title = 'owned'</script>",
        "\"><img src=x onerror=alert(1)>'",
        "\u{202e}txet desrever \u{627}\u{644}\u{639}\u{631}\u{628}\u{64a}\u{629}",
        "\u{1f469}\u{200d}\u{1f680}\u{1f3fd} {{ 7 * 7 }} {% for %}",
        "nul \u{0} bell \u{7} </blockquote></style>",
        &long,
    ];
    let mut candidates = Vec::new();
    let all: Vec<String> = hostile.iter().map(|text| format!("{text} {text}")).collect();
    for (text, words) in hostile.iter().enumerate() {
        let place = words.len();
        for losses in [[3.0, 3.0, 1.0], [3.0, 3.0, 2.9]] {
            let mut candidate = candidate(text, words, "ok", Some(words), Some(losses));
            candidate.call = format!("{words}({})", losses[2]);
            candidate.position = place;
            candidate.tool = hostile[text % 2].to_owned();
            candidates.push(candidate);
        }
        let mut failed = candidate(text, words, "tool_error", Some(words), None);
        failed.tool = hostile[text % 2].to_owned();
        candidates.push(failed);
    }
    page_of(&texts(&all.iter().map(String::as_str).collect::<Vec<_>>()), &candidates)
}

#[test]
fn the_page_of_a_small_run() {
    insta::assert_snapshot!(page());
    assert_eq!(page(), page());
}

#[test]
fn strangers_texts_stay_texts() {
    let page = hostile_page();
    for bad in ["<script", "<img", "onerror=alert(1)>", "\u{0}", "\u{7}", "</blockquote></style>"] {
        assert!(!page.contains(bad), "{bad}");
    }
    // What could be escaped is there, so that the test looks at the right thing.
    for good in
        ["&lt;script&gt;", "&quot;&gt;&lt;img", "{{ 7 * 7 }}", "\u{202e}txet", "\u{1f469}\u{200d}\u{1f680}"]
    {
        assert!(page.contains(good), "{good}");
    }
    assert!(!page.contains(&"w".repeat(300)), "a long word was not cut");
    assert_eq!(page.matches("</style>").count(), 1);
    assert!(page.len() < 200_000, "{}", page.len());
}

#[test]
fn what_lacks_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let error = ReportData::of_run(out, None).unwrap_err();
    assert!(matches!(error, TrainError::NothingToReport { .. }), "{error}");
    // A run that was killed while it wrote a line.
    run_folder(out, &forty_texts(), &candidates());
    for name in ["stats.json", "run.toml", "metrics.jsonl"] {
        fs::remove_file(out.join(name)).unwrap();
    }
    let whole = fs::read(out.join("candidates.jsonl")).unwrap();
    fs::write(out.join("candidates.jsonl"), &whole[..whole.len() - 5]).unwrap();
    let texts = forty_texts();
    let page = render_report(&ReportData::of_run(out, Some(&texts)).unwrap()).unwrap();
    for said in [
        "no stats.json",
        "no run.toml",
        "no metrics.jsonl",
        "<b>119</b> <span>calls sampled",
        "3 boxes of 12 make",
    ] {
        assert!(page.contains(said), "{said}");
    }
    // A file of candidates alone, not judged.
    let unjudged = candidates().into_iter().map(|candidate| Candidate {
        losses: None,
        delta: None,
        kept: None,
        reason: None,
        ..candidate
    });
    write_jsonl(&out.join("c.jsonl"), unjudged).unwrap();
    let page = render_report(&ReportData::of_candidates(&out.join("c.jsonl"), None).unwrap()).unwrap();
    assert!(page.contains("not judged") && !page.contains("How much does the result help?"));
    fs::write(out.join("stats.json"), "{").unwrap();
    assert!(ReportData::of_run(out, None).unwrap_err().to_string().contains("stats.json, line 1,"));
}

#[test]
fn of_several_rounds_the_last_is_told_of_and_all_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let round = |round: usize, perplexity: Value| {
        let name = format!("round-{round}");
        fs::create_dir(out.join(&name)).unwrap();
        let candidates = candidates();
        // The second found less.
        let candidates = &candidates[..candidates.len() / round];
        run_folder(&out.join(&name), &forty_texts(), candidates);
        let candidates = CandidateStats::new(candidates);
        json!({"round": round, "folder": name, "candidates": candidates, "perplexity": perplexity, "train": null})
    };
    let rounds = [round(1, json!({"before": 20.0, "after": 18.0, "tokens": 9})), round(2, Value::Null)];
    fs::write(out.join("rounds.json"), Value::from(rounds.to_vec()).to_string()).unwrap();
    let page = render_report(&ReportData::of_run(out, None).unwrap()).unwrap();
    for said in [
        "href=\"round-1/report.html\"",
        "href=\"round-2/report.html\"",
        "<td class=\"number\">20.0 → 18.0</td>",
        "<b>60</b> <span>calls sampled",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page_of(&forty_texts(), &candidates()).contains("Rounds"));
}
