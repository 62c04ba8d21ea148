//! What a data set's README.md says about its files: the list `configs` in the YAML between its first two lines of `---`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A configuration: some of a repository's files, as one set.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct CardConfig {
    #[serde(rename = "config_name", default = "default_name")]
    pub(super) name: String,
    /// Whether it is meant where none is named.
    #[serde(default)]
    default: bool,
    data_files: Option<CardFiles>,
    /// Where the patterns begin.
    data_dir: Option<String>,
}

/// Files, in the ways in which they may be written.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
enum CardFiles {
    Patterns(Patterns),
    Splits(Vec<CardSplit>),
    ByName(BTreeMap<String, Patterns>),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
enum Patterns {
    One(String),
    Several(Vec<String>),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
struct CardSplit {
    split: String,
    path: Patterns,
}

#[derive(Deserialize)]
struct Card {
    configs: Option<Vec<CardConfig>>,
}

/// Where a configuration's files are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CardPlace {
    /// All data in this folder; empty for all of the repository.
    Folder(String),
    /// The patterns of each split.
    Splits(Vec<(String, Vec<String>)>),
}

fn default_name() -> String {
    "default".to_owned()
}

/// The configurations that a README.md lists; none if it lists none.
///
/// # Errors
/// Why its YAML cannot be read.
pub(super) fn configs(readme: &str) -> Result<Vec<CardConfig>, String> {
    let Some(yaml) = front_matter(readme) else { return Ok(Vec::new()) };
    // What else it says is not looked at, and often large.
    // A name such as `no` or `y` is a word, as in YAML 1.2.
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    let card: Option<Card> =
        serde_saphyr::from_str_with_options(yaml, options).map_err(|error| error.to_string())?;
    Ok(card.and_then(|card| card.configs).unwrap_or_default())
}

fn front_matter(readme: &str) -> Option<&str> {
    let start = readme.strip_prefix('\u{feff}').unwrap_or(readme);
    let rest = start.strip_prefix("---\n").or_else(|| start.strip_prefix("---\r\n"))?;
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Some(&rest[..end]);
        }
        end += line.len();
    }
    None
}

impl CardConfig {
    /// Whether it is meant where none of several is named.
    pub(super) fn is_default(&self) -> bool {
        self.default || self.name == default_name()
    }

    pub(super) fn place(&self) -> CardPlace {
        let folder = self.data_dir.as_deref().map(|dir| dir.trim_start_matches("./").trim_matches('/'));
        let folder = folder.filter(|folder| !folder.is_empty() && *folder != ".");
        let from_folder = |pattern: &String| match folder {
            Some(folder) => format!("{folder}/{pattern}"),
            None => pattern.trim_start_matches("./").to_owned(),
        };
        let all = |patterns: &Patterns| match patterns {
            Patterns::One(pattern) => vec![from_folder(pattern)],
            Patterns::Several(patterns) => patterns.iter().map(from_folder).collect(),
        };
        match &self.data_files {
            None => CardPlace::Folder(folder.unwrap_or_default().to_owned()),
            Some(CardFiles::Patterns(patterns)) => {
                CardPlace::Splits(vec![("train".to_owned(), all(patterns))])
            }
            Some(CardFiles::Splits(splits)) => {
                let mut patterns: Vec<(String, Vec<String>)> = Vec::new();
                for CardSplit { split, path } in splits {
                    match patterns.iter_mut().find(|(known, _)| known == split) {
                        Some((_, patterns)) => patterns.extend(all(path)),
                        None => patterns.push((split.clone(), all(path))),
                    }
                }
                CardPlace::Splits(patterns)
            }
            Some(CardFiles::ByName(splits)) => {
                CardPlace::Splits(splits.iter().map(|(split, path)| (split.clone(), all(path))).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> Vec<CardConfig> {
        configs(&format!("---\nlicense: mit\n{yaml}---\n# Data\n")).unwrap()
    }

    #[track_caller]
    fn check(config: &str, expected: CardPlace) {
        assert_eq!(read(&format!("configs:\n- config_name: main\n{config}"))[0].place(), expected);
    }

    fn splits(splits: &[(&str, &[&str])]) -> CardPlace {
        let owned = |patterns: &[&str]| patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        CardPlace::Splits(
            splits.iter().map(|(split, patterns)| ((*split).to_owned(), owned(patterns))).collect(),
        )
    }

    #[test]
    fn files_are_written_in_several_ways() {
        check(
            "  data_files:\n  - split: train\n    path: main/train-*\n  - split: test\n    path:\n    - a.csv\n    - ./b.csv\n",
            splits(&[("train", &["main/train-*"]), ("test", &["a.csv", "b.csv"])]),
        );
        check(
            "  data_files:\n  - {split: a, path: x}\n  - {split: a, path: y}\n",
            splits(&[("a", &["x", "y"])]),
        );
        check("  data_files: data/*.csv\n", splits(&[("train", &["data/*.csv"])]));
        check("  data_files: [a.csv, b.csv]\n", splits(&[("train", &["a.csv", "b.csv"])]));
        check("  data_dir: ./data/\n  data_files: x.csv\n", splits(&[("train", &["data/x.csv"])]));
        check("  data_files:\n    test: t.csv\n", splits(&[("test", &["t.csv"])]));
        check("  data_dir: data\n", CardPlace::Folder("data".into()));
        check("  sep: ';'\n", CardPlace::Folder(String::new()));
    }

    #[test]
    fn what_else_a_card_says_is_passed_over() {
        let yaml = "dataset_info:\n- config_name: a\n  features:\n  - name: q\n    dtype: string\nconfigs:\n\
                    - config_name: no\n- config_name: b\n  default: true\n";
        let found = read(yaml);
        assert_eq!(
            found.iter().map(|config| (config.name.as_str(), config.is_default())).collect::<Vec<_>>(),
            [("no", false), ("b", true)]
        );
    }

    #[test]
    fn cards_without_configs_list_none() {
        for readme in [
            "",
            "# Data\n",
            "---\nlicense: mit\n---\n",
            "---\n---\n",
            "---\nconfigs:\n---\n",
            "---\nconfigs: [\n",
        ] {
            assert_eq!(configs(readme), Ok(Vec::new()), "{readme}");
        }
    }

    #[test]
    fn broken_cards_are_told() {
        for readme in [
            "---\nconfigs: [\n---\n",
            "---\nconfigs: main\n---\n",
            "---\nconfigs:\n- data_files: {a: {b: c}}\n---\n",
        ] {
            assert!(configs(readme).is_err(), "{readme}");
        }
    }
}
