//! `toolformer generate`

use std::{path::PathBuf, time::Instant};

use anyhow::Result;
use bytesize::ByteSize;
use toolformer::{
    burn::tensor::backend::Backend,
    decode::{
        Engine, EngineSettings, Event, GenerateSettings, Prompt, Request, ToolUse, Tools, check_prompts,
        fill_in_the_middle,
    },
    device::OnDevice,
    model::{CausalLm, ChatMessage, ChatOptions, Pretrained, Tokenizer},
    text::Syntax,
    train::{Observer as _, UnitLog, fingerprint, tool_fingerprints},
};

use crate::{
    adapter_args::AdapterArgs,
    beam_args::{BeamArgs, search},
    calling_args::CallingArgs,
    choosing_args::ChoosingArgs,
    completion_writer::{FileProgress, Writer},
    completions_output::{CompletionsOutput, Describe, Sink},
    events_output::TextStream,
    failure::wrong_usage,
    interactive::Session,
    jsonl_prompts::{JsonlPrompt, read_prompts},
    model_args::ModelArgs,
    output::Output,
    progress::Progress,
    tool_args::{ChosenTools, ToolArgs},
};

/// Complete prompts, with tools in the loop
///
/// Where a call's start is among the most likely next tokens it is taken; when the model has written the call's
/// arrow the tool runs, its result goes into the text, and the model goes on. Without --tools the model's text comes
/// as it is. Prompts are raw text. A single completion is written as it comes, on a terminal with its calls in colour.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer generate --model runs/calc/model --tools calculator \\
      --prompt 'A crate holds 37 jars. 48 crates hold'
  toolformer generate --model SmolLM2.gguf --adapter runs/calc/adapter --tools calculator \\
      --prompts sums.jsonl --json
  toolformer generate --model SmolLM2.gguf --prompt 'Once upon a time' --temperature 0.8 --seed 7
  toolformer generate --model runs/calc/model --tools calculator --prompts sums.jsonl --out done.jsonl
  toolformer generate --model SmolLM2.gguf --chat --interactive

