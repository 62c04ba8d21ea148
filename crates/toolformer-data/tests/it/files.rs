//! Which files a name stands for.

use tempfile::TempDir;
use toolformer_data::{DatasetDict, ReadSettings, data_files};

use crate::given::{at, folder, names};

fn some() -> TempDir {
    folder(&[
        ("b.jsonl", b""),
        ("a.csv.gz", b""),
        ("sub/deep/c.txt", b""),
        ("README.md", b""),
        ("dataset_info.json", b"{}"),
        (".hidden/d.txt", b""),
        (".e.txt", b""),
        ("__f/g.txt", b""),
    ])
}

#[track_caller]
fn check(what: &str, expected: &[&str]) {
    let folder = some();
    let what = if what.is_empty() { folder.path().to_string_lossy().into_owned() } else { at(&folder, what) };
    assert_eq!(names(&folder, &data_files(&what).unwrap()), expected);
}

#[test]
fn a_name_is_a_file_a_folder_or_a_pattern() {
    check("README.md", &["README.md"]);
    check("", &["a.csv.gz", "b.jsonl", "sub/deep/c.txt"]);
    check("sub", &["sub/deep/c.txt"]);
    check("*.[ja]*", &["b.jsonl", "dataset_info.json"]);
    check("**/*.txt", &["__f/g.txt", "sub/deep/c.txt"]);
    check("?.jsonl", &["b.jsonl"]);
}

#[test]
fn a_folder_may_be_called_like_a_pattern() {
    let folder = folder(&[("x[1]/a.txt", b""), ("x1/b.txt", b"")]);
    assert_eq!(names(&folder, &data_files(&at(&folder, "x[1]")).unwrap()), ["x[1]/a.txt"]);
}

#[test]
fn only_names_in_the_folder_hide() {
    let folder = folder(&[("__x/a.txt", b"")]);
    assert_eq!(names(&folder, &data_files(&at(&folder, "__x")).unwrap()), ["__x/a.txt"]);
}

#[test]
fn what_names_nothing_is_told() {
    #[track_caller]
    fn check_error(what: &str, part: &str) {
        let folder = folder(&[("empty/README.md", b"")]);
        let error = data_files(&at(&folder, what)).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains(what), "{error}");
    }
    check_error("missing.jsonl", "names no file; check the path");
    check_error("*.jsonl", "names no file");
    check_error("a***", "is no pattern");
    check_error("empty", "has no files of data in it");
}

#[track_caller]
fn check_splits(files: &[&str], expected: &[(&str, usize)]) {
    let folder = folder(&files.iter().map(|&name| (name, &b"a\nb\n"[..])).collect::<Vec<_>>());
    let splits = DatasetDict::open(&folder.path().to_string_lossy(), &ReadSettings::default()).unwrap();
    let found: Vec<(&str, usize)> =
        splits.iter().map(|(name, set)| (name, set.count().unwrap() / 2)).collect();
    assert_eq!(found, expected);
}

#[test]
fn names_tell_splits() {
    check_splits(&["train.txt", "dev.txt", "test.txt"], &[("train", 1), ("validation", 1), ("test", 1)]);
    check_splits(&["train-0.txt", "train-1.txt", "other.txt"], &[("train", 2)]);
    check_splits(&["a/train/1.txt", "a/valid/1.txt", "a/valid/2.txt"], &[("train", 1), ("validation", 2)]);
    check_splits(&["test/train.txt"], &[("train", 1)]);
    check_splits(&["a.txt", "b/c.txt"], &[("train", 2)]);
    check_splits(&["a_eval.txt"], &[("test", 1)]);
}

#[test]
fn splits_are_named_by_their_files() {
    let folder = folder(&[("a.txt", b"1\n"), ("b.txt", b"1\n2\n"), ("c.txt", b"1\n")]);
    let files =
        [("mine", at(&folder, "a.txt")), ("other", at(&folder, "b.txt")), ("mine", at(&folder, "[c]*"))];
    let files: Vec<(&str, &str)> = files.iter().map(|(split, what)| (*split, what.as_str())).collect();
    let splits = DatasetDict::from_files(&files, &ReadSettings::default()).unwrap();
    let found: Vec<_> = splits.iter().map(|(name, set)| (name, set.count().unwrap())).collect();
    assert_eq!(found, [("mine", 2), ("other", 2)]);
    let error = splits.get("train").unwrap_err().to_string();
    assert!(error.contains("no split `train`, only mine, other"), "{error}");
}
