//! Does a model that annotates GSM8K's worked answers find the calculations that people had marked in them?

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::Runner;
use super::agreement::{Marked, table};
use super::marks::without_marks;
use super::write_rows;
use crate::process;
use crate::quickstart::read_rows;

/// Annotate GSM8K's worked answers, whose marked calculations were taken out, and count how many come back
///
/// Samples calls of the calculator (k = 5, m = 4), runs and filters them, and prints how many of the calls, before and
/// behind the filter, stand where a person had marked a calculation and give its result.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// GSM8K's training problems, JSONL with `question` and `answer`
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// How many problems, from the first on
    #[arg(long, value_name = "N", default_value_t = 500)]
    texts: usize,
    /// Where the texts, the candidates and the report go
    #[arg(long, value_name = "DIR", default_value = "runs/gsm8k")]
    out: PathBuf,
    /// Further options of `annotate`, such as --constrain
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
    #[command(flatten)]
    runner: Runner,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let out = process::root().join(&args.out);
    let files = args.runner.files(&out)?;
    let mut marked: HashMap<String, Marked> = HashMap::new();
    let mut texts = Vec::new();
    for (number, row) in read_rows(&std::path::absolute(&args.data)?)?.iter().take(args.texts).enumerate() {
        let answer = row["answer"].as_str().context("a problem has no `answer`: is this GSM8K?")?;
        let (text, marks) = without_marks(answer);
        texts.push(json!({"id": number.to_string(), "text": text}));
        marked.insert(number.to_string(), (text, marks));
    }
    write_rows(&files.file("texts.jsonl"), &texts)?;
    let mut options = vec!["--tools", "calculator"];
    options.extend(args.options.iter().map(String::as_str));
    let filtered = files.pipeline(&options)?;
    println!("{}", table(&marked, &filtered));
    println!("All of it is in {}.", out.display());
    Ok(())
}
