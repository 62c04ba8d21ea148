//! A run of `toolformer eval`.

mod identity;

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result};
use bytesize::ByteSize;
use toolformer::{
    burn::tensor::backend::Backend,
    decode::{CallSettings, EngineSettings},
    device::OnDevice,
    eval::{
        Calling, Condition, ItemSet, Metric, ResultLog, RunHeader, RunSettings, Summary, SummaryLabels,
        SweepRow, Task, TaskRun, conditions_table, read_results, sweep_table,
    },
    model::{LanguageModel, Pretrained, Tokenizer},
    text::{Registry, Syntax},
    tools::{Calendar, Date},
    train::{EvalRun, Observer as _, write_eval_page},
};

use super::{condition_name::ConditionName, report::open_run, shown::shown};
use crate::{
    adapter_args::AdapterArgs,
    calling_args::CallingArgs,
    failure::wrong_usage,
    model_args::ModelArgs,
    output::{Output, say},
    progress::Progress,
    tool_args::{ChosenTools, ToolArgs},
};

/// The rows of a run, in its folder.
pub(super) const RESULTS: &str = "results.jsonl";
/// What they come to.
pub(super) const SUMMARY: &str = "summary.json";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A task by its name, or the path of a task's .toml
    #[arg(long, value_name = "NAME|FILE")]
    task: String,
    /// The task's data: a file, a folder or a pattern; Dateset needs none
    #[arg(long, value_name = "PATH")]
    data: Option<String>,
    /// Ask so many items, drawn from all; of each category its part
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Seed of Dateset, of the draw of --limit, and of the intervals
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// What the model is called in tables [default: toolformer with --tools, toolformer-disabled with --no-calls, else plain, also where a task brings its own functions]
    #[arg(long, value_enum, value_name = "NAME")]
    condition: Option<ConditionName>,
    /// Ask once for each K of the list, as --start-top-k; with 0 calls are disabled
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with_all = ["start_top_k", "no_calls"])]
    sweep_k: Vec<usize>,
    /// The folder for results.jsonl, summary.json, table.md and report.html
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write what was found as JSON to standard output
    #[arg(long)]
    json: bool,
    /// Write every output to its end, also where its score is settled before; later calls count then
    #[arg(long)]
    whole_outputs: bool,
    /// Completions that are written together
    #[arg(long, value_name = "N", default_value_t = 16)]
    batch: usize,
    /// Most memory for what the model has read
    #[arg(long, value_name = "SIZE", default_value = "2GiB")]
    cache_memory: ByteSize,
    /// Items between two writings to the file of results
    #[arg(long, value_name = "N", default_value_t = 128)]
    unit_items: usize,
    /// For perplexity: most tokens of a text that are looked at together
    #[arg(long, value_name = "TOKENS", default_value_t = 1024)]
    window: usize,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    adapter: AdapterArgs,
    #[command(flatten)]
    tools: ToolArgs,
    #[command(flatten)]
    calling: CallingArgs,
}

pub(super) fn run(args: &Args) -> Result<()> {
    args.model.on_device(args)?
}

/// What is asked of whom, the same for every K.
struct Asked<'a, B: Backend> {
    task: &'a Task,
    set: &'a ItemSet,
    model: &'a LanguageModel<B>,
    tokenizer: &'a Tokenizer,
    tools: &'a ChosenTools,
}

impl OnDevice for &Args {
    type Output = Result<()>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<()> {
        if self.limit == Some(0) {
            return Err(wrong_usage("--limit 0 leaves nothing to ask; give 1 or more"));
        }
        let task = Task::find(&self.task)?;
        let set = task.some_items(self.data.as_deref(), self.limit, self.seed)?;
        for (why, rows) in &set.left_out {
            say(&format!("{rows} rows left out: {why}"));
        }
        let tools = self.tools.usable()?;
        if !self.sweep_k.is_empty() && tools.names.is_empty() && set.functions.is_empty() {
            return Err(wrong_usage("--sweep-k is about calls; give --tools as well"));
        }
        let calls = self.calling.settings(&tools.registry)?;
        for tool in
            task.tools.iter().filter(|tool| !tools.names.is_empty() && tools.registry.get(tool).is_none())
        {
            say(&format!("note: the task is made for the tool {tool}, which is not among --tools"));
        }
        let Pretrained { model, tokenizer, .. } = self.model.open::<B>(device)?;
        let model = self.adapter.apply(model)?;
        let asked = Asked { task: &task, set: &set, model: &model, tokenizer: &tokenizer, tools: &tools };
        if self.sweep_k.is_empty() {
            let summary = self.ask(&asked, &calls, self.calling.no_calls, self.out.as_deref())?;
            return self.tell(&[summary]);
        }
        let mut found = Vec::new();
        for &k in &self.sweep_k {
            say(&format!("k = {k}"));
            let calls = CallSettings { start_top_k: k, ..calls.clone() };
            let out = self.out.as_ref().map(|out| out.join(format!("k-{k}")));
            found.push(self.ask(&asked, &calls, k == 0, out.as_deref())?);
        }
        self.tell(&found)
    }
}

