//! `toolformer annotate`

use std::path::PathBuf;

use anyhow::Result;
use toolformer::{
    burn::tensor::backend::Backend,
    device::OnDevice,
    model::Pretrained,
    text::Syntax,
    train::{
        Annotator, Collector, Stats, Tally, TextFile, TextSource as _, TextsSummary, calling_fingerprint,
        fingerprint, tool_fingerprints,
    },
};

use crate::{
    annotate_args::AnnotateArgs,
    cache_args::CacheArgs,
    jobs_arg::JobsArg,
    model_args::ModelArgs,
    output::{print_json, say},
    progress::Progress,
    screen_args::ScreenArgs,
    settings_args::{SettingsArgs, by_tool},
    shard_arg::ShardArg,
    tool_args::ToolArgs,
    unit_args::UnitArgs,
};

/// Sample tool calls for texts, and run them
///
/// The first step of `teach`. A run that was cut off goes on where it stopped when the same command is given again;
/// FILE.units beside the output says how far it has come.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer annotate --model SmolLM2.gguf --tools calculator --texts texts.jsonl --out c.jsonl
  toolformer annotate --model SmolLM2.gguf --tools calculator --texts texts.jsonl --out c.jsonl \\
      --k 5 --m 4
  toolformer annotate --model SmolLM2.gguf --tools calculator,calendar --texts texts.jsonl \\
      --out c.jsonl --select --settings tools.toml

tools.toml:
  [Calendar]
  k = 3
  prompt = \"prompts/calendar.txt\"

Then: toolformer filter --model SmolLM2.gguf --texts texts.jsonl --candidates c.jsonl --out f.jsonl")]
pub(crate) struct Args {
    /// The texts: JSONL with a `text` in every object, .parquet with a column `text`, or .txt with blank lines between
    /// texts; .gz is unpacked; - is JSONL on standard input
    #[arg(long, value_name = "FILE")]
    texts: PathBuf,
    /// The candidates, as JSONL
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Seed of all random draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write what was done as one JSON object to standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    units: UnitArgs,
    #[command(flatten)]
    shard: ShardArg,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    tools: ToolArgs,
    #[command(flatten)]
    cache: CacheArgs,
    #[command(flatten)]
    jobs: JobsArg,
    #[command(flatten)]
    annotate: AnnotateArgs,
    #[command(flatten)]
    screen: ScreenArgs,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    args.model.on_device(args)?
}

impl OnDevice for &Args {
    type Output = Result<()>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<()> {
        let tools = self.cache.chosen(&self.tools)?;
        let file = self.settings.read(&tools.names)?;
        let prompts = self.annotate.prompts(&tools.names, file.as_ref())?;
        let settings = self.annotate.settings(self.seed);
        settings.validate()?;
        let by_tool = by_tool(file.as_ref(), &self.annotate.given(), &tools.names);
        let texts = TextFile::open(&self.texts)?;
        let corpus = TextsSummary::of(&texts)?;
        let Pretrained { model, tokenizer, .. } = self.model.open::<B>(device)?;
        let syntax = Syntax::default();
        let annotators = prompts.iter().map(|(tool, prompt)| {
            let settings = by_tool.get(tool).map_or_else(|| settings.clone(), |own| own.annotate(&settings));
            Annotator::new(&model, &tokenizer, &syntax, &tools.registry, tool, prompt, settings)
        });
        let annotators: Vec<_> = annotators.collect::<Result<_, _>>()?;
        let model = self.model.fingerprint()?;
        let dated = self.tools.dated(&tools.names);
        let calling = calling_fingerprint(&tools.registry, &syntax, dated.as_ref());
        let prompts = prompts.iter().flat_map(|(tool, prompt)| [tool.as_str(), prompt.head(), prompt.tail()]);
        let states = tool_fingerprints(&tools.registry, tools.names.iter().map(String::as_str));
        let screened = self.screen.fingerprint()?;
        let inputs = ["annotate", &model, &corpus.checksum, &calling].into_iter().chain(prompts);
        let inputs = inputs.chain(states.values().map(String::as_str));
        // Without what only later steps use.
        let own: Vec<String> = by_tool
            .iter()
            .map(|(tool, own)| format!("{tool}: {} {} {} {}", own.tau_s, own.k, own.m, own.select))
            .collect();
        let inputs = inputs.chain(own.iter().map(String::as_str));
        let inputs = inputs.chain(screened.as_deref());
        let screen = self.screen.open::<B>(&syntax, device)?;
        let fingerprint = fingerprint(&(&settings, self.units.unit_texts.get()), inputs);
        let select_for = by_tool.iter().filter(|(_, own)| own.select).map(|(tool, _)| tool.clone()).collect();
        let collector = Collector {
            annotators: &annotators,
            screen: screen.as_ref(),
            registry: &tools.registry,
            dated: dated.as_ref(),
            jobs: self.jobs.jobs,
            select_for: &select_for,
            seed: self.seed,
            filter: None,
            tokenizer: &tokenizer,
            units: self.units.units_of(self.shard.shard),
        };
        let units =
            collector.run(texts.texts()?, corpus.texts, &self.out, &fingerprint, &mut Progress::new())?;
        let tally = Tally::of_file(&self.out)?;
        let stats = Stats::collected(units, tally, settings.sampling);
        say(&format!(
            "{} calls sampled ({}), {} executed, from {} texts",
            stats.candidates.candidates,
            settings.shown_sampling(),
            stats.candidates.executed,
            stats.texts
        ));
        for (tool, stats) in &stats.selection {
            say(&format!("{} of {} texts selected for {tool}", stats.selected, stats.texts));
        }
        if stats.too_long > 0 {
            let count = stats.too_long;
            say(&format!("{count} texts are too long for the model's context and got no call"));
        }
        self.cache.check_log(&tools.registry, "the file of candidates")?;
        if self.json { print_json(&stats) } else { Ok(()) }
    }
}
