//! What makes the quickstart's data honest: varied passages, and sums that the passages do not give away.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{Finding, Repo};

const PASSAGES: &str = "examples/data/passages.jsonl";
const SUMS: &str = "examples/data/sums.jsonl";

const MIN_PASSAGES: usize = 200;
const SUMS_COUNT: usize = 40;
/// So many passages may be the same but for their numbers, and so many may begin with the same two words.
const MAX_ALIKE: usize = 5;
/// A run of so many words may not stand in both files.
const RUN_WORDS: usize = 5;

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests")]
mod patterns {
    use super::{LazyLock, Regex};

    pub(super) static NUMBER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\d+(?:,\d{3})*(?:\.\d+)?").unwrap());
    pub(super) static WORD: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[a-z0-9#]+(?:'[a-z]+)?").unwrap());
}

/// One line of a JSONL file: its 1-based number and its object.
type Row = (usize, Value);

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let read = |wanted: &'static str| repo.texts(move |file| file == wanted).next().map(|(_, text)| text);
    let mut findings = Vec::new();
    let mut rows_of = |file: &'static str, fields: &[&str]| {
        let rows = read(file).map(|text| rows(file, &text, fields));
        let Some((rows, bad)) = rows else {
            findings.push(Finding::error(file, 1, "missing: `cargo xtask quickstart` needs it"));
            return Vec::new();
        };
        findings.extend(bad);
        rows
    };
    let passages = rows_of(PASSAGES, &["id", "text"]);
    let sums = rows_of(SUMS, &["id", "prompt", "answer"]);
    findings.extend(check_passages(&passages));
    findings.extend(check_sums(&sums, &passages));
    let shown =
        crate::quickstart::SHOWN_PROMPTS.iter().filter_map(|prompt| check_shown(prompt, &passages, &sums));
    findings.extend(shown);
    findings
}

/// The lines as objects that have all the fields as strings and an `id` of their own.
fn rows(file: &str, text: &str, fields: &[&str]) -> (Vec<Row>, Vec<Finding>) {
    let (mut rows, mut findings, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let mut bad = |text: String| findings.push(Finding::error(file, number, text));
        let row: Value = match serde_json::from_str(line) {
            Ok(row) => row,
            Err(error) => {
                bad(format!("not JSON ({error}): write one object per line"));
                continue;
            }
        };
        if let Some(missing) = fields.iter().find(|name| !row[**name].is_string()) {
            bad(format!("no text in the field `{missing}`: add it"));
            continue;
        }
        if !ids.insert(field(&row, "id").to_owned()) {
            bad(format!("the id `{}` is used twice: change one", field(&row, "id")));
        }
        rows.push((number, row));
    }
    (rows, findings)
}

fn field<'r>(row: &'r Value, name: &str) -> &'r str {
    row[name].as_str().unwrap_or_default()
}

fn check_passages(passages: &[Row]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if passages.len() < MIN_PASSAGES {
        let text = format!("{} passages, fewer than {MIN_PASSAGES}: write more", passages.len());
        findings.push(Finding::error(PASSAGES, passages.len().max(1), text));
    }
    let (mut patterns, mut openings) = (HashMap::new(), HashMap::new());
    for (line, row) in passages {
        let text = field(row, "text");
        if !text.is_ascii() || text.contains('[') {
            findings.push(Finding::error(
                PASSAGES,
                *line,
                "a passage is plain ASCII without `[`: rewrite it",
            ));
        }
        let pattern = pattern(text);
        let opening: Vec<&str> = pattern.split_whitespace().take(2).collect();
        let opening = openings.entry(opening.join(" ")).or_insert(0);
        *opening += 1;
        if *opening > MAX_ALIKE {
            let text = format!("more than {MAX_ALIKE} passages begin with these two words: begin otherwise");
            findings.push(Finding::error(PASSAGES, *line, text));
        }
        let alike = patterns.entry(pattern).or_insert(0);
        *alike += 1;
        if *alike > MAX_ALIKE {
            let text = format!("more than {MAX_ALIKE} passages differ in their numbers alone: rewrite it");
            findings.push(Finding::error(PASSAGES, *line, text));
        }
    }
    findings
}

fn check_sums(sums: &[Row], passages: &[Row]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if sums.len() != SUMS_COUNT {
        let text = format!("{} sums, not {SUMS_COUNT}", sums.len());
        findings.push(Finding::error(SUMS, sums.len().max(1), text));
    }
    let texts = || passages.iter().map(|(_, row)| field(row, "text"));
    let known_numbers: BTreeSet<String> = texts().flat_map(numbers).collect();
    let known_runs: BTreeSet<String> = texts().flat_map(runs).collect();
    for (line, row) in sums {
        let (prompt, answer) = (field(row, "prompt"), field(row, "answer"));
        let mut used = numbers(prompt).chain(numbers(answer));
        if let Some(number) = used.find(|number| known_numbers.contains(number)) {
            let text = format!("the number {number} stands in the passages too: take another");
            findings.push(Finding::error(SUMS, *line, text));
        }
        if let Some(run) = runs(prompt).into_iter().find(|run| known_runs.contains(run)) {
            findings.push(Finding::error(
                SUMS,
                *line,
                format!("\"{run}\" stands in the passages too: reword it"),
            ));
        }
    }
    findings
}

