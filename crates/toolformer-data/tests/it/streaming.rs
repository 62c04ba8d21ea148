//! No more is read than is asked for.

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use toolformer_data::{
    DataError, Dataset, Interleave, LengthLimits, ReadSettings, Remainder, RowIter, RowSource,
    concatenate_and_cut,
};

use crate::given::{at, folder, packed, read, row};

/// Rows without end, counted as they are read.
#[derive(Clone, Default)]
pub(crate) struct Endless(Arc<AtomicUsize>);

impl RowSource for Endless {
    fn rows(&self) -> Result<RowIter<'_>, DataError> {
        Ok(Box::new((0..).map(|n| {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(row(n))
        })))
    }
}

/// Gives the first rows of what is made of an endless set; `most` rows of it may be read for that.
#[track_caller]
fn check(make: impl Fn(&Dataset) -> Dataset, expected: usize, most: usize) {
    let source = Endless::default();
    let made = make(&Dataset::streamed(source.clone()));
    assert_eq!(read(&made.take(expected)).len(), expected);
    let read = source.0.load(Ordering::Relaxed);
    assert!(read <= most, "{read} rows were read");
}

#[test]
fn rows_are_not_read_ahead() {
    check(Clone::clone, 5, 5);
    check(|set| set.map(Ok).unwrap(), 5, 5);
    check(|set| set.filter(|row| row["n"].as_u64().unwrap() % 2 == 1).unwrap(), 5, 10);
    check(|set| set.skip(3), 5, 8);
    check(|set| set.take(7), 7, 7);
    check(|set| set.shuffle_within(1, 10), 5, 14);
    check(|set| Dataset::concatenate(&[set.take(3), set.clone()]), 5, 5);
    check(|set| Interleave::default().mix(&[set.clone(), set.clone()]).unwrap(), 6, 8);
    // The first hundred rows tell the columns.
    check(|set| set.rename_column("n", "m").unwrap().rename_column("m", "n").unwrap(), 5, 205);
}

#[test]
fn sequences_are_not_read_ahead() {
    let read = AtomicUsize::new(0);
    let sequences = (0..).map(|n| {
        read.fetch_add(1, Ordering::Relaxed);
        Ok(vec![n; 4].into())
    });
    let sequences = LengthLimits { min: 1, max: Some(3), ..LengthLimits::default() }.filter(sequences);
    let blocks = concatenate_and_cut(sequences, 6, Remainder::Drop).unwrap();
    assert_eq!(blocks.take(2).map(|block| block.unwrap().sequence().len()).sum::<usize>(), 12);
    assert_eq!(read.load(Ordering::Relaxed), 4);
}

/// The first rows come whatever stands far behind them: each format reads as it goes.
#[test]
fn files_are_read_as_rows_are_asked_for() {
    #[track_caller]
    fn check(name: &str, start: &[u8], repeated: &[u8]) {
        // Broken behind the rows that are asked for, and cut off: whoever read ahead would see it.
        let content = [start, &repeated.repeat(20_000), &b"\xff\xff\xff"[..]].concat();
        for (name, content) in [(name.to_owned(), content.clone()), (format!("{name}.gz"), packed(&content))]
        {
            let folder = folder(&[(&name, &content)]);
            let set = Dataset::open(&at(&folder, &name), &ReadSettings::default()).unwrap();
            let rows: Result<Vec<_>, _> = set.rows().unwrap().take(1000).collect();
            assert_eq!(rows.unwrap().len(), 1000, "{name}");
            assert!(set.rows().unwrap().any(|row| row.is_err()), "{name}");
        }
    }
    check("t.jsonl", b"", b"{\"n\": 1, \"text\": \"some words\"}\n");
    check("t.json", b"[", b"{\"n\": 1, \"text\": \"some words\"},\n");
    check("t.csv", b"n,text\n", b"1,some words\n");
    check("t.txt", b"", b"some words\n");
}

#[test]
fn files_are_opened_one_after_the_other() {
    let folder = folder(&[("1.jsonl", b"{\"n\":0}\n{\"n\":1}\n"), ("2.jsonl", b"{\"n\":2}\n")]);
    let set = Dataset::open(&at(&folder, "*"), &ReadSettings::default()).unwrap();
    assert_eq!(read(&set), [0, 1, 2]);
    let mut file = std::fs::File::create(folder.path().join("2.jsonl")).unwrap();
    file.write_all(b"broken").unwrap();
    assert_eq!(read(&set.take(2)), [0, 1]);
    let error = set.count().unwrap_err().to_string();
    assert!(error.contains("2.jsonl, line 1"), "{error}");
}
