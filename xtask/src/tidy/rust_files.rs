//! Sizes and contents of the Rust files.

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;

use super::rust_source::Source;
use super::{Finding, Repo};

/// More non-test lines than this deserve a second thought.
const WARN_LINES: usize = 300;
/// More non-test lines than this must be split.
const MAX_LINES: usize = 400;

/// String literals that only one place may write: the markers of an inline call.
const MARKERS: &[&str] = &[" [", "[", "->"];
/// The same as characters and bytes.
const MARKER_CHARACTERS: &[&str] = &["["];
/// Where they may stand. Everything else takes them from `Syntax`.
const MARKERS_ALLOWED_IN: &[&str] =
    &["crates/toolformer-text/src/syntax.rs", "crates/toolformer-text/src/syntax/"];
/// Programs, which may print what looks like a marker.
const NOT_LIBRARIES: &[&str] = &["crates/toolformer-cli/", "crates/toolformer-bench/"];

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests")]
mod patterns {
    use super::{LazyLock, Regex};

    pub(super) static ALLOW: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"#!?\[\s*(?:cfg_attr\([^\]]*,\s*)?allow\(").unwrap());
    /// The start of a call's text put together by `format!`; JSON does not look like it.
    pub(super) static BUILT_MARKER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^ ?\[\{\w*(?::[^}]*)?\}").unwrap());
    pub(super) static LIB_ITEM: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(?:(?:pub(?:\(\w+\))? )?mod \w+|pub use [^*]+);$").unwrap());
}

/// The distribution of the files' non-test lines.
#[derive(Debug, Default)]
pub(super) struct Sizes(Vec<(usize, String)>);

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((longest, file)) = self.0.last() else { return write!(f, "no Rust files") };
        let at = |per_cent: usize| self.0[(self.0.len() - 1) * per_cent / 100].0;
        let (count, median, p90) = (self.0.len(), at(50), at(90));
        write!(
            f,
            "{count} Rust files, non-test lines: median {median}, p90 {p90}, longest {longest} ({file})"
        )
    }
}

pub(super) fn check(repo: &Repo, findings: &mut Vec<Finding>) -> Sizes {
    let mut sizes = Sizes::default();
    for (file, text) in repo.texts(|file| file.ends_with(".rs")) {
        let source = Source::new(&text);
        findings.extend(check_allow(file, &source));
        if is_test_file(file) {
            continue;
        }
        sizes.0.push((source.lines_before_tests(), file.to_owned()));
        findings.extend(check_length(file, &source));
        findings.extend(check_markers(file, &source));
        if file.starts_with("crates/") && file.ends_with("/src/lib.rs") {
            findings.extend(check_lib(file, &source));
        }
    }
    sizes.0.sort();
    sizes
}

fn is_test_file(file: &str) -> bool {
    file.split('/').any(|part| part == "tests") || file.ends_with("/tests.rs")
}

fn check_length(file: &str, source: &Source) -> Option<Finding> {
    let lines = source.lines_before_tests();
    let say = |limit: usize| format!("{lines} lines without tests, over {limit}: split it by subject");
    if lines > MAX_LINES {
        Some(Finding::error(file, lines, say(MAX_LINES)))
    } else if lines > WARN_LINES {
        Some(Finding::warning(file, lines, say(WARN_LINES)))
    } else {
        None
    }
}

/// Exceptions to lints must give a reason and must vanish when they are no longer needed.
fn check_allow(file: &str, source: &Source) -> Vec<Finding> {
    let found = patterns::ALLOW.find_iter(&source.code);
    let text = "`allow` outlives its cause: write #[expect(lint, reason = \"...\")]";
    found.map(|found| Finding::error(file, line_at(&source.code, found.start()), text)).collect()
}

fn check_markers(file: &str, source: &Source) -> Vec<Finding> {
    let is_library = file.starts_with("crates/") && file.contains("/src/");
    if !is_library || NOT_LIBRARIES.iter().chain(MARKERS_ALLOWED_IN).any(|place| file.starts_with(place)) {
        return Vec::new();
    }
    let end = source.lines_before_tests();
    let is_marker = |text: &str| MARKERS.contains(&text) || patterns::BUILT_MARKER.is_match(text);
    let strings = source.strings.iter().filter(|(_, text)| is_marker(text));
    let characters = source.characters.iter().filter(|(_, text)| MARKER_CHARACTERS.contains(&text.as_str()));
    let markers = strings.chain(characters).filter(|(line, _)| *line <= end);
    let say = |text: &str| {
        format!("the marker {text:?} is written in toolformer-text's `Syntax` alone: take it there")
    };
    markers.map(|(line, text)| Finding::error(file, *line, say(text))).collect()
}

/// `lib.rs` is the crate's table of contents.
fn check_lib(file: &str, source: &Source) -> Vec<Finding> {
    let items = items(&source.code).into_iter();
    let bad = items.filter(|(_, item)| !patterns::LIB_ITEM.is_match(item));
    bad.map(|(line, item)| {
        let start: String = item.chars().take(40).collect();
        let what = if item.starts_with("pub use") { "a glob hides what is public" } else { "code in lib.rs" };
        let text = format!("{what}: only docs, `mod` and explicit `pub use` belong here, not `{start}`");
        Finding::error(file, line, text)
    })
    .collect()
}

