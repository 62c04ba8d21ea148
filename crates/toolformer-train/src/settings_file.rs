//! A file of settings, with a table for each tool.

use std::{collections::BTreeMap, fs, ops::Range, path::Path, path::PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::{error::TrainError, few_shot_prompt::FewShotPrompt, tool_settings::GivenSettings};

/// What a file says of each tool, by the name that the tool has in text.
///
/// ```toml
/// [QA]
/// tau_s = 0.05             # a position needs a probability of a call's start above this
/// k = 5                    # most positions of a text
/// m = 5                    # calls sampled at each
/// tau_f = 1.0              # a call is kept if it gains so many nats
/// cost = 2.5               # what a call costs, in units of one's own; see `cost_weight`
/// max_examples = 25000     # most calls that are woven, the best ones
/// select = false           # whether only texts that look worth it are annotated
/// prompt = "prompts/qa.txt"  # the few-shot prompt with its {text}, beside this file
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SettingsFile {
    tools: BTreeMap<String, GivenSettings>,
}

/// A tool's table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    tau_s: Option<Spanned<f64>>,
    k: Option<Spanned<usize>>,
    m: Option<Spanned<usize>>,
    tau_f: Option<Spanned<f64>>,
    cost: Option<Spanned<f64>>,
    max_examples: Option<Spanned<usize>>,
    select: Option<bool>,
    prompt: Option<Spanned<PathBuf>>,
}

