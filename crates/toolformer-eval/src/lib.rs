//! Evaluation of language models that call tools: tasks, readers of public data sets, metrics, statistics and results.
//!
//! A [`Task`] is a small file that says what is asked, how the data lie, how an output is scored, and which tools must
//! not be called. The paper's protocol (Toolformer, Schick et al. 2023, section 4.2 and appendix C) is built in; a
//! task of one's own needs no code. Whoever runs a model goes the way of this example: items of a task, a prompt for
//! each, an output, its score, a row; then rows become a [`Summary`], two runs a [`Comparison`], and several a table.
//!
//! ```
//! use toolformer_eval::{Condition, ItemResult, Summary, SummaryLabels, Task, conditions_table};
//! use toolformer_text::Syntax;
//!
//! let folder = tempfile::tempdir().unwrap();
//! let data = folder.path().join("trivia.csv");
//! std::fs::write(&data, "question,answer\nWho wrote Emma?,Jane Austen\nHow many legs has a spider?,8\n").unwrap();
//! let task = Task::parse("trivia.toml", r#"
//!     name = "trivia"
//!     description = "Pub quiz questions"
//!     source = "written by hand"
//!     prompt = "Answer the following question: {question}"
//!     forbidden_tools = ["QA"]
//!     max_tokens = 32
//!     [data]
//!     format = "fields"
//!     answers = "answer"
//!     [metric]
//!     kind = "within_first_words"
//!     words = 20
//! "#)?;
//!
//! // A model is whatever goes on from a prompt.
//! let model = |prompt: &str| match prompt {
//!     "Answer the following question: Who wrote Emma?" => " [WikiSearch(Emma) -> Emma > by J. Austen] Jane Austen
//!   did.", _ => " Six.",
//! };
//! let syntax = Syntax::default();
//! let mut results = Vec::new();
//! for item in task.items(Some(&data.to_string_lossy()), 0)?.items {
//!     let output = model(&task.prompt_of(&item)?);
//!     let score = task.metric.score(output, &item, &syntax)?;
//!     results.push(ItemResult {
//!         id: item.id,
//!         output: output.to_owned(),
//!         prediction: score.prediction,
//!         correct: score.correct,
//!         ..ItemResult::default()
//!     });
//! }
//! let condition = Condition::Toolformer;
//! let labels = SummaryLabels { task: task.name, condition, k: Some(10), seconds: 0.1, seed: 0 };
//! let summary = Summary::of(&results, &labels);
//! assert_eq!(summary.accuracy().unwrap().value, 0.5);
//! assert!(conditions_table(&[summary]).contains("| Toolformer (k = 10) | 50.0 (0.0–100.0) |"));
//! # Ok::<(), toolformer_eval::EvalError>(())
//! ```
//!
//! | to | take |
//! |---|---|
//! | name a task, list the built-in ones, read one's own | [`Task::find`], [`Task::builtin_names`], [`Task::read`] |
//! | read a public set, or any rows | [`Task::items`], [`DataFormat`] |
//! | make the paper's Dateset | [`Dateset`] |
//! | take fewer items | [`stratified_sample`] |
//! | score an output | [`Metric::score`], [`FunctionCase::judge`] |
//! | write results so that a killed run goes on | [`ResultLog`] |
//! | say how sure a figure is | [`Proportion`], [`PairedDifference`] |
//! | ask a model a task (feature `runner`) | `TaskRun` |
//! | set runs side by side | [`compare`], [`conditions_table`], [`sweep_table`] |
//!
//! Without the feature `runner` there are no models and tensors here, so that nothing slow is built for a metric. Never here: a
//! clock, an environment, and anything that fetches: data are given by their path.
//!
//! # Features
//!
//! - `parquet` (default): items from Parquet files.
//! - `runner`: a model on a task, by the engine of `toolformer-decode`.

mod dateset;
mod error;
mod function_calling;
mod item;
mod metric;
mod prompt_template;
mod readers;
mod results;
#[cfg(feature = "runner")]
mod runner;
mod statistics;
mod stratified_sample;
mod task;

pub use dateset::{Dateset, DatesetGroup, Holiday};
pub use error::EvalError;
pub use function_calling::{
    ExpectedCalls, FunctionCase, FunctionSchema, FunctionVerdict, argument_text, read_function_cases,
};
pub use item::{Item, ItemSet};
pub use metric::{Metric, Score, contains_answer, first_number, normalized_words, number_in, without_calls};
pub use prompt_template::PromptTemplate;
pub use results::{
    CallCounts, CallResult, CallSplit, Comparison, Condition, ItemResult, Likelihood, ResultLog, RunHeader,
    Summary, SummaryLabels, SweepRow, TokenCounts, ToolCounts, compare, conditions_table, read_results,
    read_run_header, sweep_table,
};
#[cfg(feature = "runner")]
pub use runner::{Calling, RunSettings, TaskRun};
pub use statistics::{PairedDifference, Proportion, mcnemar_exact};
pub use stratified_sample::stratified_sample;
pub use task::{DataFormat, FieldNames, LamaTexts, Task, TextItems};
