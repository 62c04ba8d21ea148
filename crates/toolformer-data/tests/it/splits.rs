//! Splits, and parts of them.

use proptest::prelude::*;
use toolformer_data::{Dataset, DatasetDict, ReadSettings, SplitSize};

use crate::given::{folder, numbers, read, streamed};

#[track_caller]
fn check(part: &str, expected: &[usize]) {
    for set in [numbers(0..10), streamed(&numbers(0..10))] {
        let splits = DatasetDict::from_iter([("train", set), ("test", numbers(100..102))]);
        assert_eq!(read(&splits.part(part).unwrap()), expected, "{part}");
    }
}

#[test]
fn parts_of_splits() {
    check("train", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    check("train[:20%]", &[0, 1]);
    check("train[80%:]", &[8, 9]);
    check("train[3:5]", &[3, 4]);
    check("train[-2:]", &[8, 9]);
    check("train[7:100]", &[7, 8, 9]);
    check("test+train[:1]", &[100, 101, 0]);
    let splits = DatasetDict::from_iter([("train", numbers(0..3))]);
    let error = splits.part("dev[:1]").unwrap_err().to_string();
    assert!(error.contains("no split `dev`, only train"), "{error}");
}

#[test]
fn some_files_of_a_folder_make_splits() {
    let folder = folder(&[
        ("train.jsonl", b"{\"n\":1}"),
        ("x/train.jsonl", b"{\"n\":2}"),
        ("x/dev.jsonl", b"{\"n\":3}"),
    ]);
    let files = ["x/train.jsonl", "x/dev.jsonl"].map(|name| folder.path().join(name));
    let settings = ReadSettings::default();
    let splits = DatasetDict::of_folder(folder.path(), &files, &settings).unwrap();
    assert_eq!(splits.names().collect::<Vec<_>>(), ["train", "validation"]);
    assert_eq!(read(splits.get("train").unwrap()), [2]);
    let named = DatasetDict::of_splits([("odd", files.to_vec())], &settings).unwrap();
    assert_eq!(read(named.get("odd").unwrap()), [2, 3]);
    assert!(DatasetDict::of_splits([("odd", vec![])], &settings).is_err());
}

#[test]
fn jsonl_that_is_read_once_is_kept() {
    let rows = |text: &str| Dataset::read_jsonl(text.as_bytes(), "standard input".as_ref());
    assert_eq!(read(&rows("{\"n\":1}\n\n{\"n\":2}").unwrap()), [1, 2]);
    let error = rows("{\"n\":1}\nx\n").unwrap_err().to_string();
    assert!(error.starts_with("standard input, line 2, is not a JSON object"), "{error}");
}

#[test]
fn a_part_of_a_stream_reads_no_further() {
    let endless = Dataset::streamed(crate::streaming::Endless::default());
    let splits = DatasetDict::from_iter([("train", endless)]);
    assert_eq!(read(&splits.part("train[2:4]").unwrap()), [2, 3]);
}

#[test]
fn validation_is_taken_from_train() {
    let splits = DatasetDict::from_iter([("train", numbers(0..40))]);
    let first = splits.split_validation(5.0, None).unwrap();
    assert_eq!(read(first.get("validation").unwrap()), [0, 1]);
    assert_eq!(read(first.get("train").unwrap()), (2..40).collect::<Vec<_>>());
    assert!(first.split_validation(5.0, None).unwrap_err().to_string().contains("`validation` already"));
    let drawn = splits.split_validation(5.0, Some(1)).unwrap();
    assert_eq!(drawn.get("validation").unwrap().count().unwrap(), 2);
    let error = splits.split_validation(0.1, None).unwrap_err().to_string();
    assert!(error.contains("leaves one side empty"), "{error}");
    for percent in [0.0, 100.0, -5.0, f64::NAN] {
        let error = splits.split_validation(percent, None).unwrap_err().to_string();
        assert!(error.contains("not between 0 and 100"), "{error}");
    }
    assert_eq!(first.names().collect::<Vec<_>>(), ["train", "validation"]);
    let short = first.each(|set| Ok(set.take(1))).unwrap();
    assert!(short.iter().all(|(_, set)| set.count().unwrap() == 1));
}

#[test]
fn sizes_of_test_sets() {
    #[track_caller]
    fn check(size: SplitSize, expected: Result<usize, &str>) {
        let found = numbers(0..10).train_test_split(size, None);
        match (found, expected) {
            (Ok((train, test)), Ok(expected)) => {
                assert_eq!(read(&test), (10 - expected..10).collect::<Vec<_>>());
                assert_eq!(read(&train), (0..10 - expected).collect::<Vec<_>>());
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, _) => panic!("{found:?}"),
        }
    }
    check(SplitSize::Rows(3), Ok(3));
    check(SplitSize::Share(0.25), Ok(3));
    check(SplitSize::Rows(0), Err("one side empty"));
    check(SplitSize::Rows(10), Err("one side empty"));
    check(SplitSize::Share(0.99), Err("one side empty"));
    check(SplitSize::Share(1.5), Err("not between 0 and 1"));
    check(SplitSize::Share(f64::NAN), Err("not between 0 and 1"));
}

proptest! {
    #[test]
    fn a_seed_splits_a_stream_as_it_splits_memory(rows in 2..80_usize, share in 0.01..0.9_f64, seed: u64) {
        let memory = numbers(0..rows);
        let Ok((train, test)) = memory.train_test_split(SplitSize::Share(share), Some(seed)) else {
            return Ok(());
        };
        let stream = streamed(&memory).train_test_split(SplitSize::Share(share), Some(seed)).unwrap();
        prop_assert_eq!((read(&stream.0), read(&stream.1)), (read(&train), read(&test)));
        prop_assert_eq!((stream.0.count().unwrap(), stream.1.count().unwrap()), (train.count().unwrap(), test.count().unwrap()));
        let mut all = [read(&train), read(&test)].concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..rows).collect::<Vec<_>>());
    }
}

#[test]
fn seeds_draw_different_rows() {
    let split = |seed| read(&numbers(0..100).train_test_split(SplitSize::Rows(10), Some(seed)).unwrap().1);
    assert_ne!(split(1), split(2));
    assert_eq!(split(1), split(1));
}
