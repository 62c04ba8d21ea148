//! Which of a repository's files make a data set.

use std::collections::HashSet;

use glob::{MatchOptions, Pattern};

use super::{
    dataset_card::{CardConfig, CardPlace},
    dataset_id::{DatasetPart, HubDataset},
    error::HubError,
};

/// Files beside data that are none, as Hugging Face's libraries write them.
const NO_DATA: [&str; 4] = ["dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"];

/// The files of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DatasetChoice {
    /// Those of this folder (empty for all of the repository): their names tell the splits.
    Folder(String, Vec<String>),
    /// Those of each split.
    Splits(Vec<(String, Vec<String>)>),
}

impl DatasetChoice {
    /// All files, each once.
    pub(super) fn files(&self) -> Vec<String> {
        let mut files = match self {
            Self::Folder(_, files) => files.clone(),
            Self::Splits(splits) => splits.iter().flat_map(|(_, files)| files.clone()).collect(),
        };
        files.sort();
        files.dedup();
        files
    }
}

/// Formats, the best first: of several in one folder only one is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Parquet,
    Json,
    Table,
    /// Often a list of requirements or a licence.
    Text,
}

/// Chooses among the files of a repository whose card lists these configurations.
///
/// # Errors
/// If there is no data, or more than one set that the name could mean.
pub(super) fn choose(
    dataset: &HubDataset,
    configs: &[CardConfig],
    names: &[&str],
) -> Result<DatasetChoice, HubError> {
    let repo = || dataset.repo.clone();
    let known = || configs.iter().map(|config| config.name.clone()).collect();
    let config = match &dataset.part {
        Some(DatasetPart::Path(path)) => return at_path(dataset, path, names),
        Some(DatasetPart::Config(wanted)) => match configs.iter().find(|config| config.name == *wanted) {
            Some(config) => Some(config),
            None if names.iter().any(|name| is_in(name, wanted)) => return in_folder(dataset, wanted, names),
            None => {
                return Err(HubError::NoConfig { repo: repo(), config: wanted.clone(), configs: known() });
            }
        },
        None => match configs {
            [] => None,
            [config] => Some(config),
            several => Some(
                several
                    .iter()
                    .find(|config| config.is_default())
                    .ok_or_else(|| HubError::ChooseConfig { repo: repo(), configs: known() })?,
            ),
        },
    };
    match config.map_or(CardPlace::Folder(String::new()), CardConfig::place) {
        CardPlace::Folder(folder) => in_folder(dataset, &folder, names),
        CardPlace::Splits(splits) => {
            let found = splits.into_iter().map(|(split, patterns)| {
                let files = matching(dataset, &patterns, names)?;
                Ok((split, files))
            });
            found.collect::<Result<_, _>>().map(DatasetChoice::Splits)
        }
    }
}

/// As a path on the disk would be taken: a folder by the names in it, anything else is to train on.
fn at_path(dataset: &HubDataset, path: &str, names: &[&str]) -> Result<DatasetChoice, HubError> {
    if names.iter().any(|name| is_in(name, path)) {
        return in_folder(dataset, path, names);
    }
    let files = matching(dataset, &[path.to_owned()], names)?;
    Ok(DatasetChoice::Splits(vec![("train".to_owned(), files)]))
}

fn in_folder(dataset: &HubDataset, folder: &str, names: &[&str]) -> Result<DatasetChoice, HubError> {
    let data: Vec<&str> = names.iter().copied().filter(|name| is_in(name, folder)).collect();
    let files = one_format(&data);
    if files.is_empty() {
        return Err(no_data(dataset, names));
    }
    Ok(DatasetChoice::Folder(folder.to_owned(), files))
}