With --json, a line for each prompt: {\"prompt\":.., \"text\":prompt and completion, \"completion\":..,
\"calls\":[{\"span\", \"name\", \"args\", \"result\", \"status\", \"seconds\"}],
\"finish_reason\":\"stop|length|eos\", \"tokens\":{\"prompt\", \"completion\", \"computed\", \"reused\"}},
with tools \"constrained\":true|false (--constrain), and the other fields of its object in the file of prompts. Spans are ranges of bytes in `text`. With --n above 1 a line
for each completion, with its \"index\". With --logprobs N \"logprobs\":[{\"id\", \"token\", \"logprob\",
\"top\":[[id, logprob],..]}], a token each, in nats; with --echo \"prompt_logprobs\" as well. With --stream a line for each
event: {\"event\":\"text\", \"request\":number of the prompt, \"index\", \"text\"}, {\"event\":\"call\", .., \"text\", \"call\"}, whose texts
in their order are the completion, and {\"event\":\"done\", ..} with all of the above. --out has the lines of --json.")]
pub(crate) struct Args {
    /// A prompt
    #[arg(long, value_name = "TEXT", required_unless_present_any = ["prompts", "interactive"], conflicts_with_all = ["prompts", "interactive"])]
    prompt: Option<String>,
    /// A file of prompts: JSONL with a `prompt` in every object; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "interactive")]
    prompts: Option<PathBuf>,
    /// Read prompts from the terminal, line by line
    #[arg(long, conflicts_with_all = ["json", "suffix", "beams", "n", "best_of", "echo"])]
    interactive: bool,
    /// A prompt is what a user says to a model that was trained on conversations; with --interactive each goes on from
    /// those before it
    #[arg(long, conflicts_with = "suffix")]
    chat: bool,
    /// What follows: the model writes what belongs between, if it was trained for that
    #[arg(long, value_name = "TEXT", conflicts_with = "tools")]
    suffix: Option<String>,
    /// Write to this file, one JSON object a line; the same command again goes on where it stopped
    #[arg(long, value_name = "FILE", requires = "prompts", conflicts_with_all = ["json", "stream"])]
    out: Option<PathBuf>,
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
    /// Completions that are written together
    #[arg(long, value_name = "N", default_value_t = 16)]
    batch: usize,
    /// Most memory for what the model has read: of running completions, and kept for prompts that begin alike
    #[arg(long, value_name = "SIZE", default_value = "2GiB")]
    cache_memory: ByteSize,
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
    /// Write what happens as it happens
    #[arg(long, requires = "json", conflicts_with = "beams")]
    stream: bool,
    #[command(flatten)]
    choosing: ChoosingArgs,
    #[command(flatten)]
    beams: BeamArgs,
    #[command(flatten)]
    calling: CallingArgs,
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
        let calls = self.calling.settings(&tools.registry)?;
        let inputs = match (&self.prompt, &self.prompts) {
            (_, Some(file)) => read_prompts(file)?,
            (Some(prompt), None) => vec![JsonlPrompt::new(prompt)],
            (None, None) => Vec::new(),
        };
        let settings = self.settings();
        settings.sampling.validate()?;
        let Pretrained { model, tokenizer, .. } = self.model.open::<B>(device)?;
        let model = self.adapter.apply(model)?;
        let encode = |(number, input): (usize, &JsonlPrompt)| {
            Ok(Prompt { key: input.key(number), ids: self.encode(&tokenizer, &input.prompt)? })
        };
        let prompts: Vec<Prompt> = inputs.iter().enumerate().map(encode).collect::<Result<_>>()?;

        // Before the first is completed, and by their numbers in the file.
        check_prompts(&model, &tokenizer, &prompts, settings.max_tokens)?;
        let describe = Describe {
            inputs: &inputs,
            prompts: &prompts,
            tokenizer: &tokenizer,
            suffix: self.suffix.as_deref().unwrap_or_default(),
            n: settings.n,
            scores: false,
            constrained: (!tools.names.is_empty()).then_some(calls.constrained),
        };
        if let Some(beams) = self.beams.settings(&settings)? {
            let (sink, done) = self.sink(&inputs, &tools, &(&settings, &beams))?;
            let mut output = CompletionsOutput::new(Describe { scores: true, ..describe }, sink, done);
            let mut progress = self.progress(prompts.len(), done);
            for (number, prompt) in prompts.iter().enumerate().skip(done) {
                let found = search(&model, &tokenizer, prompt, &beams, &settings)?;
                progress.count(found.iter().map(|generation| generation.ids.len()).sum());
                output.take_all(number, found)?;
                progress.step();
            }
            progress.finish();
            return Ok(());
        }
        let (syntax, start) = (Syntax::default(), Instant::now());
        let clock = || start.elapsed().as_secs_f64();
        let use_of_tools = match (self.calling.no_calls, tools.names.is_empty()) {
            (true, _) => Tools::Disabled(&syntax),
            (false, true) => Tools::None,
            (false, false) => {
                Tools::Enabled(ToolUse::new(&tools.registry, &syntax, &clock).with(calls.clone()))
            }
        };
        let memory = usize::try_from(self.cache_memory.as_u64()).unwrap_or(usize::MAX);
        let engine = EngineSettings {
            batch: self.batch,
            memory,
            overlap_calls: self.calling.overlap_calls,
            ..EngineSettings::default()
        };
        let mut engine = Engine::new(&model, &tokenizer, engine)?;
        if self.interactive {
            let (settings, tools, chat) = (&settings, &use_of_tools, self.chat);
            settings.validate(model.vocab_size())?;
            let now = self.tools.local_time();
            return Session { tokenizer: &tokenizer, settings, tools, chat, now }.run(&mut engine);
        }
        let (sink, done) = self.sink(&inputs, &tools, &(&settings, &calls, self.calling.no_calls))?;
        for prompt in &prompts[done..] {
            let (prompt, settings, tools) = (prompt.clone(), settings.clone(), use_of_tools.clone());
            engine.submit(Request { prompt, settings, tools })?;
        }
        let mut progress = self.progress(prompts.len(), done);
        let mut writer = self.writer(describe, sink, done, &settings)?;
        while !engine.is_idle() {
            let before = engine.usage().computed;
            for event in engine.step()? {
                let ends =
                    matches!(&event, Event::Done { generation, .. } if generation.index + 1 == settings.n);
                writer.tell(done, event)?;
                if ends {
                    progress.step();
                }
            }
            progress.count(engine.usage().computed - before);
        }
        progress.finish();
        let usage = engine.usage();
        tracing::info!(prompts = prompts.len(), ?usage, seconds = clock(), "generated");
        writer.end()
    }
}

