//! `toolformer index`

use std::{
    fs::Metadata,
    io::{self, BufRead, BufReader, IsTerminal as _},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Result;
use clap::Subcommand;
use flate2::read::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use toolformer::tools::{Hit, JsonlArticles, WikiIndex};

use crate::{
    failure::wrong_usage,
    input::{is_stdin, open_file},
    output::{Output, say},
    progress::{rounded, span},
};

/// Build a search index over a wiki, and look things up in it
///
/// The index is what the tools WikiSearch and QA read: give its folder to --wiki-index.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Build(Build),
    Query(Query),
}

/// Build an index from articles in JSONL
///
/// Each line is an object with the strings `title` and `text`. An index that is in the folder already is replaced
/// once the new one is complete; a build that is killed leaves the old one as it was.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer index build wiki.jsonl --out wiki.index
  toolformer index build wiki.jsonl.gz --out wiki.index
  grep Africa wiki.jsonl | toolformer index build - --out africa.index")]
struct Build {
    /// The articles; .gz is unpacked; - for standard input
    file: PathBuf,
    /// The folder of the index
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Show the best articles for a query
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer index query wiki.index 'highest mountain of Africa'
  toolformer index query wiki.index malaga --top 3 --json

With --json, a line for each article: {\"title\":.., \"text\":.., \"score\":BM25}, the best first.")]
struct Query {
    /// The folder of the index
    index: PathBuf,
    /// What to look for; its words count, not their order
    query: String,
    /// Most articles to show
    #[arg(long, value_name = "N", default_value = "5")]
    top: NonZeroUsize,
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.command {
        Command::Build(args) => build(args),
        Command::Query(args) => query(args),
    }
}

fn build(args: &Build) -> Result<()> {
    let (reader, bytes) = open(&args.file)?;
    let began = Instant::now();
    let bar = bar(bytes);
    let index = WikiIndex::build(&args.out, JsonlArticles::new(reader, &args.file), |done| {
        bar.set_position(done.bytes);
        let rate = done.articles as f64 / began.elapsed().as_secs_f64().max(1e-9);
        bar.set_message(format!("{} articles, {} articles/s", done.articles, rounded(rate)));
    })?;
    bar.finish_and_clear();
    let (articles, seconds) = (index.articles(), began.elapsed().as_secs_f64());
    say(&format!("{articles} articles in {} in {}", args.out.display(), span(seconds)));
    Ok(())
}

/// The articles, and how many bytes they are where that is known.
fn open(path: &Path) -> Result<(Box<dyn BufRead>, Option<u64>)> {
    if is_stdin(path) {
        return Ok((Box::new(BufReader::new(io::stdin())), None));
    }
    let file = open_file(path)?;
    if path.extension().is_some_and(|extension| extension == "gz") {
        // How far it goes is not known before it is unpacked.
        return Ok((Box::new(BufReader::new(MultiGzDecoder::new(file))), None));
    }
    let bytes = file.metadata().ok().filter(Metadata::is_file).map(|about| about.len());
    Ok((Box::new(BufReader::new(file)), bytes))
}

fn bar(bytes: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match bytes {
        Some(bytes) => (ProgressBar::new(bytes), "     index [{bar:30}] {msg}, {eta} left"),
        None => (ProgressBar::new_spinner(), "     index {spinner} {bytes} {msg}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

/// An article as `--json` shows it.
#[derive(Serialize)]
struct Shown<'h> {
    title: &'h str,
    text: &'h str,
    score: f32,
}

fn query(args: &Query) -> Result<()> {
    if !args.query.contains(char::is_alphanumeric) {
        return Err(wrong_usage("the query holds no word; say what to look for"));
    }
    let hits = WikiIndex::open(&args.index)?.search(&args.query, args.top.get())?;
    let mut output = Output::new();
    for Hit { title, text, score } in &hits {
        if args.json {
            output.json(&Shown { title, text, score: *score })?;
        } else {
            output.text(&format!(
                "{score:.2}  {title} > {}\n",
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            ))?;
        }
    }
    output.flush()?;
    if hits.is_empty() {
        say("no article shares a word with the query");
    }
    Ok(())
}
