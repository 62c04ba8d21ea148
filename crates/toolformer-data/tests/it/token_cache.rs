//! Tokens on the disk.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
};

use proptest::prelude::*;
use tempfile::TempDir;
use toolformer_data::{CachedTokens, ContentKey, DataError, Dataset, Row, TokenCache, TrainingSequence};

use crate::given::{at, folder, numbers, streamed};

/// A few tokens for a row, every other one with a mask.
fn tokens(n: u64) -> TrainingSequence {
    let ids: Vec<u32> = (0..n as u32 % 5).map(|token| token + 7 * n as u32).collect();
    if n.is_multiple_of(2) { ids.into() } else { TrainingSequence::of_completion(&ids, &[n as u32]) }
}

fn tokenize(row: &Row) -> Result<TrainingSequence, DataError> {
    row["n"].as_u64().map(tokens).ok_or_else(|| DataError::refused("`n` is no number"))
}

struct Given {
    _folder: TempDir,
    cache: TokenCache,
    rows: Dataset,
    key: ContentKey,
}

fn given(rows: usize) -> Given {
    let folder = tempfile::tempdir().unwrap();
    let rows = numbers(0..rows);
    let cache = TokenCache::new(folder.path().join("new/folder"));
    let key = ContentKey::of_rows(&rows).unwrap();
    Given { _folder: folder, cache, rows, key }
}

impl Given {
    fn get(&self, tokenizer: &str) -> CachedTokens {
        self.cache.get_or_make(&self.key, tokenizer, &self.rows, tokenize).unwrap()
    }
}

#[track_caller]
fn check(tokens_found: &CachedTokens, rows: usize, is_new: bool) {
    assert_eq!((tokens_found.len(), tokens_found.is_new()), (rows, is_new));
    assert!(tokens_found.iter().eq((0..rows as u64).map(tokens)));
    assert!(tokens_found.get(rows).is_none());
    assert_eq!(tokens_found.is_empty(), rows == 0);
}

#[test]
fn sequences_come_back_without_being_made_again() {
    // More than are made together.
    for rows in [0, 1, 7, 600] {
        let given = given(rows);
        check(&given.get("t"), rows, true);
        check(&given.get("t"), rows, false);
        check(&given.get("other settings"), rows, true);
        check(&given.get("t"), rows, false);
    }
}

#[test]
fn other_rows_are_another_content() {
    let keys = [
        ContentKey::of_rows(&numbers([1, 2])).unwrap(),
        ContentKey::of_rows(&numbers([2, 1])).unwrap(),
        ContentKey::of_rows(&numbers([12])).unwrap(),
        ContentKey::of_rows(&numbers([])).unwrap(),
    ];
    for (index, key) in keys.iter().enumerate() {
        assert!(!keys[..index].contains(key));
    }
    assert_eq!(ContentKey::of_rows(&streamed(&numbers([1, 2]))).unwrap(), keys[0]);
}

#[test]
fn files_are_contents() {
    let folder = folder(&[("a.txt", b"1"), ("b.txt", b"1"), ("c.txt", b"2"), ("a.csv", b"1")]);
    let key = |name: &str| ContentKey::of_files(&[at(&folder, name).into()]);
    assert_eq!(key("a.txt").unwrap(), key("b.txt").unwrap());
    assert_ne!(key("a.txt").unwrap(), key("c.txt").unwrap());
    // Another format gives other rows.
    assert_ne!(key("a.txt").unwrap(), key("a.csv").unwrap());
    assert!(key("d.txt").unwrap_err().to_string().contains("d.txt"));
}

/// With any byte changed, cut off anywhere, or with bytes behind it, a file is made again.
#[test]
fn damage_is_noticed() {
    let given = given(9);
    given.get("t");
    let path = given.cache.path(&given.key, "t");
    let whole = fs::read(&path).unwrap();
    let mut damaged: Vec<Vec<u8>> = (0..whole.len()).map(|len| whole[..len].to_vec()).collect();
    damaged.extend((0..whole.len()).map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        bytes
    }));
    damaged.push([&whole[..], b"\0"].concat());
    damaged.push([&whole[..], &whole[..]].concat());
    for (case, bytes) in damaged.iter().enumerate() {
        fs::write(&path, bytes).unwrap();
        assert!(given.get("t").is_new(), "case {case}");
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
}

#[test]
fn a_file_of_something_else_is_noticed() {
    let given = given(9);
    given.get("t");
    given.get("other");
    let (path, other) = (given.cache.path(&given.key, "t"), given.cache.path(&given.key, "other"));
    fs::copy(&other, &path).unwrap();
    check(&given.get("t"), 9, true);
    fs::write(&path, b"").unwrap();
    check(&given.get("t"), 9, true);
}

#[test]
fn what_fails_leaves_nothing() {
    let given = given(400);
    let failing = |row: &Row| if row["n"] == 300 { Err(DataError::refused("no")) } else { tokenize(row) };
    let error = given.cache.get_or_make(&given.key, "t", &given.rows, failing).unwrap_err().to_string();
    assert_eq!(error, "row 300 (counted from 0): no");
    let path = given.cache.path(&given.key, "t");
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
    // A file that cannot be there is told.
    let cache = TokenCache::new("/dev/null/cache");
    assert!(
        cache
            .get_or_make(&given.key, "t", &given.rows, tokenize)
            .unwrap_err()
            .to_string()
            .contains("cannot write")
    );
}

#[test]
fn each_row_is_tokenised_once() {
    let given = given(600);
    let calls = AtomicUsize::new(0);
    let counted = |row: &Row| {
        calls.fetch_add(1, Ordering::Relaxed);
        tokenize(row)
    };
    given.cache.get_or_make(&given.key, "t", &given.rows, counted).unwrap();
    given.cache.get_or_make(&given.key, "t", &given.rows, counted).unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 600);
}

proptest! {
    #[test]
    fn any_sequence_comes_back(
        sequences in prop::collection::vec(prop::collection::vec((any::<u32>(), any::<bool>()), 0..6), 0..6),
    ) {
        let sequences: Vec<TrainingSequence> = sequences
            .iter()
            .map(|tokens| TrainingSequence::masked(tokens.iter().map(|t| t.0).collect(), tokens.iter().map(|t| t.1).collect()).unwrap())
            .collect();
        let given = given(sequences.len());
        let made = given.cache
            .get_or_make(&given.key, "t", &given.rows, |row| Ok(sequences[row["n"].as_u64().unwrap() as usize].clone()))
            .unwrap();
        prop_assert!(made.iter().eq(sequences.iter().cloned()));
    }
}