impl Args {
    fn encode(&self, tokenizer: &Tokenizer, prompt: &str) -> Result<Vec<u32>> {
        Ok(match &self.suffix {
            Some(suffix) => fill_in_the_middle(tokenizer, prompt, suffix)?,
            None if self.chat => {
                let said = [ChatMessage::new("user", prompt)];
                let options = ChatOptions { now: Some(self.tools.local_time()), ..ChatOptions::default() };
                tokenizer.encode(&tokenizer.apply_chat_template(&said, &options)?)?
            }
            None => tokenizer.encode_with_special(prompt)?,
        })
    }

    /// Where completions go, and how many prompts are done already.
    fn sink(
        &self,
        inputs: &[JsonlPrompt],
        tools: &ChosenTools,
        settings: &impl serde::Serialize,
    ) -> Result<(Sink, usize)> {
        let Some(path) = &self.out else {
            let output = Output::new();
            return Ok((if self.json { Sink::Json(output) } else { Sink::Text(output) }, 0));
        };
        let at = |path: &PathBuf| path.canonicalize().ok();
        if at(path).is_some_and(|out| self.prompts.as_ref().and_then(at) == Some(out)) {
            return Err(wrong_usage("--out is the file of --prompts; give another one"));
        }
        let (model, adapter) = (self.model.fingerprint()?, self.adapter.fingerprint()?);
        let states = tool_fingerprints(&tools.registry, tools.names.iter().map(String::as_str));
        let lines = inputs.iter().map(|input| serde_json::to_string(input).unwrap_or_default());
        let lines: Vec<String> = lines.collect();
        let parts = ["generate", &model, &adapter, self.suffix.as_deref().unwrap_or_default()];
        let parts = parts.into_iter().chain(lines.iter().map(String::as_str));
        let parts = parts.chain(states.values().map(String::as_str));
        // A tool without a state of its own has no fingerprint: its name counts, and what its results depend on here.
        let tool_settings = (
            &tools.names,
            self.tools.max_result_chars,
            self.tools.tool_timeout,
            self.tools.now.map(|now| now.to_string()),
        );
        let file = UnitLog::<()>::open(path, &fingerprint(&(settings, self.chat, tool_settings), parts))?;
        let done = file.units();
        Ok((Sink::File(file), done))
    }

    fn progress(&self, prompts: usize, done: usize) -> FileProgress {
        let mut progress = self.out.as_ref().map(|_| Progress::new());
        progress.iter_mut().for_each(|progress| progress.start("generate", prompts, done));
        FileProgress(progress)
    }

    fn writer<'a>(
        &self,
        describe: Describe<'a>,
        sink: Sink,
        done: usize,
        settings: &GenerateSettings,
    ) -> Result<Writer<'a>> {
        Ok(match sink {
            Sink::Json(output) if self.stream => Writer::Events(output, describe, 0),
            Sink::Text(_) if self.prompt.is_some() && settings.n == 1 && settings.best_of < 2 => {
                let (before, behind) = (describe.inputs[0].prompt.as_str(), describe.suffix);
                Writer::Text { stream: TextStream::new(), before, behind }
            }
            sink => Writer::Whole(CompletionsOutput::new(describe, sink, done)),
        })
    }

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
