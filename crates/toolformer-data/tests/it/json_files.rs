//! JSON, JSONL and plain text.

use toolformer_data::{Dataset, ReadSettings, RowSource as _, TextUnit};

use crate::given::{at, folder, packed, rows_of};

fn field(name: &str) -> ReadSettings {
    ReadSettings { field: Some(name.into()), ..ReadSettings::default() }
}

fn unit(text_unit: TextUnit) -> ReadSettings {
    ReadSettings { text_unit, ..ReadSettings::default() }
}

#[track_caller]
fn check(name: &str, content: &str, settings: &ReadSettings, expected: &[&str]) {
    assert_eq!(rows_of(name, content.as_bytes(), settings).unwrap(), expected);
    assert_eq!(rows_of(&format!("{name}.gz"), &packed(content.as_bytes()), settings).unwrap(), expected);
}

#[track_caller]
fn check_error(name: &str, content: &[u8], settings: &ReadSettings, parts: &[&str]) {
    let error = rows_of(name, content, settings).unwrap_err().to_string();
    assert!(parts.iter().chain([&name]).all(|part| error.contains(part)), "{error}");
}

#[test]
fn objects_are_rows() {
    let any = ReadSettings::default();
    let two = [r#"{"b":1,"a":"x"}"#, r#"{"a":null,"c":{"d":[1.5,-2,true]}}"#];
    check("t.jsonl", &format!("{}\n\n {} \r\n", two[0], two[1]), &any, &two);
    check("t.json", &format!("[{},\n{}]", two[0], two[1]), &any, &two);
    check("t.json", &format!("\u{feff} [{},{}] \n", two[0], two[1]), &any, &two);
    check("t.json", &format!("{}\n{}", two[0], two[1]), &any, &two);
    check("t.json", "{\n  \"a\":\n 1}{\"a\":2}", &any, &[r#"{"a":1}"#, r#"{"a":2}"#]);
    check("t.json", "[]", &any, &[]);
    check("t.jsonl", "", &any, &[]);
    let whole = format!(r#"{{"v": [[{{}}], 1], "data": [{}, {}], "end": {{"x": 2}}}}"#, two[0], two[1]);
    check("t.json", &whole, &field("data"), &two);
    check(
        "t.json",
        r#"[{"n": 18446744073709551615, "f": 1e3}]"#,
        &any,
        &[r#"{"n":18446744073709551615,"f":1000.0}"#],
    );
}

#[test]
fn broken_rows_name_file_and_line() {
    let any = ReadSettings::default();
    check_error("t.jsonl", b"{\"a\":1}\n\n{\"a\":\n", &any, &["line 3", "one object a line"]);
    check_error("t.jsonl", b"[{\"a\":1}]", &any, &["line 1", ".json file"]);
    check_error("t.jsonl", b"{}\n{\"a\":\"\xff\"}\n", &any, &["line 2", "UTF-8"]);
    check_error("t.json", b"[{\"a\":1},\n{\"a\":1},\n{\"a\" 1}]", &any, &["line 3", "file is whole"]);
    check_error("t.json", b"[{\"a\":1},\n{\"a\":1}", &any, &["line 2", "file is whole"]);
    check_error("t.json", b"[{\"a\":1},\n3]", &any, &["line 2", "every row an object"]);
    check_error("t.json", b"[{\"a\":1}]\n x", &any, &["line 2"]);
    check_error("t.json", b"[{\"a\":1}]\n{\"a\":2}", &any, &["line 2", "more behind its end"]);
    check_error("t.json", b"3", &any, &["array of objects"]);
    check_error("t.json", b"", &any, &["file is whole"]);
    check_error("t.json", b"[{\"a\":\"\xff\"}]", &any, &["line 1", "UTF-8"]);
    check_error("t.json", b"{\"a\": 1, \"b\": []}", &field("data"), &["no field `data`, only a, b"]);
    check_error("t.json", b"{\"data\": 1}", &field("data"), &["`data`", "array"]);
    check_error("t.json", b"{\"data\": [{}], ", &field("data"), &["file is whole"]);
    let cut = packed(b"{\"a\":1}\n{\"a\":2}\n");
    check_error("t.jsonl.gz", &cut[..cut.len() - 9], &any, &["packed file has to be whole"]);
    check_error("t.json.gz", b"no gzip", &any, &["packed file has to be whole"]);
    check_error("t.dat", b"", &any, &["`format`"]);
}

#[test]
fn text_is_rows() {
    let text = "one\r\ntwo\n\n\nthree";
    let rows = |texts: &[&str]| {
        texts.iter().map(|text| serde_json::json!({"text": text}).to_string()).collect::<Vec<_>>()
    };
    let check = |text_unit, expected: &[&str]| {
        let expected = rows(expected);
        check("t.txt", text, &unit(text_unit), &expected.iter().map(String::as_str).collect::<Vec<_>>());
    };
    check(TextUnit::Line, &["one", "two", "", "", "three"]);
    check(TextUnit::Paragraph, &["one\ntwo", "three"]);
    check(TextUnit::File, &[text]);
}

#[test]
fn packed_files_may_be_put_together() {
    let both = [packed(b"{\"n\":0}\n"), packed(b"{\"n\":1}\n")].concat();
    let rows = rows_of("t.jsonl.gz", &both, &ReadSettings::default()).unwrap();
    assert_eq!(rows, [r#"{"n":0}"#, r#"{"n":1}"#]);
}

/// Whoever goes on behind an error comes to an end.
#[test]
fn a_file_that_is_cut_off_ends() {
    for name in ["t.jsonl.gz", "t.json.gz", "t.csv.gz", "t.txt.gz"] {
        let whole = packed(b"[\n1,2\n3,4\n]\n");
        let folder = folder(&[(name, &whole[..whole.len() - 9])]);
        let set = Dataset::open(&at(&folder, name), &ReadSettings::default()).unwrap();
        let rows: Vec<_> = set.rows().unwrap().take(100).collect();
        assert!(rows.len() < 10 && rows.last().unwrap().is_err(), "{name}");
    }
}