impl SettingsFile {
    /// Reads a file, and the prompts that it names, whose paths are relative to its folder. `known` are the names that
    /// a tool may have.
    ///
    /// # Errors
    /// With the line and the key, if the file cannot be read, is no TOML, or holds a table, a key, a value or a prompt
    /// that cannot be.
    pub fn read(path: &Path, known: &[&str]) -> Result<Self, TrainError> {
        let text = fs::read_to_string(path).map_err(TrainError::read(path))?;
        let wrong = |span: Range<usize>, key: String, why: String| {
            let line = text[..text.floor_char_boundary(span.start)].matches('\n').count() + 1;
            TrainError::SettingsFile { path: path.to_owned(), line, key, why }
        };
        let tables: BTreeMap<Spanned<String>, Table> = toml::from_str(&text).map_err(|error| {
            wrong(error.span().unwrap_or_default(), String::new(), error.message().trim().to_owned())
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut tools = BTreeMap::new();
        for (tool, table) in tables {
            let span = tool.span();
            let tool = tool.into_inner();
            if !known.contains(&tool.as_str()) {
                let why = format!("no tool has this name; there are {}", known.join(", "));
                return Err(wrong(span, tool, why));
            }
            let prompt = table.prompt.as_ref().map(|prompt| {
                read_prompt(&folder.join(prompt.get_ref()))
                    .map_err(|why| wrong(prompt.span(), format!("{tool}.prompt"), why))
            });
            let given = GivenSettings { prompt: prompt.transpose()?, ..table.given() };
            match given.or_paper(&tool).validate() {
                Err(TrainError::Setting { name, why }) => {
                    let span = table.span_of(name).unwrap_or(span);
                    return Err(wrong(span, format!("{tool}.{name}"), why));
                }
                other => other?,
            }
            tools.insert(tool, given);
        }
        Ok(Self { tools })
    }

    /// What it says of a tool; nothing of one that it does not name.
    pub fn of_tool(&self, tool: &str) -> GivenSettings {
        self.tools.get(tool).cloned().unwrap_or_default()
    }

    /// Most woven calls of each tool that has such a limit.
    pub fn max_examples(&self) -> BTreeMap<String, usize> {
        let limits = self.tools.iter().filter_map(|(tool, given)| Some((tool.clone(), given.max_examples?)));
        limits.collect()
    }
}

impl Table {
    /// Its values, but for the prompt.
    fn given(&self) -> GivenSettings {
        let number = |field: &Option<Spanned<f64>>| field.as_ref().map(|field| *field.get_ref());
        let count = |field: &Option<Spanned<usize>>| field.as_ref().map(|field| *field.get_ref());
        GivenSettings {
            tau_s: number(&self.tau_s),
            k: count(&self.k),
            m: count(&self.m),
            tau_f: number(&self.tau_f),
            cost: number(&self.cost),
            max_examples: count(&self.max_examples),
            select: self.select,
            prompt: None,
        }
    }

    /// Where a setting stands that may be out of range.
    fn span_of(&self, name: &str) -> Option<Range<usize>> {
        match name {
            "tau_s" => self.tau_s.as_ref().map(Spanned::span),
            "tau_f" => self.tau_f.as_ref().map(Spanned::span),
            "cost" => self.cost.as_ref().map(Spanned::span),
            "k" => self.k.as_ref().map(Spanned::span),
            "m" => self.m.as_ref().map(Spanned::span),
            "max_examples" => self.max_examples.as_ref().map(Spanned::span),
            _ => None,
        }
    }
}

fn read_prompt(path: &Path) -> Result<FewShotPrompt, String> {
    let shown = path.display();
    let source = fs::read_to_string(path)
        .map_err(|error| format!("cannot read {shown} ({error}); give a path relative to this file"))?;
    FewShotPrompt::new(&source).map_err(|error| format!("{shown}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SettingsFile, TrainError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("p.txt"), "Q {text} A ").unwrap();
        fs::write(folder.path().join("none.txt"), "no slot").unwrap();
        let path = folder.path().join("tools.toml");
        fs::write(&path, text).unwrap();
        SettingsFile::read(&path, &["Calculator", "my.Tool"])
    }

    #[test]
    fn what_a_file_says_and_what_it_leaves_open() {
        let text = "[Calculator]\ntau_s = 0\nk = 3\ntau_f = 0.25\ncost = 2\nmax_examples = 100\nselect = true\n\
                    prompt = 'p.txt'\n[\"my.Tool\"]\nm = 2\n";
        let file = read(text).unwrap();
        let calculator = GivenSettings {
            tau_s: Some(0.0),
            k: Some(3),
            m: None,
            tau_f: Some(0.25),
            cost: Some(2.0),
            max_examples: Some(100),
            select: Some(true),
            prompt: Some(FewShotPrompt::new("Q {text} A ").unwrap()),
        };
        assert_eq!(file.of_tool("Calculator"), calculator);
        assert_eq!(file.of_tool("my.Tool"), GivenSettings { m: Some(2), ..GivenSettings::default() });
        assert_eq!(file.of_tool("QA"), GivenSettings::default());
        assert_eq!(file.max_examples(), BTreeMap::from([("Calculator".to_owned(), 100)]));
        assert_eq!(read("").unwrap(), SettingsFile::default());
    }

    #[track_caller]
    fn check_error(text: &str, line: usize, parts: &[&str]) {
        let error = read(text).unwrap_err();
        assert!(matches!(error, TrainError::SettingsFile { line: found, .. } if found == line), "{error:?}");
        let error = error.to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }

    #[test]
    fn errors_name_the_line_and_the_key() {
        check_error("[Calculator]\nk = 5\ntau = 1\n", 3, &["tau", "tau_s"]);
        check_error("\n[Calcluator]\nk = 5\n", 2, &["`Calcluator`", "there are Calculator, my.Tool"]);
        check_error("[Calculator]\ntau_s = 1.0\n", 2, &["`Calculator.tau_s`", "below 1"]);
        check_error("[Calculator]\n\ntau_f = nan\n", 3, &["`Calculator.tau_f`", "nats"]);
        check_error("[Calculator]\nk = 1\ncost = -1\n", 3, &["`Calculator.cost`", "0 or more"]);
        check_error("[Calculator]\ncost = inf\n", 2, &["`Calculator.cost`", "0 or more"]);
        check_error("[Calculator]\nk = 0\n", 2, &["`Calculator.k`", "at least 1"]);
        check_error("[Calculator]\nm = 0\n", 2, &["`Calculator.m`", "at least 1"]);
        check_error("[Calculator]\nk = -1\n", 2, &["-1"]);
        check_error("[Calculator]\nk = 1\nmax_examples = 0\n", 3, &["`Calculator.max_examples`"]);
        check_error("[Calculator]\nselect = 'yes'\n", 2, &["boolean"]);
        check_error("[Calculator]\nprompt = 'gone.txt'\n", 2, &["`Calculator.prompt`", "gone.txt"]);
        check_error("[Calculator]\nprompt = 'none.txt'\n", 2, &["none.txt", "{text}", "0 times"]);
        check_error("k = 5\n", 1, &[]);
        check_error("[Calculator]\nk = \n", 2, &[]);
    }
}