/// The items at the top level, attributes left out, blanks squeezed, each with its line.
fn items(code: &str) -> Vec<(usize, String)> {
    let code = without_attributes(code);
    let (mut items, mut item, mut start, mut depth) = (Vec::new(), String::new(), 0, 0_usize);
    for (index, line) in code.lines().enumerate() {
        for c in line.trim().chars() {
            if item.is_empty() {
                start = index + 1;
            }
            item.push(c);
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            let in_use = item.starts_with("pub use") || item.starts_with("use ");
            if depth == 0 && (c == ';' || (c == '}' && !in_use)) {
                items.push((start, std::mem::take(&mut item).trim().to_owned()));
            }
        }
        if !item.is_empty() {
            item.push(' ');
        }
    }
    if !item.trim().is_empty() {
        items.push((start, item.trim().to_owned()));
    }
    items
}

/// The code with its `#[...]` and `#![...]` blanked out.
fn without_attributes(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        let rest = &code[at..];
        match c {
            '#' if depth == 0 && (rest.starts_with("#[") || rest.starts_with("#![")) => depth = 1,
            '[' if depth > 0 => depth += 1,
            // The `#` counted for one level and its bracket for another.
            ']' if depth == 2 => {
                depth = 0;
                continue;
            }
            ']' if depth > 2 => depth -= 1,
            _ => {}
        }
        kept.push(if depth > 0 && c != '\n' { ' ' } else { c });
    }
    kept
}

fn line_at(text: &str, byte: usize) -> usize {
    text[..byte].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn lines(findings: impl IntoIterator<Item = Finding>, expected: &[usize]) {
        let found: Vec<_> = findings.into_iter().collect();
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), expected, "{found:#?}");
    }

    #[test]
    fn long_files_warn_and_then_fail() {
        let check = |n: usize| check_length("a.rs", &Source::new(&"x\n".repeat(n)));
        assert_eq!(check(300), None);
        assert!(check(301).unwrap().warning);
        assert!(!check(401).unwrap().warning);
        assert_eq!(
            check_length("a.rs", &Source::new(&format!("#[cfg(test)]\nmod tests {{\n{}", "x\n".repeat(500)))),
            None
        );
    }

    #[test]
    fn allow_is_found_in_attributes_only() {
        let check = |text: &str| check_allow("a.rs", &Source::new(text));
        lines(check("a\n#[allow(dead_code)]"), &[2]);
        lines(check("#![allow(\n dead_code)]\n#[cfg_attr(test, allow(x))]"), &[1, 3]);
        lines(
            check("// #[allow(x)]\nlist.allow(1); \"#[allow(x)]\"\n#[expect(x, reason = \"allow(y)\")]"),
            &[],
        );
    }

    #[test]
    fn markers_are_found_outside_their_place() {
        let check = |file: &str, text: &str| check_markers(file, &Source::new(text));
        let text =
            "let a = \" [\";\nlet b = b\"->\";\nlet c = \"a -> b\";\n#[cfg(test)]\nmod tests {\n\"->\"";
        lines(check("crates/toolformer-train/src/weave.rs", text), &[1, 2]);
        lines(check("crates/toolformer-text/src/syntax.rs", text), &[]);
        lines(check("crates/toolformer-cli/src/main.rs", text), &[]);
        lines(check("xtask/src/main.rs", text), &[]);
        let text = "format!(\"[{text}\");\nx == b'[';\nformat!(\" [{}\", a);\nlet a = \"[\";\n'[';\n\
                    // '['\nf(\"[{}]\");\n\"[{\\\"a\\\": 1}]\"; \"[a]\"; b'{'; a['b']; \"a [{x}]\"";
        let mut found = check("crates/toolformer-decode/src/generate.rs", text);
        found.sort_by_key(|finding| finding.line);
        lines(found, &[1, 2, 3, 4, 5, 7]);
        lines(check("crates/toolformer-text/src/syntax.rs", text), &[]);
    }

    #[test]
    fn a_table_of_contents_passes() {
        let text = "//! Docs.\n#![cfg_attr(docsrs, feature(doc_cfg))]\n\nmod a;\n/// Docs.\npub mod b;\n\
                    #[cfg(feature = \"x\")]\nmod c;\npub use a::{\n    One,\n    Two,\n};\npub use b::Three as Four;\n";
        lines(check_lib("crates/x/src/lib.rs", &Source::new(text)), &[]);
    }

    #[test]
    fn code_and_globs_in_lib_fail() {
        let text = "mod a;\nuse a::One;\npub use a::*;\n#[must_use]\npub fn f() {\n    g();\n}\npub const X: u8 = 1;\n";
        lines(check_lib("crates/x/src/lib.rs", &Source::new(text)), &[2, 3, 5, 8]);
    }

    #[test]
    fn test_files_are_known() {
        assert!(is_test_file("crates/x/tests/it/main.rs") && is_test_file("crates/x/src/tests.rs"));
        assert!(!is_test_file("crates/x/src/main.rs"));
    }

    #[test]
    fn sizes_are_summed_up() {
        let sizes = Sizes((1..=11).map(|n| (n * 10, format!("{n}.rs"))).collect());
        assert_eq!(
            sizes.to_string(),
            "11 Rust files, non-test lines: median 60, p90 100, longest 110 (11.rs)"
        );
    }
}