/// The files of data that one of the patterns fits.
fn matching(dataset: &HubDataset, patterns: &[String], names: &[&str]) -> Result<Vec<String>, HubError> {
    let options = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
    let mut files: Vec<String> = Vec::new();
    for text in patterns {
        // `**.csv` and the like, which the pattern's own language does not have.
        let parts = text.split('/').map(|part| match part.strip_prefix("**") {
            Some(rest) if !rest.is_empty() => format!("**/*{rest}"),
            _ => part.to_owned(),
        });
        let pattern = Pattern::new(&parts.collect::<Vec<_>>().join("/"));
        let pattern = pattern.map_err(|error| HubError::Card {
            repo: dataset.repo.clone(),
            why: format!("the pattern `{text}` cannot be read ({error})"),
        })?;
        let found =
            names.iter().filter(|name| format_of(name).is_some() && pattern.matches_with(name, options));
        files.extend(found.map(|&name| name.to_owned()));
    }
    files.sort();
    files.dedup();
    if files.is_empty() {
        let (repo, wanted) = (dataset.repo.clone(), patterns.join(", "));
        return Err(HubError::NoFile { repo, wanted, files: owned(names) });
    }
    Ok(files)
}

/// The data of the format that most files have.
fn one_format(names: &[&str]) -> Vec<String> {
    let of = |format: Format| -> Vec<String> {
        let found = names.iter().filter(|name| is_shown(name) && format_of(name) == Some(format));
        let mut found: Vec<String> = found.map(|&name| name.to_owned()).collect();
        found.sort();
        found
    };
    let mut best = Vec::new();
    for format in [Format::Parquet, Format::Json, Format::Table] {
        let found = of(format);
        if found.len() > best.len() {
            best = found;
        }
    }
    if best.is_empty() { of(Format::Text) } else { best }
}

fn is_in(name: &str, folder: &str) -> bool {
    let inside = folder.is_empty() || name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    inside && format_of(name).is_some()
}

/// Hidden files, and what lies beside data, are none.
fn is_shown(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    !name.split('/').any(|part| part.starts_with('.') || part.starts_with("__")) && !NO_DATA.contains(&last)
}

fn format_of(name: &str) -> Option<Format> {
    let name = name.to_lowercase();
    let (inner, packed) = name.strip_suffix(".gz").map_or((&*name, false), |inner| (inner, true));
    match inner.rsplit_once('.')?.1 {
        "parquet" if !packed => Some(Format::Parquet),
        "json" | "jsonl" | "ndjson" => Some(Format::Json),
        "csv" | "tsv" => Some(Format::Table),
        "txt" => Some(Format::Text),
        _ => None,
    }
}