/// A prompt that is shown as new must not be in the data: no row holds all its numbers, none is alike.
fn check_shown(prompt: &str, passages: &[Row], sums: &[Row]) -> Option<Finding> {
    let wanted: BTreeSet<String> = numbers(prompt).collect();
    let passages = passages.iter().map(|row| (PASSAGES, row, "text"));
    let mut rows = passages.chain(sums.iter().map(|row| (SUMS, row, "prompt")));
    let (file, (line, _), _) = rows.find(|(_, (_, row), name)| {
        let text = field(row, name);
        let have: BTreeSet<String> = numbers(text).collect();
        wanted.is_subset(&have) || pattern(text).starts_with(&pattern(prompt))
    })?;
    let text =
        format!("resembles the prompt \"{prompt}\" that the quickstart shows as new: change one of them");
    Some(Finding::error(file, *line, text))
}

/// The text in lower case with `#` for every number.
fn pattern(text: &str) -> String {
    patterns::NUMBER.replace_all(&text.to_lowercase(), "#").into_owned()
}

/// The numbers in the text, without the commas that group their digits.
fn numbers(text: &str) -> impl Iterator<Item = String> {
    patterns::NUMBER.find_iter(text).map(|number| number.as_str().replace(',', ""))
}

/// Every run of [`RUN_WORDS`] words, numbers being alike.
fn runs(text: &str) -> Vec<String> {
    let pattern = pattern(text);
    let words: Vec<&str> = patterns::WORD.find_iter(&pattern).map(|word| word.as_str()).collect();
    words.windows(RUN_WORDS).map(|run| run.join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passages(texts: &[String]) -> Vec<Row> {
        texts.iter().enumerate().map(|(n, text)| (n + 1, serde_json::json!({"text": text}))).collect()
    }

    #[track_caller]
    fn check(findings: Vec<Finding>, expected: &[(usize, &str)]) {
        assert_eq!(findings.len(), expected.len(), "{findings:#?}");
        for (finding, (line, text)) in findings.iter().zip(expected) {
            assert!(finding.line == *line && finding.text.contains(text), "{finding}");
        }
    }

    #[test]
    fn rows_need_json_fields_and_ids() {
        let text = "{\"id\":\"a\",\"text\":\"x\"}\n{\"id\":\"b\"}\nx\n{\"id\":\"a\",\"text\":\"y\"}";
        let (rows, findings) = rows(PASSAGES, text, &["id", "text"]);
        assert_eq!(rows.len(), 2);
        check(findings, &[(2, "`text`"), (3, "not JSON"), (4, "used twice")]);
    }

    #[test]
    fn varied_passages_pass() {
        let texts: Vec<String> = (0..200).map(|n| format!("{} {} a {n}", ["x", "y"][n % 2], n)).collect();
        // Numbers do not make a difference, words do.
        assert!(!check_passages(&passages(&texts)).is_empty());
        let texts: Vec<String> = (0..200).map(|n| format!("word{} has {n}", "a".repeat(n))).collect();
        check(check_passages(&passages(&texts)), &[]);
    }

    #[test]
    fn too_few_and_too_similar_passages_fail() {
        let mut texts: Vec<String> = (0..5).map(|n| format!("The sum is {n}.")).collect();
        check(check_passages(&passages(&texts)), &[(5, "fewer than 200")]);
        texts.push("The sum is 1,234.5.".to_owned());
        texts.push("A caf\u{e9} [1]".to_owned());
        check(
            check_passages(&passages(&texts)),
            &[(7, "fewer"), (6, "two words"), (6, "numbers alone"), (7, "ASCII")],
        );
    }

    #[test]
    fn sums_share_nothing_with_the_passages() {
        let passages = passages(&["A box of 1,200 red pens for the school.".to_owned()]);
        let sum = |prompt: &str| (7, serde_json::json!({"prompt": prompt, "answer": "99"}));
        let findings =
            |prompt: &str| check_sums(&vec![sum(prompt); 40], &passages)[..].first().map(|f| f.text.clone());
        assert_eq!(findings("5 + 6 ="), None);
        assert!(findings("1200 + 6 =").unwrap().contains("1200"));
        assert!(findings("We saw 77 Red pens for the rest").unwrap().contains("# red pens for the"));
        check(check_sums(&[sum("1 + 2 =")], &passages), &[(1, "not 40")]);
    }

    #[test]
    fn shown_prompts_are_new() {
        let passages = passages(&["A crate holds 37 jars, 48 hold".to_owned()]);
        assert!(check_shown("They bought 48 at 37", &passages, &[]).is_some());
        assert!(check_shown("A crate holds 5", &passages, &[]).is_some());
        assert_eq!(check_shown("They bought 48 at 38", &passages, &[]), None);
    }
}
