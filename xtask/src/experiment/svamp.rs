//! Does a small model that taught itself the calculator solve SVAMP's problems better, and is it as good without it?

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::four_conditions::{Options, words};
use super::marks::without_marks;
use super::word_problems::word_problems;
use crate::process;
use crate::quickstart::read_rows;

/// Teach a model the calculator on plain texts with arithmetic, and ask it SVAMP's problems under the paper's four conditions
///
/// The texts: GSM8K's training problems with their worked answers, whose marks are taken out, and word problems of our own with
/// their answers. "+ CC" learns the same texts without calls, by the same settings. Prints the four conditions, perplexity on
/// introductions of Wikipedia and on passages of the web, and the sweep of decoding's k; report.html shows them. SVAMP is only asked, never learnt.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// GSM8K's training problems, JSONL with `question` and `answer`
    #[arg(long, value_name = "FILE")]
    gsm8k: PathBuf,
    /// How many of GSM8K's problems are learnt from, from the first on
    #[arg(long, value_name = "N", default_value_t = 100)]
    worked: usize,
    /// How many word problems of our own
    #[arg(long, value_name = "N", default_value_t = 800)]
    own: usize,
    /// Where all of it goes
    #[arg(long, value_name = "DIR", default_value = "runs/svamp")]
    out: PathBuf,
    #[command(flatten)]
    options: Options,
}

/// How calls are sampled.
const SAMPLING: &str = "--k 3 --m 8 --max-call-tokens 20 --constrain --no-look-ahead --mask-responses";

pub(super) fn run(args: &Args) -> Result<()> {
    let out = process::root().join(&args.out);
    let files = args.options.runner.files(&out)?;
    let asked = vec![args.options.svamp()?];
    args.options.on(&files, texts(args)?, "calculator", words(SAMPLING), asked)?.run()
}

/// Word problems of our own, and GSM8K's with their worked answers.
fn texts(args: &Args) -> Result<Vec<Value>> {
    let problems = read_rows(&std::path::absolute(&args.gsm8k)?)?;
    if problems.len() < args.worked {
        bail!("{} problems are too few; ask for fewer", problems.len());
    }
    let mut texts = word_problems(args.own, args.options.seed);
    for (number, problem) in problems.iter().take(args.worked).enumerate() {
        let field = |name: &str| {
            problem[name].as_str().with_context(|| format!("a problem has no `{name}`: is this GSM8K?"))
        };
        let text = format!("{} {}", field("question")?, without_marks(field("answer")?).0);
        texts.push(json!({"id": format!("gsm8k-{number}"), "text": text}));
    }
    Ok(texts)
}
