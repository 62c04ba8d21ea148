//! Event files: what TensorBoard reads of them, and what is left of them after a kill at any byte.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use toolformer_train::{Metric, TensorboardFile};

/// What a run measures in these steps, and in an evaluation after every third.
fn metrics(steps: std::ops::RangeInclusive<usize>) -> Vec<Metric> {
    let mut metrics = Vec::new();
    for step in steps {
        let empty = || Metric { step, ..Metric::default() };
        let loss = Some(3.0 / step as f64);
        metrics.push(Metric { loss, learning_rate: Some(1e-3), ..empty() });
        if step.is_multiple_of(3) {
            metrics.push(Metric { perplexity: Some(20.0 - step as f64), accuracy: Some(0.5), ..empty() });
        }
    }
    metrics
}

/// What a run writes that does these steps.
fn write(folder: &Path, steps: std::ops::RangeInclusive<usize>) {
    let mut file = TensorboardFile::new(folder, "a host/1");
    for metric in metrics(steps) {
        file.append(&metric, 1.7e9 + metric.step as f64).unwrap();
    }
}

fn only_file(folder: &Path) -> PathBuf {
    let files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[test]
fn a_run_killed_at_any_byte_and_resumed_leaves_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 1..=7);
    let file = only_file(folder.path());
    assert_eq!(file.file_name().unwrap(), "events.out.tfevents.1700000001.a-host-1");
    let whole = fs::read(&file).unwrap();
    let until_checkpoint = tempfile::tempdir().unwrap();
    write(until_checkpoint.path(), 1..=3);
    let checkpoint = fs::read(only_file(until_checkpoint.path())).unwrap().len();
    for cut in 0..whole.len() {
        // Killed anywhere behind its checkpoint of step 3, or before it, which only a damaged disk does.
        fs::write(&file, &whole[..cut]).unwrap();
        write(folder.path(), 4..=7);
        let resumed = fs::read(only_file(folder.path())).unwrap();
        assert!(resumed.len() <= whole.len(), "{cut}");
        assert_eq!(cut < checkpoint, resumed != whole, "{cut}");
    }
    // Without a checkpoint all is done again.
    write(folder.path(), 1..=7);
    let again = fs::read(only_file(folder.path())).unwrap();
    assert_eq!(again[again.len() - 40..], whole[whole.len() - 40..]);
    assert_eq!(again.len(), whole.len());
}

/// A Python with TensorBoard, if there is one.
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("TOOLFORMER_PYTHON").map(PathBuf::from).filter(|python| {
        Command::new(python)
            .args(["-c", "import tensorboard"])
            .output()
            .is_ok_and(|output| output.status.success())
    });
    if python.is_none() {
        // Not by eprintln!, which the test harness keeps to itself.
        let notice = b"\nSKIPPED: TOOLFORMER_PYTHON names no Python with tensorboard\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), notice);
    }
    python
}

#[test]
fn tensorboard_reads_every_value_once() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 1..=7);
    let file = only_file(folder.path());
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 5]).unwrap();
    write(folder.path(), 4..=300);
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/read_tensorboard.py");
    let output = Command::new(python).arg(script).arg(folder.path()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = metrics(1..=300);
    let expected = |of: fn(&Metric) -> Option<f64>| -> Vec<Value> {
        let measured = all.iter().filter_map(|metric| Some((metric.step, of(metric)?)));
        measured.map(|(step, value)| json!([step, 1.7e9 + step as f64, f64::from(value as f32)])).collect()
    };
    let expected = json!({
        "train/loss": expected(|metric| metric.loss),
        "train/learning_rate": expected(|metric| metric.learning_rate),
        "eval/perplexity": expected(|metric| metric.perplexity),
        "eval/accuracy": expected(|metric| metric.accuracy),
    });
    assert_eq!(found, expected);
}
