//! Parquet, written and read back.

use std::sync::Arc;

use arrow_json::reader::infer_json_schema_from_iterator;
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;
use serde_json::{Value, json};
use toolformer_data::{Dataset, ReadSettings, Row, RowSource as _};

use crate::given::{at, folder};

/// The rows as Parquet, with the types that arrow sees in them.
fn parquet(rows: &[Value]) -> Vec<u8> {
    let schema = Arc::new(infer_json_schema_from_iterator(rows.iter().map(Ok)).unwrap());
    let mut decoder = arrow_json::ReaderBuilder::new(schema.clone()).build_decoder().unwrap();
    decoder.serialize(rows).unwrap();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, schema, None).unwrap();
    if let Some(batch) = decoder.flush().unwrap() {
        writer.write(&batch).unwrap();
    }
    writer.close().unwrap();
    file
}

#[track_caller]
fn check(rows: &[Value]) {
    let folder = folder(&[("t.parquet", &parquet(rows))]);
    let set = Dataset::open(&at(&folder, "t.parquet"), &ReadSettings::default()).unwrap();
    assert_eq!(set.known_len().unwrap(), Some(rows.len()));
    let found: Vec<Row> = set.rows().unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(found.into_iter().map(Value::from).collect::<Vec<_>>(), rows);
}

#[test]
fn rows_come_back() {
    check(&[
        json!({"a": "x", "n": 1, "f": 1.5, "t": true}),
        json!({"a": null, "n": -2, "f": null, "t": false}),
    ]);
    check(&[json!({"list": [1, 2], "object": {"x": "y"}})]);
    // More than are unpacked together.
    check(&(0..200).map(|n| json!({"n": n})).collect::<Vec<_>>());
}

#[test]
fn columns_and_rows_are_known_without_reading() {
    let folder = folder(&[
        ("1.parquet", &parquet(&[json!({"b": 1, "a": 2})])),
        ("2.parquet", &parquet(&[json!({"a": 1})])),
    ]);
    let set = Dataset::open(&at(&folder, "*.parquet"), &ReadSettings::default()).unwrap();
    let mut columns = set.column_names().unwrap();
    columns.sort();
    assert_eq!((columns, set.known_len().unwrap()), (vec!["a".to_owned(), "b".to_owned()], Some(2)));
    std::fs::write(folder.path().join("3.parquet"), b"PAR1 and no more").unwrap();
    let set = Dataset::open(&at(&folder, "*.parquet"), &ReadSettings::default()).unwrap();
    let error = set.rows().unwrap().find_map(Result::err).unwrap().to_string();
    assert!(error.contains("3.parquet") && error.contains("no Parquet file"), "{error}");
}

proptest! {
    #[test]
    fn any_text_and_number_comes_back(rows in prop::collection::vec((".{0,8}", any::<i64>()), 1..90)) {
        check(&rows.iter().map(|(text, n)| json!({"text": text, "n": n})).collect::<Vec<_>>());
    }
}
