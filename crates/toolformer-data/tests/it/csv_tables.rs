//! Tables: quotes, types, what is wrong.

use proptest::prelude::*;
use serde_json::Value;
use toolformer_data::{CsvTypes, Dataset, FileFormat, ReadSettings, RowSource as _};

use crate::given::{at, folder, packed, rows_of};

fn text() -> ReadSettings {
    ReadSettings { csv_types: CsvTypes::Text, ..ReadSettings::default() }
}

#[track_caller]
fn check(name: &str, content: &str, settings: &ReadSettings, expected: &[&str]) {
    assert_eq!(rows_of(name, content.as_bytes(), settings).unwrap(), expected);
    assert_eq!(rows_of(&format!("{name}.gz"), &packed(content.as_bytes()), settings).unwrap(), expected);
}

#[test]
fn cells_are_values() {
    let any = ReadSettings::default();
    check("t.csv", "a,b\n1,x\n,\n", &any, &[r#"{"a":1,"b":"x"}"#, r#"{"a":null,"b":null}"#]);
    check("t.csv", "a,b\n1,x\n,\n", &text(), &[r#"{"a":"1","b":"x"}"#, r#"{"a":"","b":""}"#]);
    check("t.csv", "a\n\"x, \"\"y\"\"\nz\"\n", &any, &[r#"{"a":"x, \"y\"\nz"}"#]);
    check("t.csv", "\u{feff}a , b\r\n1,\" 2\"\r\n", &any, &[r#"{"a":1,"b":" 2"}"#]);
    check("t.tsv", "a\tb\n1\tx,y\n", &any, &[r#"{"a":1,"b":"x,y"}"#]);
    check("t.csv", "a\n1\ntwo\n", &any, &[r#"{"a":"1"}"#, r#"{"a":"two"}"#]);
    check("t.csv", "a,b\n", &any, &[]);
    let other = ReadSettings { delimiter: Some(b';'), format: Some(FileFormat::Csv), ..text() };
    check("t.dat", "a;b\n1,5;2\n", &other, &[r#"{"a":"1,5","b":"2"}"#]);
}

#[test]
fn broken_rows_name_file_and_line() {
    #[track_caller]
    fn check_error(content: &[u8], parts: &[&str]) {
        let error = rows_of("t.csv", content, &ReadSettings::default()).unwrap_err().to_string();
        assert!(parts.iter().chain([&"t.csv"]).all(|part| error.contains(part)), "{error}");
    }
    check_error(b"a,b\n1,2\n3\n", &["line 3", "1 cells, and the header 2", "quotes"]);
    check_error(b"a,b\n\"x\ny\",2\n1,2,3\n", &["line 4", "3 cells"]);
    check_error(b"a,b\r\n1,2\r\n3\r\n", &["line 3", "1 cells"]);
    check_error(b"a,b\r\n\"x\r\ny\",2\r\n1,2\r\n1,2,3\r\n", &["line 5", "3 cells"]);
    check_error(b"a,b\n1,2\n\"3,4\n5,6\n", &["1 cells", "every quote is closed"]);
    check_error(b"a,b,a\n1,2,3\n", &["line 1", "two columns `a`"]);
    check_error(b"a\n\xff\n", &["line 2", "UTF-8"]);
}

#[test]
fn a_table_knows_its_columns() {
    let folder = folder(&[("1.csv", b"b,a\n"), ("2.tsv", b"a\tc\n1\t2\n")]);
    let set = Dataset::open(&at(&folder, ""), &ReadSettings::default()).unwrap();
    assert_eq!(set.column_names().unwrap(), ["b", "a", "c"]);
}

proptest! {
    /// Whatever is written by the library comes back, in any column.
    #[test]
    fn any_cell_is_read_as_it_was_written(cells in prop::collection::vec(("\\PC{0,6}|[\",\\n\\r ]{0,4}", ".{0,4}"), 0..6)) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["a", "b"]).unwrap();
        for (a, b) in &cells {
            writer.write_record([a, b]).unwrap();
        }
        let folder = folder(&[("t.csv", &writer.into_inner().unwrap())]);
        let set = Dataset::open(&at(&folder, "t.csv"), &text()).unwrap();
        let found: Vec<(Value, Value)> =
            set.rows().unwrap().map(|row| row.unwrap()).map(|row| (row["a"].clone(), row["b"].clone())).collect();
        let expected: Vec<(Value, Value)> =
            cells.into_iter().map(|(a, b)| (a.into(), b.into())).collect();
        prop_assert_eq!(found, expected);
    }
}
