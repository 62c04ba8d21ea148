//! A task: what is asked, how it is scored, and which tools may help.

mod builtin;
mod data_format;
mod task_file;

use std::{fs, path::Path};

use toolformer_data::data_files;

pub use self::data_format::{DataFormat, FieldNames, LamaTexts, TextItems};
use crate::{
    EvalError, Item, ItemSet, Metric, PromptTemplate,
    dateset::Dateset,
    function_calling::{ANSWERS, FunctionCase, read_function_cases},
    readers, stratified_sample,
};

/// A task, as its file declares it.
///
/// ```toml
/// name = "trivia"
/// description = "Pub quiz questions"
/// source = "written by hand"                 # where the data comes from, for people
/// prompt = "Answer the following question: {question}"
/// tools = ["WikiSearch"]                     # tools that should help
/// forbidden_tools = ["QA"]                   # tools that must not be called
/// max_tokens = 48                            # tokens to generate, results of calls left out
/// stop = ["\n"]                              # texts that end an output
///
/// [data]                                     # DataFormat
/// format = "fields"
/// answers = "answer"
///
/// [metric]                                   # Metric
/// kind = "within_first_words"
/// words = 20
/// ```
///
/// `tools`, `forbidden_tools` and `stop` may be left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its name, in letters, digits, `-`, `_` and dots.
    pub name: String,
    /// What it asks, in a sentence.
    pub description: String,
    /// Where the data comes from, and under which terms, for people.
    pub source: String,
    /// What the model goes on from.
    pub prompt: PromptTemplate,
    /// How the data lie.
    pub data: DataFormat,
    /// How outputs are scored.
    pub metric: Metric,
    /// Tools that should help, by their names in text.
    pub tools: Vec<String>,
    /// Tools that must not be called, since they would give the answer away (section 4.2).
    pub forbidden_tools: Vec<String>,
    /// Tokens to generate at most, results of calls left out.
    pub max_tokens: usize,
    /// Texts that end an output.
    pub stop: Vec<String>,
}

impl Task {
    /// The tasks that are built in, in the paper's order.
    pub fn builtin_names() -> Vec<&'static str> {
        builtin::names().collect()
    }

    /// A task that is built in.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn builtin(name: &str) -> Result<Self, EvalError> {
        let unknown = || EvalError::UnknownTask {
            name: name.to_owned(),
            known: Self::builtin_names().into_iter().map(str::to_owned).collect(),
        };
        task_file::parse(name, builtin::text(name).ok_or_else(unknown)?)
    }

    /// A task from its file; what is documented at [`Task`] shows one.
    ///
    /// # Errors
    /// With the field, if the file cannot be read or is no task.
    pub fn read(path: &Path) -> Result<Self, EvalError> {
        let text = fs::read_to_string(path).map_err(EvalError::read(path))?;
        task_file::parse(&path.display().to_string(), &text)
    }

    /// A built-in task by its name, or, if the name ends in `.toml`, the file of that path.
    ///
    /// # Errors
    /// As [`Task::builtin`] and [`Task::read`].
    pub fn find(name_or_path: &str) -> Result<Self, EvalError> {
        let path = Path::new(name_or_path);
        let is_file = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
        if is_file { Self::read(path) } else { Self::builtin(name_or_path) }
    }

    /// A task from the text of its file; `origin` names it in errors.
    ///
    /// # Errors
    /// With the field, if it is no task.
    pub fn parse(origin: &str, text: &str) -> Result<Self, EvalError> {
        task_file::parse(origin, text)
    }

    /// Its items: those of `data`, a file, a folder of files or a pattern, or those that the task generates from `seed`
    /// (Dateset). Ids that occur twice get a `#2` and so on.
    ///
    /// # Errors
    /// If the data are not there or not as the task's format has them, or there is not one item.
    pub fn items(&self, data: Option<&str>, seed: u64) -> Result<ItemSet, EvalError> {
        if let DataFormat::Dateset(settings) = self.data {
            let items = Dateset { seed, ..settings }.items()?;
            return Ok(ItemSet { items, ..ItemSet::default() });
        }
        let Some(data) = data else {
            let why = format!("no data is given; get it ({}), then give its path", self.source);
            return Err(EvalError::Setting { name: "data", why });
        };
        let mut set = match &self.data {
            DataFormat::FunctionCalls => return function_calls(data),
            format => readers::read(format, data)?,
        };
        if set.items.is_empty() {
            let left_out = set.left_out.into_iter().collect();
            return Err(EvalError::NoItems { path: data.into(), left_out });
        }
        readers::make_ids_unique(&mut set.items);
        Ok(set)
    }

    /// Its items, or of more than `count` so many, drawn by [`stratified_sample`].
    ///
    /// # Errors
    /// As [`Task::items`].
    pub fn some_items(
        &self,
        data: Option<&str>,
        count: Option<usize>,
        seed: u64,
    ) -> Result<ItemSet, EvalError> {
        let mut set = self.items(data, seed)?;
        if let Some(count) = count {
            set.items = stratified_sample(&set.items, count, seed);
        }
        Ok(set)
    }

    /// What the model goes on from, for an item.
    ///
    /// # Errors
    /// If the item lacks a field of the prompt.
    pub fn prompt_of(&self, item: &Item) -> Result<String, EvalError> {
        self.prompt.fill(&item.fields).map_err(|field| {
            let known: Vec<_> = item.fields.keys().map(String::as_str).collect();
            let why = format!(
                "has no field `{field}` for the prompt, only {}; change the prompt",
                known.join(", ")
            );
            EvalError::Item { id: item.id.clone(), why }
        })
    }
}

/// BFCL's questions, with the functions that each brings.
fn function_calls(data: &str) -> Result<ItemSet, EvalError> {
    let mut set = ItemSet::default();
    let mut cases = Vec::new();
    // In BFCL's folder the answers to the questions lie in a folder of their own.
    let questions = data_files(data)?
        .into_iter()
        .filter(|file| !file.parent().is_some_and(|folder| folder.ends_with(ANSWERS)));
    for file in questions {
        cases.extend(read_function_cases(&file, None)?);
    }
    if cases.is_empty() {
        return Err(EvalError::NoItems { path: data.into(), left_out: Vec::new() });
    }
    set.items = cases.iter().map(FunctionCase::item).collect();
    readers::make_ids_unique(&mut set.items);
    set.functions = set.items.iter().map(|item| item.id.clone()).zip(cases).collect();
    Ok(set)
}
