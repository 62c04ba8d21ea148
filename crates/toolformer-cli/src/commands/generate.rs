//! `toolformer generate`

use std::{path::PathBuf, time::Instant};

use anyhow::Result;
use toolformer::{
    burn::tensor::backend::Backend,
    decode::{
        Engine, EngineSettings, Event, GenerateSettings, Prompt, Request, ToolUse, Tools, check_prompts,
        fill_in_the_middle,
    },
    device::OnDevice,
    model::Pretrained,
    text::Syntax,
};

use crate::{
    adapter_args::AdapterArgs,
    choosing_args::ChoosingArgs,
    completions_output::CompletionsOutput,
    jsonl_prompts::{JsonlPrompt, read_prompts},
    model_args::ModelArgs,
    tool_args::ToolArgs,
};

/// Complete prompts, with tools in the loop
///
/// Where a call's start is among the most likely next tokens it is taken; when the model has written the call's
/// arrow the tool runs, its result goes into the text, and the model goes on. Without --tools the model's text comes
/// as it is. Prompts are raw text.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer generate --model runs/calc/model --tools calculator \\
      --prompt 'A crate holds 37 jars. 48 crates hold'
  toolformer generate --model SmolLM2.gguf --adapter runs/calc/adapter --tools calculator \\
      --prompts sums.jsonl --json
  toolformer generate --model SmolLM2.gguf --prompt 'Once upon a time' --temperature 0.8 --seed 7

With --json, a line for each prompt: {\"prompt\":.., \"text\":prompt and completion, \"completion\":..,
\"calls\":[{\"span\", \"name\", \"args\", \"result\", \"status\", \"seconds\"}],
\"finish_reason\":\"stop|length|eos\", \"tokens\":{\"prompt\", \"completion\", \"computed\"}},
and the other fields of its object in the file of prompts. Spans are ranges of bytes in `text`. With --n above 1 a line
for each completion, with its \"index\". With --logprobs N \"logprobs\":[{\"id\", \"token\", \"logprob\",
\"top\":[[id, logprob],..]}], a token each, in nats; with --echo \"prompt_logprobs\" as well.")]
pub(crate) struct Args {
    /// A prompt
    #[arg(long, value_name = "TEXT", required_unless_present = "prompts", conflicts_with = "prompts")]
    prompt: Option<String>,
    /// A file of prompts: JSONL with a `prompt` in every object; - for standard input
    #[arg(long, value_name = "FILE")]
    prompts: Option<PathBuf>,
    /// What follows: the model writes what belongs between, if it was trained for that
    #[arg(long, value_name = "TEXT", conflicts_with = "tools")]
    suffix: Option<String>,
    /// Most tokens of a completion, those of calls and results included
    #[arg(long, value_name = "N", default_value_t = 64)]
    max_tokens: usize,
    /// Before so many tokens nothing ends a completion
    #[arg(long, value_name = "N", default_value_t = 0)]
    min_tokens: usize,
    /// End a completion at this text, which is not part of it; may be given more than once
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    stop: Vec<String>,
    /// End a completion at this token; may be given more than once
    #[arg(long, value_name = "ID")]
    stop_id: Vec<u32>,
    /// Take a call's start where it is among the K most likely next tokens (the paper's)
    #[arg(long, value_name = "K", default_value_t = 10)]
    start_top_k: usize,
    /// Most calls of a completion (the paper's)
    #[arg(long, value_name = "N", default_value_t = 1)]
    max_calls: usize,
    /// Never let the model start a call
    #[arg(long, conflicts_with_all = ["tools", "start_top_k", "max_calls"])]
    no_calls: bool,
    /// Completions that are written together
    #[arg(long, value_name = "N", default_value_t = 16)]
    batch: usize,
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    choosing: ChoosingArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    adapter: AdapterArgs,
    #[command(flatten)]
    tools: ToolArgs,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    args.model.on_device(args)?
}

impl OnDevice for &Args {
    type Output = Result<()>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<()> {
        let tools = self.tools.usable()?;
        let inputs = match (&self.prompt, &self.prompts) {
            (_, Some(file)) => read_prompts(file)?,
            (prompt, None) => vec![JsonlPrompt::new(prompt.as_deref().unwrap_or_default())],
        };
        let settings = self.settings();
        settings.sampling.validate()?;
        let Pretrained { model, tokenizer, .. } = self.model.open::<B>(device)?;
        let model = self.adapter.apply(model)?;
        let encode = |(number, input): (usize, &JsonlPrompt)| {
            let ids = match &self.suffix {
                Some(suffix) => fill_in_the_middle(&tokenizer, &input.prompt, suffix)?,
                None => tokenizer.encode_with_special(&input.prompt)?,
            };
            Ok(Prompt { key: input.key(number), ids })
        };
        let prompts: Vec<Prompt> = inputs.iter().enumerate().map(encode).collect::<Result<_>>()?;

        // Before the first is completed, and by their numbers in the file.
        check_prompts(&model, &tokenizer, &prompts, settings.max_tokens)?;
        let (syntax, start) = (Syntax::default(), Instant::now());
        let clock = || start.elapsed().as_secs_f64();
        let use_of_tools = match (self.no_calls, tools.names.is_empty()) {
            (true, _) => Tools::Disabled(&syntax),
            (false, true) => Tools::None,
            (false, false) => Tools::Enabled(ToolUse {
                start_top_k: self.start_top_k,
                max_calls: self.max_calls,
                ..ToolUse::new(&tools.registry, &syntax, &clock)
            }),
        };
        let mut writer = CompletionsOutput::new(&inputs, &prompts, &tokenizer, self.choosing.n(), self.json)
            .with_suffix(self.suffix.as_deref());
        let engine = EngineSettings { batch: self.batch, ..EngineSettings::default() };
        let mut engine = Engine::new(&model, &tokenizer, engine)?;
        for prompt in &prompts {
            let (prompt, settings, tools) = (prompt.clone(), settings.clone(), use_of_tools.clone());
            engine.submit(Request { prompt, settings, tools })?;
        }
        while !engine.is_idle() {
            for event in engine.step()? {
                match event {
                    Event::Done { request, generation } => writer.take(request.0, &generation),
                    Event::Failed { error, .. } => return Err(error.into()),
                    _ => {}
                }
            }
            writer.outcome()?;
        }
        let usage = engine.usage();
        tracing::info!(prompts = prompts.len(), ?usage, seconds = clock(), "generated");
        Ok(())
    }
}

impl Args {
    fn settings(&self) -> GenerateSettings {
        self.choosing.apply(GenerateSettings {
            max_tokens: self.max_tokens,
            min_tokens: self.min_tokens,
            // An empty one would end every completion before it begins.
            stop: self.stop.iter().filter(|stop| !stop.is_empty()).cloned().collect(),
            stop_ids: self.stop_id.clone(),
            ..GenerateSettings::default()
        })
    }
}
