//! What a resumable file is made from, in one short string.

use std::{collections::BTreeMap, fs::File, io, path::Path};

use serde::Serialize;
use sha2::{Digest, Sha256};
use toolformer_text::{Registry, ResultCache, Syntax};

use crate::{dated_tools::DatedTools, error::TrainError};

/// Stands for settings, inputs and this version of the program, for [`UnitLog::open`](crate::UnitLog::open).
pub fn fingerprint<'a>(settings: &impl Serialize, inputs: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(settings).unwrap_or_default());
    for part in std::iter::once(env!("CARGO_PKG_VERSION")).chain(inputs) {
        // With its length, so that no two lists of inputs run together to the same bytes.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    format!("{:x}", hash.finalize())
}

/// Stands for the bytes of a file: SHA-256, in hexadecimal.
///
/// # Errors
/// If it cannot be read.
pub fn file_checksum(path: &Path) -> Result<String, TrainError> {
    let mut hash = Sha256::new();
    let mut copy = || io::copy(&mut File::open(path)?, &mut hash);
    copy().map_err(TrainError::read(path))?;
    Ok(format!("{:x}", hash.finalize()))
}

/// What a run's calls and results depend on besides the tools: how calls are written, how results are cut, whether tools are
/// asked at all, and which answer by the day of a text.
pub fn calling_fingerprint(registry: &Registry, syntax: &Syntax, dated: Option<&DatedTools>) -> String {
    let mut parts = vec![syntax.call_with_result("Tool", "args", "result")];
    parts.extend(registry.max_result_chars().map(|most| format!("results of {most} characters")));
    if registry.cache().is_some_and(ResultCache::is_replay_only) {
        parts.push("replayed".to_owned());
    }
    parts.extend(
        dated.into_iter().flat_map(DatedTools::names).map(|name| format!("{name} by the text's day")),
    );
    parts.join("; ")
}

/// What the results of these tools depend on besides the arguments, where they say so; see
/// [`Tool::fingerprint`](toolformer_text::Tool::fingerprint).
pub fn tool_fingerprints<'a>(
    registry: &Registry,
    tools: impl IntoIterator<Item = &'a str>,
) -> BTreeMap<String, String> {
    let found =
        tools.into_iter().filter_map(|name| Some((name.to_owned(), registry.get(name)?.fingerprint())));
    found.filter(|(_, fingerprint)| !fingerprint.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_do_not_run_together() {
        assert_ne!(fingerprint(&1, ["ab", "c"]), fingerprint(&1, ["a", "bc"]));
        assert_ne!(fingerprint(&1, ["a"]), fingerprint(&2, ["a"]));
        assert_eq!(fingerprint(&1, ["a"]), fingerprint(&1, ["a"]));
    }
}
