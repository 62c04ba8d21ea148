//! A task of one's own, without code.

use toolformer_eval::Task;

const TASK: &str = r#"
name = "towns"
description = "Which country a town lies in"
source = "own"
prompt = "{meta.day}: {town} lies in"
max_tokens = 16

[data]
format = "fields"
id = "key"
answers = "meta.countries"
date = "meta.day"
category = "kind"
cluster = "meta.day"

[metric]
kind = "within_first_words"
words = 5
"#;

#[track_caller]
fn items(file: &str, content: &str, task: &str) -> Result<Vec<toolformer_eval::Item>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    std::fs::write(&path, content).unwrap();
    let written = folder.path().join("towns.toml");
    std::fs::write(&written, task).unwrap();
    let task = Task::find(&written.to_string_lossy()).map_err(|error| error.to_string())?;
    let items = task.items(Some(&path.to_string_lossy()), 0).map_err(|error| error.to_string())?.items;
    items.iter().try_for_each(|item| task.prompt_of(item).map(drop)).map_err(|error| error.to_string())?;
    Ok(items)
}

#[test]
fn fields_may_lie_in_objects() {
    let meta = r#"{"day": "2023-01-30", "countries": ["Germany", "DE"]}"#;
    let row = format!(r#"{{"key": 7, "town": "Parchim", "kind": "small", "meta": {meta}}}"#);
    let found = items("a.jsonl", &row, TASK).unwrap();
    assert_eq!(
        (found[0].id.as_str(), &found[0].answers[..]),
        ("7", &["Germany".to_owned(), "DE".to_owned()][..])
    );
    assert_eq!(found[0].date.unwrap().to_string(), "2023-01-30");
    assert_eq!(found[0].category.as_deref(), Some("small"));
    assert_eq!(found[0].cluster.as_deref(), Some("2023-01-30"));
    assert_eq!(found[0].fields["meta.day"], "2023-01-30");
}

#[test]
fn tables_and_arrays_in_fields_do_as_well() {
    let plain = TASK
        .replace("meta.countries", "country")
        .replace("date = \"meta.day\"\n", "")
        .replace("cluster = \"meta.day\"\n", "")
        .replace("{meta.day}: ", "");
    let found = items("a.csv", "key,town,kind,country\na,Parchim,small,Germany\n,Lyon,big,France\n", &plain);
    // An empty cell is null, and so no id.
    assert!(found.unwrap_err().contains("row 2, field `key` is missing"));
    let nested = plain.replace("id = \"key\"", "array = \"rows\"");
    let json = r#"{"rows": [{"town": "Lyon", "kind": 1, "country": "France"}], "version": 2}"#;
    assert_eq!(items("a.json", json, &nested).unwrap()[0].id, "1");
}

#[test]
fn a_cell_may_hold_several_answers() {
    let plain = TASK.replace("meta.countries", "country\"\nanswer_separator = \"|");
    let plain = plain
        .replace("date = \"meta.day\"\n", "")
        .replace("cluster = \"meta.day\"\n", "")
        .replace("{meta.day}: ", "");
    let found = items("a.tsv", "key\ttown\tkind\tcountry\n007\tLyon\tbig\tFrance | FR|\n", &plain).unwrap();
    assert_eq!(
        (found[0].id.as_str(), &found[0].answers[..]),
        ("007", &["France".to_owned(), "FR".to_owned()][..])
    );
    assert!(items("a.tsv", "key\ttown\tkind\tcountry\n1\tLyon\tbig\t|\n", &plain).is_err());
}

#[test]
fn what_is_missing_is_named() {
    let row =
        r#"{"key": "a", "town": "Lyon", "kind": "k", "meta": {"day": "30.1.2023", "countries": "France"}}"#;
    assert!(items("a.jsonl", row, TASK).unwrap_err().contains("`meta.day` is `30.1.2023`, which is no day"));
    let row = row.replace("30.1.2023", "2023-01-30");
    assert!(items("a.jsonl", &row, TASK).is_ok());
    let other = TASK.replace("{town}", "{city}");
    assert!(
        items("a.jsonl", &row, &other).unwrap_err().contains("item `a` has no field `city` for the prompt")
    );
    let other = TASK.replace("meta.countries", "meta");
    assert!(items("a.jsonl", &row, &other).unwrap_err().contains("`meta` is neither a text"));
}

#[test]
fn lama_can_be_asked_by_templates() {
    let task = Task::parse(
        "born.toml",
        r#"
name = "born"
description = "LAMA by its templates"
source = "LAMA"
prompt = "{text}"
max_tokens = 16
[data]
format = "lama"
[data.templates]
"/people/person/date_of_birth" = "[X] (born [Y])."
"/people/person/place_of_birth" = "[X] was born in [Y] ."
[metric]
kind = "within_first_words"
words = 5
"#,
    );
    let items = task.unwrap().items(Some(&crate::fixture("google_re")), 0).unwrap().items;
    let texts: Vec<_> = items.iter().map(|item| item.fields["text"].as_str()).collect();
    assert_eq!(texts, ["Ada Moor (born", "Ada Moor was born in", "Ole Vik was born in"]);
}
