//! No file names a package registry's host: packages are got by name, through the ordinary clients.

use super::{Finding, Repo};

/// The hosts, in parts, so that this list does not break its own rule.
const HOSTS: &[&[&str]] = &[
    &["crates", "io"],
    &["pypi", "org"],
    &["pythonhosted", "org"],
    &["npmjs", "org"],
    &["npmjs", "com"],
    &["yarnpkg", "com"],
    &["deb", "debian", "org"],
    &["proxy", "golang", "org"],
];

/// Written by the client itself.
const EXEMPT: &[&str] = &["Cargo.lock"];

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let hosts: Vec<String> = HOSTS.iter().map(|parts| parts.join(".")).collect();
    let texts = repo.texts(|file| !EXEMPT.contains(&file));
    texts.flat_map(|(file, text)| check_text(file, &text, &hosts)).collect()
}

fn check_text(file: &str, text: &str, hosts: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.to_lowercase();
        for host in hosts.iter().filter(|host| names(&line, host)) {
            let text = format!("names the registry host {host}: name the package and its client instead");
            findings.push(Finding::error(file, index + 1, text));
        }
    }
    findings
}

/// Whether the host stands in the line, alone or below another name, and is not the start of a longer word.
fn names(line: &str, host: &str) -> bool {
    line.match_indices(host).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + host.len()..].chars().next();
        let in_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !in_word(before) && !in_word(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_and_look_alikes_are_not() {
        let hosts = ["registry.test".to_owned()];
        let check = |text: &str| check_text("a.md", text, &hosts).len();
        assert_eq!(check("see https://Registry.test/x\nand files.registry.test"), 2);
        assert_eq!(check("my_registry.test and registry.testing, registry-test"), 0);
    }
}
