//! Texts from Parquet, and what is wrong with files.

use std::path::{Path, PathBuf};

use toolformer_train::{Text, TextFile, TextSource, TextsSummary, TrainError};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parquet").join(name)
}

fn read(path: &Path) -> Result<Vec<Text>, TrainError> {
    TextFile::open(path)?.texts()?.collect()
}

#[test]
fn rows_of_parquet_are_the_objects_of_jsonl() {
    let expected = read(&fixture("texts.jsonl")).unwrap();
    // One of them is null.
    assert_eq!(expected.len(), 149);
    for codec in ["none", "snappy", "gzip", "zstd", "lz4"] {
        let found = read(&fixture(&format!("texts.{codec}.parquet"))).unwrap();
        assert_eq!(found, expected, "{codec}");
    }
}

#[track_caller]
fn check_error(path: &Path, part: &str) {
    let error = TextFile::open(path).and_then(|file| TextsSummary::of(&file)).unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(format!("{error} {source}").contains(part), "{error} {source}");
}

#[test]
fn files_that_cannot_be_texts_are_told() {
    check_error(&fixture("no_text.parquet"), "no column `text`, only content, n");
    check_error(&fixture("missing.jsonl"), "check that the path is right");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    check_error(&file("t.parquet", b"PAR1 but no more"), "no Parquet file");
    check_error(&file("t.jsonl.gz", b"{\"text\": \"a\"}"), "a packed file has to be whole");
    check_error(
        &file("same.jsonl", b"{\"id\": \"a\", \"text\": \"a\"}\n{\"id\": \"a\", \"text\": \"b\"}"),
        "id a",
    );
    check_error(&file("empty.jsonl", b"\n\n"), "no text");
}

/// Cut anywhere, or with a byte changed, a file is read or refused.
#[test]
fn damaged_parquet_is_no_panic() {
    let whole = std::fs::read(fixture("texts.snappy.parquet")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let mut refused = 0;
    for at in (0..whole.len()).step_by(13) {
        std::fs::write(&path, &whole[..at]).unwrap();
        assert!(read(&path).is_err(), "cut at {at}");
        let mut damaged = whole.clone();
        damaged[at] ^= 0x5a;
        std::fs::write(&path, &damaged).unwrap();
        refused += usize::from(read(&path).is_err());
    }
    assert!(refused > 0);
}
