//! Files that `cargo xtask fetch` brings; a test without its file is skipped, loudly.

use std::{io::Write as _, path::PathBuf};

/// The file that the environment variable `variable` names, else the one that `cargo xtask fetch` keeps as `file`.
pub(crate) fn fetched(variable: &str, file: &str, asset: &str) -> Option<PathBuf> {
    let cached = || {
        let path = PathBuf::from(std::env::var_os("HOME")?).join(".cache/toolformer/models").join(file);
        path.exists().then_some(path)
    };
    let path = std::env::var_os(variable).map(PathBuf::from).or_else(cached);
    if path.is_none() {
        skipped(asset, &format!("run `cargo xtask fetch {asset}`"));
    }
    path
}

pub(crate) fn skipped(asset: &str, advice: &str) {
    // Not by eprintln!, which the test harness keeps to itself.
    let notice = format!("\nSKIPPED, for want of {asset}: {advice}\n");
    let _ = std::io::stderr().write_all(notice.as_bytes());
}
