//! Three texts through the whole pipeline with two tools, and every number of it against the slow oracle; what the
//! oracle says is written out in `tests/fixtures/golden_corpus.md`, for people.

mod expected;
mod table;

use std::{collections::BTreeMap, fs, num::NonZeroUsize, path::PathBuf};

use toolformer_model::LoraConfig;
use toolformer_text::{FnTool, Registry, Syntax, ToolError};
use toolformer_train::{
    AnnotateSettings, Candidate, FewShotPrompt, FilterSettings, Method, Reason, Stats, Status, TeachJob,
    TeachSettings, ToolSettings, TrainingSettings, Unobserved, Woven, read_jsonl, teach,
};

use self::{
    expected::{Expected, Row, count, expected, woven},
    table::{assert_same_table, table},
};
use crate::tiny::{calculator, calling, texts};

const TEXTS: [&str; 3] = ["3 * 12 is 36", "the cat 9", "7 and 49 go"];
const TAU_F: f64 = 0.5;
const SEED: u64 = 4;
const MAX_CALL_TOKENS: usize = 24;

/// A tool of the golden corpus: name, prompt, `tau_s`, `k`, `m`.
const TOOLS: [(&str, &str, f64, usize, usize); 2] =
    [("Calculator", "Q {text} A ", 0.0, 3, 6), ("Clock", "a [T(a)]\n{text}\n", 0.5, 3, 8)];

/// What each call is answered with, computed by hand: `Ok`, or what the tool says instead.
const ANSWERS: [(&str, Result<&str, Status>); 9] = [
    ("Calculator(12 * 3)", Ok("36")),
    ("Calculator(3 + 12)", Ok("15")),
    ("Calculator(12 - 3)", Ok("9")),
    ("Calculator(12 / 3)", Ok("4")),
    ("Calculator(3 * 3)", Ok("9")),
    ("Calculator(12 + 12)", Ok("24")),
    ("Calculator()", Err(Status::NoResult)),
    ("Clock()", Ok("12")),
    ("Clock(3)", Ok("3")),
];

/// A clock that stands at twelve, and does not know what others say.
fn tools() -> Registry {
    let mut registry = calculator();
    let clock = FnTool::new("Clock", "tells the hour", |args: &str| match args {
        "" => Ok("12".to_owned()),
        "3" => Ok("3".to_owned()),
        _ => Err(ToolError::bad_arguments("write Clock()")),
    });
    registry.insert(clock).unwrap();
    registry
}

/// The corpus through `teach`: its candidates, its woven texts and its statistics.
fn run() -> (Vec<Candidate>, Vec<Woven>, Stats) {
    let folder = tempfile::tempdir().unwrap();
    let prompts = TOOLS.map(|(tool, prompt, ..)| (tool.to_owned(), FewShotPrompt::new(prompt).unwrap()));
    let own = |(tool, _, tau_s, k, m): (&str, &str, f64, usize, usize)| {
        let own = ToolSettings { tau_s, k, m, tau_f: TAU_F, ..ToolSettings::paper(tool) };
        (tool.to_owned(), own)
    };
    let settings = TeachSettings {
        annotate: AnnotateSettings { max_call_tokens: MAX_CALL_TOKENS, seed: SEED, ..Default::default() },
        filter: FilterSettings { tau_f: TAU_F, ..Default::default() },
        finetune: TrainingSettings {
            method: Method::Lora(LoraConfig { r: 1, ..LoraConfig::default() }),
            epochs: 1,
            ..Default::default()
        },
        held_out: 0.0,
        unit_texts: 2,
        plain_ratio: 0.0,
        tools: TOOLS.into_iter().map(own).collect(),
    };
    let job = TeachJob {
        texts: &texts(&TEXTS),
        tools: &prompts,
        registry: &tools(),
        dated: None,
        syntax: &Syntax::default(),
        workers: 1,
        jobs: NonZeroUsize::MIN,
        callback: None,
        model_name: "calling",
        model_checksum: "c0ffee",
    };
    let taught = teach(calling(), &job, &settings, folder.path(), &mut Unobserved).unwrap();
    let candidates = read_jsonl(&folder.path().join("candidates.jsonl")).unwrap();
    (candidates, read_jsonl(&folder.path().join("train.jsonl")).unwrap(), taught.stats)
}

#[track_caller]
fn assert_close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() < 1e-4, "{what}: {found} is not {expected}");
}