fn no_data(dataset: &HubDataset, names: &[&str]) -> HubError {
    HubError::NoData { repo: dataset.repo.clone(), files: owned(names) }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// A file that is one of several by their names (`train-00000-of-00002.parquet`) and is not there.
pub(super) fn missing_part(names: &[&str]) -> Option<String> {
    let known: HashSet<&str> = names.iter().copied().collect();
    let beside = |name: &str| {
        let (before, behind) = name.rsplit_once("-of-")?;
        let (stem, number) = before.rsplit_once('-')?;
        let digits = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
        let (parts, width) = (behind[..digits].parse::<u64>().ok()?, number.len());
        let part = |index: u64| format!("{stem}-{index:0width$}-of-{behind}");
        // Some count from 0, some from 1.
        let first = u64::from(known.contains(part(parts).as_str()));
        let number = number.parse::<u64>().ok()?;
        let neighbours = [number.checked_sub(1), number.checked_add(1)].into_iter().flatten();
        let mut neighbours = neighbours.filter(|number| (first..first + parts).contains(number)).map(part);
        neighbours.find(|part| !known.contains(part.as_str()))
    };
    names.iter().copied().find_map(beside)
}

#[cfg(test)]
mod tests {
    use super::{super::dataset_card::configs, *};

    const CARD: &str = "---\nconfigs:\n- config_name: main\n  data_files:\n  - split: train\n    path: main/train-*\n  - split: test\n    path: main/test-*\n- config_name: socratic\n  data_dir: socratic\n---\n";
    const NAMES: &str =
        "README.md main/train-0.parquet main/test-0.parquet socratic/train.jsonl requirements.txt";

    fn chosen(id: &str, card: &str, names: &str) -> Result<DatasetChoice, HubError> {
        let names: Vec<&str> = names.split(' ').collect();
        choose(&id.parse().unwrap(), &configs(card).unwrap(), &names)
    }

    fn folder(name: &str, files: &[&str]) -> DatasetChoice {
        DatasetChoice::Folder(name.to_owned(), owned(files))
    }

    fn splits(splits: &[(&str, &[&str])]) -> DatasetChoice {
        DatasetChoice::Splits(splits.iter().map(|(name, files)| ((*name).to_owned(), owned(files))).collect())
    }

    #[track_caller]
    fn check(id: &str, card: &str, names: &str, expected: DatasetChoice) {
        assert_eq!(chosen(id, card, names).unwrap(), expected);
    }

    #[track_caller]
    fn check_error(id: &str, card: &str, names: &str, part: &str) {
        let error = chosen(id, card, names).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn the_card_says_which_files() {
        let main = splits(&[("train", &["main/train-0.parquet"]), ("test", &["main/test-0.parquet"])]);
        check("a/b:main", CARD, NAMES, main);
        check("a/b:socratic", CARD, NAMES, folder("socratic", &["socratic/train.jsonl"]));
        check_error("a/b", CARD, NAMES, "holds several sets; name one, as in a/b:main: main, socratic");
        check_error("a/b:other", CARD, NAMES, "no configuration `other`; there are: main, socratic");
        check_error("a/b:main", CARD, "main/train-0.parquet", "no file for `main/test-*`");
        let default = CARD.replace("- config_name: main", "- default: true\n  config_name: main");
        assert_eq!(chosen("a/b", &default, NAMES).unwrap(), chosen("a/b:main", CARD, NAMES).unwrap());
    }

    #[test]
    fn without_a_card_names_tell() {
        check("a/b", "", "x.md a.csv b.csv c.parquet requirements.txt", folder("", &["a.csv", "b.csv"]));
        check("a/b", "", "a.csv c.parquet .x.parquet d/__x/y.csv", folder("", &["c.parquet"]));
        check("a/b", "", "t.jsonl.gz u.json dataset_infos.json v.tsv", folder("", &["t.jsonl.gz", "u.json"]));
        check("a/b", "", "README.md a.txt", folder("", &["a.txt"]));
        check("a/b:en", "", "en/a.csv de/a.csv", folder("en", &["en/a.csv"]));
        check_error("a/b:fr", "", "en/a.csv", "no configuration `fr`; there are none");
        check_error("a/b", "", "README.md b.py x.parquet.gz", "@refs/convert/parquet");
    }

    #[test]
    fn a_path_goes_before_the_card() {
        check("a/b/socratic", CARD, NAMES, folder("socratic", &["socratic/train.jsonl"]));
        check("a/b/main/train-*", CARD, NAMES, splits(&[("train", &["main/train-0.parquet"])]));
        check("a/b/**.jsonl", CARD, NAMES, splits(&[("train", &["socratic/train.jsonl"])]));
        check("a/b/requirements.txt", CARD, NAMES, splits(&[("train", &["requirements.txt"])]));
        check_error("a/b/*.parquet", CARD, NAMES, "no file for `*.parquet`");
        check_error("a/b/README.md", CARD, NAMES, "no file for `README.md`");
    }

    #[test]
    fn fellows_that_are_missing_are_seen() {
        let names = ["a-00000-of-00002.parquet", "a-00001-of-00002.parquet", "x.csv"];
        assert_eq!(missing_part(&names), None);
        assert_eq!(missing_part(&names[..1]).as_deref(), Some("a-00001-of-00002.parquet"));
        assert_eq!(missing_part(&["a-1-of-2.json", "a-2-of-2.json"]), None);
        assert_eq!(missing_part(&names[1..]).as_deref(), Some("a-00000-of-00002.parquet"));
        assert_eq!(missing_part(&["a-1-of-99999999999.json"]).as_deref(), Some("a-0-of-99999999999.json"));
        assert_eq!(missing_part(&["best-of-breed.csv"]), None);
    }
}
