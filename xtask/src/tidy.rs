//! `cargo xtask tidy`: the repository's own rules, each a small function with tests on inline samples.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::process;

mod data;
mod docs;
mod hosts;
mod manifests;
mod names;
mod rust_files;
mod rust_source;

/// Check the repository's own rules: layers, names, sizes, docs, data
///
/// Prints `file:line: what, and what to do`. Errors fail the command, warnings do not. The rules are in
/// xtask/src/tidy/, one file per subject, with their tables at the top.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask tidy
  cargo xtask tidy --quiet")]
pub(crate) struct Args {
    /// Print findings only, not the sizes of the files
    #[arg(long, short)]
    quiet: bool,
}

/// One broken rule.
#[derive(Debug, PartialEq)]
struct Finding {
    file: String,
    line: usize,
    warning: bool,
    text: String,
}

impl Finding {
    fn error(file: &str, line: usize, text: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, warning: false, text: text.into() }
    }

    fn warning(file: &str, line: usize, text: impl Into<String>) -> Self {
        Self { warning: true, ..Self::error(file, line, text) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = if self.warning { "warning: " } else { "" };
        write!(f, "{}:{}: {level}{}", self.file, self.line, self.text)
    }
}

/// The files under version control, or about to be: what git lists and does not ignore.
#[derive(Debug)]
struct Repo {
    root: PathBuf,
    files: Vec<String>,
}

impl Repo {
    fn open(root: PathBuf) -> Result<Self> {
        let listed = process::command("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&root)
            .output()
            .context("cannot start git, which lists the files to check")?;
        if !listed.status.success() {
            bail!("`git ls-files` failed: {}", String::from_utf8_lossy(&listed.stderr).trim());
        }
        let listed = String::from_utf8_lossy(&listed.stdout);
        let mut files: Vec<String> =
            listed.split('\0').filter(|f| !f.is_empty()).map(str::to_owned).collect();
        // A file that was deleted but not yet removed from the index is listed too.
        files.retain(|file| root.join(file).is_file());
        files.sort();
        files.dedup();
        Ok(Self { root, files })
    }

    /// The UTF-8 files that `wanted` picks, with their text.
    fn texts(&self, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = (&str, String)> {
        let wanted = self.files.iter().filter(move |file| wanted(file));
        wanted.filter_map(|file| Some((file.as_str(), std::fs::read_to_string(self.root.join(file)).ok()?)))
    }

    fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }
}

/// Runs every check; fails if one found an error.
pub(crate) fn run(args: &Args) -> Result<()> {
    let repo = Repo::open(process::root())?;
    let mut findings = Vec::new();
    findings.extend(manifests::check(&repo));
    findings.extend(names::check(&repo));
    let sizes = rust_files::check(&repo, &mut findings);
    findings.extend(docs::check(&repo));
    findings.extend(hosts::check(&repo));
    findings.extend(data::check(&repo));
    findings.sort_by(|a, b| (a.warning, &a.file, a.line).cmp(&(b.warning, &b.file, b.line)));
    for finding in &findings {
        println!("{finding}");
    }
    if !args.quiet {
        println!("{sizes}");
    }
    let errors = findings.iter().filter(|finding| !finding.warning).count();
    if errors > 0 {
        bail!("tidy found {errors} broken rules, listed above; the rules are in xtask/src/tidy/");
    }
    Ok(())
}
