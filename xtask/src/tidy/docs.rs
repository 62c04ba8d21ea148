//! The documentation speaks of things that exist.

use std::path::Path;
use std::sync::LazyLock;

use clap::CommandFactory as _;
use regex::Regex;

use super::rust_source::Source;
use super::{Finding, Repo};

/// The README is read in one go.
const README_LINES: usize = 120;
/// Begin of what counts as a path of the repository when it stands in backticks.
const PATH_STARTS: &[&str] = &["crates/", "docs/", "examples/", "xtask/", ".ci/"];
/// Characters of placeholders and patterns, which name no one file.
const PLACEHOLDERS: &[char] = &['*', '<', '>', '{', '}', '$', ' ', '…'];

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests")]
mod patterns {
    use super::{LazyLock, Regex};

    pub(super) static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\]\(([^)\s]+)[^)]*\)").unwrap());
    pub(super) static BACKTICKS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"`([^`]+)`").unwrap());
    /// A word of a comment that begins like one of `PATH_STARTS`, and not inside a URL.
    pub(super) static PATH: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?:^|[\s`(\["'])((?:crates|docs|examples|xtask|\.ci)/[^\s`()\[\]"',;]+)"#).unwrap()
    });
    pub(super) static XTASK: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"cargo xtask ([a-z][a-z0-9-]*)").unwrap());
}

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let xtask = crate::Xtask::command();
    let commands: Vec<&str> = xtask.get_subcommands().map(clap::Command::get_name).collect();
    let mut findings = Vec::new();
    for (file, text) in repo.texts(is_doc) {
        let exists = |path: &str| repo.has(path);
        findings.extend(check_links(file, &text, exists));
        findings.extend(check_paths(file, &text, exists));
        findings.extend(check_commands(file, &text, &commands));
    }
    for (file, text) in repo.texts(|file| file.ends_with(".rs")) {
        findings.extend(check_comments(file, &Source::new(&text), |path| repo.has(path)));
    }
    findings
        .extend(repo.texts(|file| file == "README.md").filter_map(|(file, text)| check_length(file, &text)));
    findings
}

fn is_doc(file: &str) -> bool {
    file == "README.md" || file == ".ci/run" || (file.starts_with("docs/") && file.ends_with(".md"))
}

fn check_length(file: &str, text: &str) -> Option<Finding> {
    let lines = text.lines().count();
    let say = format!("{lines} lines, over {README_LINES}: move the detail to docs/");
    (lines > README_LINES).then(|| Finding::error(file, lines, say))
}

/// Every match of the pattern's first group, with its line.
fn matches<'t>(pattern: &'static Regex, text: &'t str) -> impl Iterator<Item = (usize, &'t str)> {
    text.lines().enumerate().flat_map(move |(index, line)| {
        let groups = pattern.captures_iter(line).filter_map(|groups| groups.get(1));
        groups.map(move |group| (index + 1, group.as_str()))
    })
}

fn check_links(file: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    let mut findings = Vec::new();
    for (line, target) in matches(&patterns::LINK, text) {
        let path = target.split('#').next().unwrap_or("");
        if path.is_empty() || target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        if !exists(&folder.join(path).to_string_lossy()) {
            findings.push(Finding::error(
                file,
                line,
                format!("the link leads nowhere: {target}; correct it"),
            ));
        }
    }
    findings
}

fn check_paths(file: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, words) in matches(&patterns::BACKTICKS, text) {
        let is_path =
            PATH_STARTS.iter().any(|start| words.starts_with(start)) && !words.contains(PLACEHOLDERS);
        // `file:line` and `file::item` name the file.
        let path = words.split([':', '#']).next().unwrap_or(words);
        if is_path && !exists(path) {
            findings.push(Finding::error(file, line, format!("`{path}` does not exist: correct the path")));
        }
    }
    findings
}

/// Paths in the comments of Rust files, in backticks or not.
fn check_comments(file: &str, source: &Source, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, comment) in &source.comments {
        let words = patterns::PATH.captures_iter(comment).filter_map(|groups| groups.get(1));
        for word in words.map(|word| word.as_str()).filter(|word| !word.contains(PLACEHOLDERS)) {
            let path = word.split([':', '#']).next().unwrap_or(word).trim_end_matches(['.', '!', '?']);
            if !exists(path) {
                let text = format!("{path} does not exist: correct the path");
                findings.push(Finding::error(file, *line, text));
            }
        }
    }
    findings
}

fn check_commands(file: &str, text: &str, commands: &[&str]) -> Vec<Finding> {
    let unknown = matches(&patterns::XTASK, text).filter(|(_, name)| !commands.contains(name));
    let say = |name| format!("there is no `cargo xtask {name}`: there are {}", commands.join(", "));
    unknown.map(|(line, name)| Finding::error(file, line, say(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &[&str] = &["docs/paper.md", "docs/../README.md", "README.md", "crates/a/src/lib.rs"];

    fn exists(path: &str) -> bool {
        HERE.contains(&path)
    }

    #[track_caller]
    fn lines(findings: impl IntoIterator<Item = Finding>, expected: &[usize]) {
        let found: Vec<_> = findings.into_iter().collect();
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), expected, "{found:#?}");
    }

    #[test]
    fn relative_links_lead_somewhere() {
        let text = "[a](paper.md) [b](../README.md#top)\n[c](#here) [d](https://x.org/y) [m](mailto:a@b)\n[e](gone.md \"t\")";
        lines(check_links("docs/architecture.md", text, exists), &[3]);
        lines(check_links("README.md", "[a](docs/paper.md)\n![b](docs/b.png)", exists), &[2]);
    }

    #[test]
    fn paths_in_backticks_exist() {
        let text = "`crates/a/src/lib.rs:12` `crates/a/src/lib.rs::f`\n`crates/b/src/lib.rs`\n`crates/*/x` `crates/NAME x`";
        lines(check_paths("README.md", text, exists), &[2]);
        lines(check_paths("README.md", "crates/b `models/x.gguf` `docs/<name>.md`", exists), &[]);
    }

    #[test]
    fn paths_in_comments_exist() {
        let check = |text: &str| check_comments("crates/a/src/lib.rs", &Source::new(text), exists);
        lines(
            check("//! See docs/paper.md.\n/// and `crates/a/src/lib.rs:12`,\n// (docs/paper.md#top)"),
            &[],
        );
        lines(check("/// See docs/gone.md.\n/* and\n`crates/b/src` */ a();\n// [b]: docs/b.md"), &[1, 3, 4]);
        lines(
            check("// https://x.org/docs/gguf.md crates/*/src docs/<name>.md mydocs/a\nf(\"docs/a.md\")"),
            &[],
        );
    }

    #[test]
    fn commands_exist() {
        let text = "`cargo xtask ci --fast`, `cargo xtask NAME`\n    cargo xtask fly";
        lines(check_commands("README.md", text, &["ci"]), &[2]);
    }

    #[test]
    fn the_readme_stays_short() {
        assert_eq!(check_length("README.md", &"x\n".repeat(120)), None);
        assert!(check_length("README.md", &"x\n".repeat(121)).is_some());
    }
}
