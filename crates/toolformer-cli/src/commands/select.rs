//! `toolformer select`

use std::{path::PathBuf, time::Instant};

use anyhow::Result;
use toolformer::{
    tools::BUILTINS,
    train::{Selection, select_texts},
};

use crate::{
    failure::wrong_usage,
    output::{print_json, say},
    progress::rounded,
};

/// Select the texts that are worth annotating for a tool, as the paper does
///
/// For the calculator: texts in which one of three numbers is computed from the others, or a number stands behind `=`,
/// `equals`, `equal to`, `total of` or `average of`, and a hundredth of those with three numbers. For the calendar: texts
/// with a day in their field `date` or in their `url`. For translate: texts with a passage in another language
/// between English. For wiki and qa the paper describes none, and every text is taken. One text is in memory at a time.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer select --tool calculator --texts texts.jsonl --out calculator.jsonl
  toolformer select --tool translate --texts corpus.jsonl.gz --out translate.jsonl.gz --json

With --json: {\"texts\":3, \"selected\":2, \"by_rule\":{\"computed_number\":2}, \"dropped\":1}

Then: toolformer annotate --model SmolLM2.gguf --tools calculator --texts calculator.jsonl --out c.jsonl
`annotate --select` and `teach --select` do it at once, for each tool.")]
pub(crate) struct Args {
    /// The tool: calculator, calendar, wiki, translate, qa
    #[arg(long, value_name = "NAME")]
    tool: String,
    /// The texts: JSONL with a `text` in every object, or .parquet with a column `text`; .gz is unpacked; - for standard
    /// input
    #[arg(long, value_name = "FILE")]
    texts: PathBuf,
    /// The lines of the texts that are taken, as they are; packed if it ends in .gz
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Seed of the draw among texts with three numbers
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write the counts as one JSON object to standard output
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let is_it = |name: &str| name.eq_ignore_ascii_case(&args.tool);
    let Some(tool) = BUILTINS.iter().find(|tool| is_it(tool.short) || is_it(tool.name)) else {
        let known: Vec<&str> = BUILTINS.iter().map(|tool| tool.short).collect();
        let (given, known) = (&args.tool, known.join(", "));
        return Err(wrong_usage(format!("--tool {given}: the paper has no such tool; there are {known}")));
    };
    let began = Instant::now();
    let mut selection = Selection::for_tool(tool.name, args.seed);
    select_texts(&args.texts, &args.out, &mut selection)?;
    let (stats, seconds) = (selection.stats(), began.elapsed().as_secs_f64());
    let rate = rounded(stats.texts as f64 / seconds.max(1e-9));
    say(&format!("{} of {} texts selected, {rate} texts/s", stats.selected, stats.texts));
    for (rule, count) in &stats.by_rule {
        say(&format!("{count:>8} {rule}"));
    }
    if args.json { print_json(stats) } else { Ok(()) }
}