impl Args {
    /// One run, into its folder if there is one.
    fn ask<B: Backend>(
        &self,
        asked: &Asked<'_, B>,
        calls: &CallSettings,
        disabled: bool,
        out: Option<&Path>,
    ) -> Result<Summary> {
        let Asked { task, set, model, tokenizer, tools } = *asked;
        let (syntax, start) = (Syntax::default(), Instant::now());
        let clock = || start.elapsed().as_secs_f64();
        let tools_on = |day: Option<Date>| on_day(&tools.registry, day);
        let own_functions = !set.functions.is_empty();
        let calling = match (disabled, tools.names.is_empty() && !own_functions) {
            (true, _) => Calling::Disabled,
            (false, true) => Calling::None,
            (false, false) => Calling::Enabled { tools_on: &tools_on, calls: calls.clone() },
        };
        // Functions that a task brings along say nothing of what a model was taught.
        let condition = match (disabled, tools.names.is_empty()) {
            (true, _) => Condition::ToolformerDisabled,
            (false, true) => Condition::Plain,
            (false, false) => Condition::Toolformer,
        };
        let condition = self.condition.map_or(condition, Condition::from);
        let may_call = !tools.names.is_empty() || own_functions;
        let k = (may_call && task.metric != Metric::Perplexity).then_some(if disabled {
            0
        } else {
            calls.start_top_k
        });
        let memory = usize::try_from(self.cache_memory.as_u64()).unwrap_or(usize::MAX);
        let settings = RunSettings {
            engine: EngineSettings {
                batch: self.batch,
                memory,
                overlap_calls: self.calling.overlap_calls,
                ..EngineSettings::default()
            },
            unit_items: self.unit_items.max(1),
            whole_outputs: self.whole_outputs,
            window: self.window,
            ..RunSettings::default()
        };
        // Without a folder the rows are needed only until they are counted.
        let scratch = tempfile::tempdir().context("there is no room for temporary files")?;
        let folder = out.unwrap_or_else(|| scratch.path());
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let file = folder.join(RESULTS);
        let header = RunHeader { task: task.name.clone(), parts: self.parts(asked, calls, disabled)? };
        let mut log = ResultLog::open(&file, &header)?;
        let mut progress = Progress::new();
        progress.start("eval", set.items.len(), log.done());
        let run = TaskRun { model, tokenizer, syntax: &syntax, task, calling, settings, clock: &clock };
        run.run::<B>(set, &mut log, &mut |items, tokens| progress.advance(items, tokens))?;
        progress.finish();
        let seconds = log.seconds();
        drop(log);
        let results = read_results(&file)?;
        let not_asked = results.iter().filter(|result| result.not_asked.is_some()).count();
        if not_asked > 0 {
            say(&format!(
                "{not_asked} items have prompts that are too long for the model, and count as wrong"
            ));
        }
        let labels = SummaryLabels { task: task.name.clone(), condition, k, seconds, seed: self.seed };
        let summary = Summary::of(&results, &labels);
        if out.is_some() {
            write(&folder.join(SUMMARY), &(serde_json::to_string_pretty(&summary)? + "\n"))?;
            write(
                &folder.join("run.json"),
                &(serde_json::to_string_pretty(&self.described(asked, calls, disabled))? + "\n"),
            )?;
            write(&folder.join("table.md"), &conditions_table(std::slice::from_ref(&summary)))?;
            let run = EvalRun { name: None, summary: summary.clone(), results };
            write_eval_page(&[run], self.seed, &folder.join("report.html"))?;
        }
        Ok(summary)
    }

    /// What was found, on standard output and, of a sweep, in the folder.
    fn tell(&self, found: &[Summary]) -> Result<()> {
        let mut output = Output::new();
        let swept = found.iter().zip(&self.sweep_k);
        let row = |(summary, &k): (&Summary, &usize)| SweepRow {
            k,
            task: summary.task.clone(),
            split: summary.split,
        };
        let rows: Vec<SweepRow> = swept.map(row).collect();
        let sweep = sweep_table(&rows);
        if let (Some(out), false) = (&self.out, rows.is_empty()) {
            write(&out.join("sweep.md"), &sweep)?;
            let runs = rows.iter().map(|row| open_run(&out.join(format!("k-{}", row.k))));
            let runs: Vec<EvalRun> = runs.collect::<Result<_>>()?;
            write_eval_page(&runs, self.seed, &out.join("report.html"))?;
        }
        if self.json {
            for summary in found {
                output.json(summary)?;
            }
            return output.flush();
        }
        match (rows.is_empty(), found) {
            (true, [summary, ..]) => output.text(&shown(summary))?,
            _ => output.text(&sweep)?,
        }
        output.flush()?;
        if let Some(out) = &self.out {
            say(&format!("All of it is in {}.", out.display()));
        }
        Ok(())
    }
}

/// The tools, with the calendar of that day.
fn on_day(registry: &Registry, day: Option<Date>) -> Registry {
    match day {
        Some(day) => registry.share_with(Calendar::on(day)),
        None => registry.share(),
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use toolformer::tools::Calculator;

    use super::*;

    #[test]
    fn the_calendar_is_that_of_the_items_day() {
        let mut registry = Registry::new().with_max_result_chars(80);
        registry.insert(Calculator).unwrap();
        registry.insert(Calendar::on(Date::constant(2001, 1, 1))).unwrap();
        let says = |day| on_day(&registry, day).call("Calendar", "").unwrap();
        assert_eq!(says(Some(Date::constant(2012, 3, 14))), "Today is Wednesday, March 14, 2012.");
        assert_eq!(says(None), "Today is Monday, January 1, 2001.");
        assert_eq!(on_day(&registry, None).call("Calculator", "6 * 7").unwrap(), "42");
    }
}
