//! `run.toml`: what a run is made from.

use std::{collections::BTreeMap, fs, path::Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    error::TrainError,
    fingerprint::{calling_fingerprint, tool_fingerprints},
    teach::TeachJob,
    teach_settings::TeachSettings,
    texts::TextsSummary,
    whole_file::write_whole,
};

/// The content of `run.toml`.
#[derive(Serialize)]
struct RunDescription<'a> {
    version: &'a str,
    model: &'a str,
    model_checksum: &'a str,
    texts: usize,
    texts_checksum: &'a str,
    tools: Vec<&'a str>,
    prompts_checksum: String,
    /// See [`calling_fingerprint`].
    calling: String,
    settings: &'a TeachSettings,
    /// What results depend on besides the arguments, such as a calendar's day.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tool_fingerprints: BTreeMap<String, String>,
}

/// What a report tells of a `run.toml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct DescribedRun {
    pub(crate) version: String,
    pub(crate) model: String,
    pub(crate) texts: usize,
    pub(crate) tools: Vec<String>,
    pub(crate) settings: TeachSettings,
}

/// Writes the description of a run to `path`, or checks that the one there says the same.
///
/// # Errors
/// If the file cannot be read or written, or describes another run.
pub(crate) fn describe(
    job: &TeachJob<'_>,
    texts: &TextsSummary,
    settings: &TeachSettings,
    path: &Path,
) -> Result<(), TrainError> {
    let mut prompts = Sha256::new();
    for (_, prompt) in job.tools {
        prompts.update(prompt.head());
        prompts.update([0]);
        prompts.update(prompt.tail());
    }
    let tools: Vec<&str> = job.tools.iter().map(|(tool, _)| tool.as_str()).collect();
    let description = RunDescription {
        version: env!("CARGO_PKG_VERSION"),
        model: job.model_name,
        model_checksum: job.model_checksum,
        texts: texts.texts,
        texts_checksum: &texts.checksum,
        tool_fingerprints: tool_fingerprints(job.registry, tools.iter().copied()),
        tools,
        prompts_checksum: format!("{:x}", prompts.finalize()),
        calling: calling_fingerprint(job.registry, job.syntax, job.dated),
        settings,
    };
    let text = toml::to_string(&description)
        .map_err(|error| TrainError::Write { path: path.to_owned(), source: std::io::Error::other(error) })?;
    match fs::read_to_string(path) {
        Ok(found) if without_path(&found) == without_path(&text) => Ok(()),
        Ok(found) => Err(TrainError::OtherRun { path: path.to_owned(), differing: differing(&found, &text) }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            write_whole(path, |file| std::io::Write::write_all(file, text.as_bytes()))
        }
        Err(error) => Err(TrainError::read(path)(error)),
    }
}

/// A description without the model's path: the checksum says whether it is the same model.
fn without_path(description: &str) -> Vec<&str> {
    description.lines().filter(|line| !line.starts_with("model = ")).collect()
}

/// The keys of two descriptions that have other values, `settings.annotate.k`.
fn differing(found: &str, wanted: &str) -> Vec<String> {
    let [Ok(found), Ok(wanted)] = [found, wanted].map(str::parse::<toml::Table>) else { return Vec::new() };
    let [mut left, mut right] = [BTreeMap::new(), BTreeMap::new()];
    flatten("", &found, &mut left);
    flatten("", &wanted, &mut right);
    let keys = left.keys().chain(right.keys().filter(|key| !left.contains_key(*key)));
    keys.filter(|&key| key != "model" && left.get(key) != right.get(key)).cloned().collect()
}

fn flatten<'t>(prefix: &str, table: &'t toml::Table, into: &mut BTreeMap<String, &'t toml::Value>) {
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => flatten(&format!("{prefix}{key}."), inner, into),
            value => {
                into.insert(format!("{prefix}{key}"), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_differ_are_named() {
        let found = "version = '1'\nmodel = 'a'\n[settings.annotate]\nk = 5\nm = 2\n[old]\nx = 1\n";
        let wanted =
            "version = '1'\nmodel = 'b'\n[settings.annotate]\nk = 6\nm = 2\n[tools]\nCalendar = 'y'\n";
        assert_eq!(differing(found, wanted), ["old.x", "settings.annotate.k", "tools.Calendar"]);
        assert!(differing(found, found).is_empty() && differing("torn [", wanted).is_empty());
    }
}