fn check_candidate(candidate: &Candidate, row: &Row) {
    let what = format!("text {}, {} at {}: {}", row.text, TOOLS[row.tool].0, row.i, row.sampled);
    assert_eq!(
        (candidate.text_id.to_string(), candidate.tool.as_str()),
        (row.text.to_string(), TOOLS[row.tool].0)
    );
    assert_eq!((candidate.token_position, candidate.position), (row.i, row.position), "{what}");
    assert!((candidate.p_start - row.p_i).abs() < 1e-6 + 1e-4 * row.p_i, "{what}: {}", candidate.p_start);
    assert_eq!(candidate.status, row.status, "{what}");
    match &row.call {
        Some(call) => assert_eq!(&candidate.call, call, "{what}"),
        // It is not read further than to where it is no call.
        None => assert!(row.sampled.starts_with(&candidate.call), "{what}: {}", candidate.call),
    }
    if row.status == Status::Ok {
        assert_eq!(candidate.result.as_deref(), row.result, "{what}");
    }
    assert_eq!(candidate.losses.is_some(), row.losses.is_some(), "{what}");
    if let (Some(found), Some([none, call, response]), Some(delta)) =
        (candidate.losses, row.losses, row.delta())
    {
        assert_close(found.none, none, &what);
        assert_close(found.call, call, &what);
        assert_close(found.response, response, &what);
        assert_close(candidate.delta.unwrap(), delta, &what);
        assert!((delta - TAU_F).abs() > 1e-3, "{what}: too near to tau_f to tell");
    }
    let reason = match row.losses {
        None => Some(Reason::NotExecuted),
        Some(_) => (!row.kept()).then_some(Reason::BelowThreshold),
    };
    assert_eq!((candidate.kept, candidate.reason), (Some(row.kept()), reason), "{what}");
}

fn check_stats(stats: &Stats, expected: &Expected) {
    let rows = &expected.rows;
    let places = |row: &Row| (row.text, row.tool, row.i);
    let positions: std::collections::BTreeSet<_> = rows.iter().map(places).collect();
    assert_eq!((stats.texts, stats.positions, stats.too_long), (TEXTS.len(), positions.len(), 0));
    let found = &stats.candidates;
    assert_eq!(found.candidates, rows.len());
    let to_the_tool = [Status::Ok, Status::BadArguments, Status::NoResult];
    assert_eq!(found.unique, count(rows, |row| to_the_tool.contains(&row.status)));
    assert_eq!(found.executed, count(rows, |row| row.losses.is_some()));
    assert_eq!(found.kept, count(rows, Row::kept));
    let mut by_status = BTreeMap::new();
    rows.iter().for_each(|row| *by_status.entry(row.status).or_insert(0) += 1);
    assert_eq!(found.by_status, by_status);
    let rejected = count(rows, |row| row.losses.is_some() && !row.kept());
    let not_executed = count(rows, |row| row.losses.is_none());
    let reasons = [(Reason::NotExecuted, not_executed), (Reason::BelowThreshold, rejected)];
    assert_eq!(found.by_reason, BTreeMap::from(reasons));
    for (tau, threshold) in [("0", 0.0), ("0.5", 0.5), ("1", 1.0), ("2", 2.0)] {
        assert_eq!(
            found.kept_at[tau],
            count(rows, |row| row.delta().is_some_and(|delta| delta >= threshold))
        );
    }
    let gains: Vec<f64> = rows.iter().filter(|row| row.kept()).filter_map(Row::delta).collect();
    assert_close(found.mean_delta.unwrap(), gains.iter().sum::<f64>() / gains.len() as f64, "mean gain");
    for (number, (tool, ..)) in TOOLS.iter().enumerate() {
        let found = &stats.tools[*tool].counts;
        assert_eq!(found.candidates, count(rows, |row| row.tool == number));
        assert_eq!(found.kept, count(rows, |row| row.tool == number && row.kept()));
    }
}

#[test]
fn every_number_of_a_small_corpus_is_the_oracles() {
    let pretrained = calling();
    let expected = expected(&pretrained, SEED);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden_corpus.md");
    let table = table(&pretrained, &expected);
    if std::env::var_os("TOOLFORMER_WRITE_GOLDEN").is_some() {
        fs::write(&path, &table).unwrap();
    }
    assert_same_table(&table, &fs::read_to_string(&path).unwrap());

    let (mut candidates, found, stats) = run();
    // The file has them by unit and tool; at one place their order is that of the samples.
    candidates.sort_by_key(|candidate| (candidate.text_id.to_string(), candidate.tool.clone()));
    assert_eq!(candidates.len(), expected.rows.len());
    candidates.iter().zip(&expected.rows).for_each(|(candidate, row)| check_candidate(candidate, row));
    check_stats(&stats, &expected);
    let written: Vec<(String, String)> =
        found.iter().map(|woven| (woven.text_id.to_string(), woven.text.clone())).collect();
    let inserted: Vec<(String, String)> =
        (0..TEXTS.len()).filter_map(|text| Some((text.to_string(), woven(text, &expected.rows)?))).collect();
    assert_eq!(written, inserted);
    let woven_stats = stats.woven.unwrap();
    let calls: usize = inserted.iter().map(|(_, text)| text.matches(" [").count()).sum();
    assert_eq!((woven_stats.texts, woven_stats.calls), (inserted.len(), calls));

    // The corpus shows every fate: kept and not, of both tools, and a text that nothing helps.
    let kept = |tool| count(&expected.rows, |row| row.tool == tool && row.kept());
    let rejected =
        |tool| count(&expected.rows, |row| row.tool == tool && row.losses.is_some() && !row.kept());
    assert!(
        [kept(0), kept(1), rejected(0), rejected(1)].iter().all(|&n| n > 0) && inserted.len() < TEXTS.len()
    );
}
