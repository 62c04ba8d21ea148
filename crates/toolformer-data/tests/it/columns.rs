//! Columns and rows changed, in memory and streamed alike.

use serde_json::json;
use toolformer_data::{DataError, Dataset, Row, RowSource as _};

use crate::given::{numbers, read, streamed};

fn rows() -> Dataset {
    let rows = [json!({"a": 1, "b": "x", "c": true}), json!({"a": 2, "b": null, "c": false})];
    rows.into_iter().map(|row| serde_json::from_value::<Row>(row).unwrap()).collect()
}

#[track_caller]
fn check(change: impl Fn(&Dataset) -> Result<Dataset, DataError>, expected: &[&str]) {
    for set in [rows(), streamed(&rows())] {
        let changed = change(&set).unwrap();
        assert_eq!(changed.is_in_memory(), set.is_in_memory());
        let found: Vec<String> =
            changed.rows().unwrap().map(|row| serde_json::to_string(&row.unwrap()).unwrap()).collect();
        assert_eq!(found, expected);
    }
}

#[track_caller]
fn check_error(change: impl Fn(&Dataset) -> Result<Dataset, DataError>, expected: &str) {
    for set in [rows(), streamed(&rows())] {
        let error = change(&set).and_then(|set| set.count()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn columns_are_renamed_removed_and_selected() {
    check(
        |set| set.rename_column("b", "z"),
        &[r#"{"a":1,"z":"x","c":true}"#, r#"{"a":2,"z":null,"c":false}"#],
    );
    check(|set| set.select_columns(&["a"])?.rename_column("a", "a"), &[r#"{"a":1}"#, r#"{"a":2}"#]);
    check(|set| set.remove_columns(&["a", "c"]), &[r#"{"b":"x"}"#, r#"{"b":null}"#]);
    check(|set| set.select_columns(&["c", "a"]), &[r#"{"c":true,"a":1}"#, r#"{"c":false,"a":2}"#]);
    check_error(|set| set.rename_column("x", "y"), "no column `x`, only a, b, c");
    check_error(|set| set.remove_columns(&["a", "x"]), "no column `x`, only a, b, c");
    check_error(|set| set.select_columns(&["x"]), "no column `x`, only a, b, c");
    check_error(|set| set.rename_column("a", "b"), "a column `b` already");
}

#[test]
fn rows_are_changed_and_left_out() {
    check(|set| set.filter(|row| row["a"] == 2), &[r#"{"a":2,"b":null,"c":false}"#]);
    check(
        |set| {
            set.select_columns(&["a"])?.map(|mut row| {
                row.insert("double".into(), (row["a"].as_u64().unwrap_or(0) * 2).into());
                Ok(row)
            })
        },
        &[r#"{"a":1,"double":2}"#, r#"{"a":2,"double":4}"#],
    );
    let refuse_null = |row: Row| {
        if row["b"].is_null() { Err(DataError::refused("`b` is null")) } else { Ok(row) }
    };
    check_error(|set| set.map(refuse_null), "row 1 (counted from 0): `b` is null");
    // What went wrong before is told behind all that is done later.
    let later = |set: &Dataset| Ok(set.map(refuse_null)?.filter(|_| false)?.skip(5).shuffle(1));
    check_error(later, "row 1 (counted from 0): `b` is null");
}

#[test]
fn columns_of_uneven_rows_are_those_of_all() {
    let rows = [json!({"b": 1}), json!({"a": 1}), json!({"b": 2, "c": 3})];
    let set: Dataset = rows.into_iter().map(|row| serde_json::from_value::<Row>(row).unwrap()).collect();
    assert_eq!(set.column_names().unwrap(), ["b", "a", "c"]);
    assert_eq!(streamed(&set).column_names().unwrap(), ["b", "a", "c"]);
}

#[test]
fn rows_are_picked() {
    let check = |pick: &dyn Fn(&Dataset) -> Dataset, expected: &[usize]| {
        for set in [numbers(0..10), streamed(&numbers(0..10))] {
            assert_eq!(read(&pick(&set)), expected);
        }
    };
    check(&|set| set.take(3), &[0, 1, 2]);
    check(&|set| set.skip(8), &[8, 9]);
    check(&|set| set.skip(2).take(2), &[2, 3]);
    check(&|set| set.range(3..5), &[3, 4]);
    check(&|set| set.range(8..50), &[8, 9]);
    check(&|set| set.skip(50), &[]);
    check(&|set| Dataset::concatenate(&[set.take(2), set.skip(9)]), &[0, 1, 9]);
    assert_eq!(read(&numbers(0..10).select([7, 0, 7]).unwrap()), [7, 0, 7]);
    let error = numbers(0..3).select([3]).unwrap_err().to_string();
    assert!(error.contains("no row 3: there are 3"), "{error}");
    let error = streamed(&numbers(0..3)).select([0]).unwrap_err().to_string();
    assert!(error.contains("call `in_memory` first"), "{error}");
    assert_eq!(numbers(5..8).row(1).unwrap()["n"], 6);
}

#[test]
fn a_set_is_written_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.jsonl");
    numbers([3, 1]).write_jsonl(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"n\":3}\n{\"n\":1}\n");
    // A write that fails leaves what was there, and nothing beside it.
    let failing = streamed(&numbers(0..2)).map(|_| Err(DataError::refused("no"))).unwrap();
    failing.write_jsonl(&path).unwrap_err();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"n\":3}\n{\"n\":1}\n");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
