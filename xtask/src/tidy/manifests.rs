//! Which crate may depend on which, and that all share the workspace's lints.

use toml::Table;

use super::{Finding, Repo};

/// The layers: a crate and the workspace crates that it may use, in tests too. There are no other edges.
const LAYERS: &[(&str, &[&str])] = &[
    ("toolformer-data", &[]),
    ("toolformer-text", &[]),
    ("toolformer-tools", &["text"]),
    ("toolformer-model", &[]),
    ("toolformer-decode", &["text", "model"]),
    ("toolformer-filter", &["model"]),
    ("toolformer-eval", &["data", "text", "model", "decode", "filter"]),
    ("toolformer-train", &["data", "text", "model", "decode", "filter", "eval"]),
    ("toolformer", &["data", "text", "tools", "model", "decode", "filter", "train", "eval"]),
    ("toolformer-cli", &["toolformer"]),
    ("toolformer-bench", &["toolformer"]),
    ("toolformer-examples", &["toolformer"]),
    ("xtask", &[]),
];

/// Begin of the names that are slow to compile: `cargo xtask` must start within seconds on a bare checkout.
const TOO_HEAVY_FOR_XTASK: &[&str] = &["burn", "cubecl", "tokenizers", "tantivy"];

const DEPENDENCY_TABLES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let is_member = |file: &str| {
        let parts: Vec<&str> = file.split('/').collect();
        matches!(parts[..], ["crates", _, "Cargo.toml"] | ["xtask" | "examples", "Cargo.toml"])
    };
    repo.texts(is_member).flat_map(|(file, text)| check_manifest(file, &text)).collect()
}

fn check_manifest(file: &str, text: &str) -> Vec<Finding> {
    let manifest: Table = match toml::from_str(text) {
        Ok(manifest) => manifest,
        Err(error) => return vec![Finding::error(file, 1, format!("not TOML: {}", error.message()))],
    };
    let mut findings = Vec::new();
    let package = manifest.get("package").and_then(|package| package.get("name")?.as_str()).unwrap_or("");
    let folder = file.strip_prefix("crates/").and_then(|rest| rest.split('/').next());
    if folder.is_some_and(|folder| folder != package) {
        let line = line_of(text, "name");
        findings.push(Finding::error(
            file,
            line,
            "the folder is not named like the crate: rename one of them",
        ));
    }
    match LAYERS.iter().find(|(name, _)| *name == package) {
        None => findings.push(Finding::error(
            file,
            line_of(text, "name"),
            format!(
                "`{package}` has no layer: add it to LAYERS in xtask/src/tidy/manifests.rs and to the docs"
            ),
        )),
        Some((_, allowed)) => {
            for dependency in dependencies(&manifest) {
                if let Some(problem) = forbidden(package, allowed, &dependency) {
                    findings.push(Finding::error(file, line_of(text, &dependency), problem));
                }
            }
        }
    }
    if manifest.get("lints").and_then(|lints| lints.get("workspace")?.as_bool()) != Some(true) {
        findings.push(Finding::error(
            file,
            text.lines().count().max(1),
            "the workspace's lints are not inherited: add `[lints]` with `workspace = true`",
        ));
    }
    findings
}

/// Why `package` may not use `dependency`, if it may not.
fn forbidden(package: &str, allowed: &[&str], dependency: &str) -> Option<String> {
    if package == "xtask" && TOO_HEAVY_FOR_XTASK.iter().any(|heavy| dependency.starts_with(heavy)) {
        return Some(format!(
            "xtask may not use `{dependency}`, which is slow to compile: call the program instead"
        ));
    }
    let ours = LAYERS.iter().any(|(name, _)| *name == dependency);
    let short = dependency.strip_prefix("toolformer-").unwrap_or(dependency);
    if !ours || allowed.contains(&short) {
        return None;
    }
    Some(format!("{package} may not depend on {dependency}: move the code, or the call, to a layer that may"))
}

/// The real names of everything a manifest depends on, of every kind and for every target.
fn dependencies(manifest: &Table) -> Vec<String> {
    let targets = manifest.get("target").and_then(|target| target.as_table());
    let targets = targets.into_iter().flat_map(Table::values).filter_map(|target| target.as_table());
    let mut names = Vec::new();
    for owner in std::iter::once(manifest).chain(targets) {
        for kind in DEPENDENCY_TABLES {
            for (key, value) in owner.get(*kind).and_then(|table| table.as_table()).into_iter().flatten() {
                let renamed = value.get("package").and_then(|name| name.as_str());
                names.push(renamed.unwrap_or(key).to_owned());
            }
        }
    }
    names
}

/// The 1-based line that begins with `start` or mentions it quoted, else the first.
fn line_of(text: &str, start: &str) -> usize {
    let quoted = format!("\"{start}\"");
    let found = text.lines().position(|line| line.starts_with(start) || line.contains(&quoted));
    found.map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(file: &str, body: &str, expected: &[(usize, &str)]) {
        let found = check_manifest(file, body);
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (finding, (line, text)) in found.iter().zip(expected) {
            assert!(finding.line == *line && finding.text.contains(text), "{finding}");
        }
    }

    const LINTS: &str = "[lints]\nworkspace = true\n";

    #[test]
    fn an_allowed_edge_passes() {
        let body = "[package]\nname = \"toolformer-decode\"\n[dependencies]\ntoolformer-model.workspace = true\n\
                    serde = \"1\"\n[dev-dependencies]\ntoolformer-text = { workspace = true }\n";
        check("crates/toolformer-decode/Cargo.toml", &format!("{body}{LINTS}"), &[]);
    }

    #[test]
    fn a_new_edge_fails_whatever_its_kind() {
        let start = "[package]\nname = \"toolformer-model\"\n";
        let file = "crates/toolformer-model/Cargo.toml";
        let edge = [(4, "toolformer-model may not depend on toolformer-text")];
        check(file, &format!("{start}[dependencies]\ntoolformer-text = \"1\"\n{LINTS}"), &edge);
        check(file, &format!("{start}[dev-dependencies]\ntoolformer-text.workspace = true\n{LINTS}"), &edge);
        check(
            file,
            &format!("{start}[target.'cfg(unix)'.dependencies]\ntoolformer-text = \"1\"\n{LINTS}"),
            &edge,
        );
        check(
            file,
            &format!("{start}[dependencies]\nt = {{ package = \"toolformer-text\" }}\n{LINTS}"),
            &edge,
        );
    }

    #[test]
    fn unknown_crates_wrong_folders_and_missing_lints_fail() {
        check(
            "crates/new/Cargo.toml",
            &format!("[package]\nname = \"new\"\n{LINTS}"),
            &[(2, "has no layer")],
        );
        let text = "[package]\nname = \"toolformer-text\"\n";
        check("crates/text/Cargo.toml", &format!("{text}{LINTS}"), &[(2, "not named like the crate")]);
        check("crates/toolformer-text/Cargo.toml", text, &[(2, "lints")]);
    }

    #[test]
    fn xtask_stays_light() {
        let body = format!("[package]\nname = \"xtask\"\n[dependencies]\nburn-flex = \"1\"\n{LINTS}");
        check("xtask/Cargo.toml", &body, &[(4, "slow to compile")]);
    }
}
