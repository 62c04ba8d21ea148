//! Real models, where they have been fetched; a test without its model is skipped, loudly.

use std::{io::Write as _, path::PathBuf};

use toolformer_model::Pretrained;

use crate::reference::B;

/// The model that the environment variable `variable` names, else the one that `cargo xtask fetch` keeps as `file`.
pub(crate) fn fetched(variable: &str, file: &str, asset: &str) -> Option<Pretrained<B>> {
    let cached =
        || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/toolformer/models").join(file));
    let path = std::env::var_os(variable).map(PathBuf::from).or_else(cached).filter(|path| path.exists());
    if path.is_none() {
        skipped(asset, &format!("run `cargo xtask fetch {asset}`"));
    }
    Some(Pretrained::open(&path?, &Default::default()).unwrap())
}

pub(crate) fn skipped(asset: &str, advice: &str) {
    // Not by eprintln!, which the test harness keeps to itself.
    let notice = format!("\nSKIPPED, for want of {asset}: {advice}\n");
    let _ = std::io::stderr().write_all(notice.as_bytes());
}
