//! Which split a file belongs to, by its name, as Hugging Face's libraries tell it.

use std::path::{Path, PathBuf};

/// Splits and the words that stand for them in names of files and folders.
const WORDS: &[(&str, &[&str])] = &[
    ("train", &["train", "training"]),
    ("validation", &["validation", "valid", "dev", "val"]),
    ("test", &["test", "testing", "eval", "evaluation"]),
];

/// The splits that files in `folder` make up: by the names of the files if any of them tells a split, else by the names of
/// folders; what tells none is left out then. If nothing tells one, all are `train`.
pub(crate) fn splits_by_name(folder: &Path, files: &[PathBuf]) -> Vec<(&'static str, Vec<PathBuf>)> {
    let of_file = |path: &Path| split_of(&path.file_name()?.to_string_lossy());
    let of_folders = |path: &Path| {
        let folders = path.strip_prefix(folder).unwrap_or(path).parent()?;
        folders.iter().rev().find_map(|name| split_of(&name.to_string_lossy()))
    };
    let found = by(files, of_file).or_else(|| by(files, of_folders));
    found.unwrap_or_else(|| vec![("train", files.to_vec())])
}

fn by(
    files: &[PathBuf],
    split: impl Fn(&Path) -> Option<&'static str>,
) -> Option<Vec<(&'static str, Vec<PathBuf>)>> {
    let of = |name| files.iter().filter(|path| split(path) == Some(name)).cloned().collect::<Vec<_>>();
    let splits: Vec<_> = WORDS.iter().map(|(name, _)| (*name, of(name))).collect();
    let splits: Vec<_> = splits.into_iter().filter(|(_, files)| !files.is_empty()).collect();
    Some(splits).filter(|splits| !splits.is_empty())
}

/// The split whose word stands in a name, alone between characters that make no words: the first such word counts.
fn split_of(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let mut words = name.split(|c: char| "-._ ".contains(c) || c.is_ascii_digit());
    words.find_map(|word| WORDS.iter().find(|(_, words)| words.contains(&word)).map(|(split, _)| *split))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(split_of(name), expected, "{name}");
    }

    #[test]
    fn words_tell_the_split() {
        check("train.jsonl", Some("train"));
        check("my-training-00001-of-00002.parquet", Some("train"));
        check("valid_2.csv", Some("validation"));
        check("Dev.json.gz", Some("validation"));
        check("val", Some("validation"));
        check("gsm8k.eval.jsonl", Some("test"));
        check("test1.txt", Some("test"));
        check("retrained.jsonl", None);
        check("values.jsonl", None);
        check("latest.jsonl", None);
    }
}
