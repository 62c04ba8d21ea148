//! `toolformer finetune`

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::Value;
use toolformer::{
    burn::tensor::backend::Backend,
    data::{Dataset, ReadSettings, RowSource as _},
    device::OnDevice,
    model::{CausalLm as _, Pretrained, load_adapter, save_adapter, save_pretrained_as},
    train::{
        Finetuned, Method, Text, TrainError, TrainingSequence, WovenCall, completion_sequence, finetune,
        held_out_sequence, read_texts, training_sequence,
    },
};

use crate::{
    finetune_args::FinetuneArgs,
    metrics_output::metrics_output,
    model_args::ModelArgs,
    output::{print_json, say},
    progress::Progress,
    save_args::SaveArgs,
};

/// Fine-tune a model on texts, such as those with woven calls
///
/// The last step of `teach`. Writes into a folder: adapter/ (with LoRA), model/ (the updates merged), metrics.jsonl,
/// checkpoints/. A run that was cut off goes on from its last checkpoint when the same command is given again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer finetune --model SmolLM2.gguf --data train.jsonl --out runs/tuned
  toolformer finetune --model SmolLM2.gguf --data train.jsonl --out runs/tuned \\
      --held-out other.jsonl --lora-rank 8
  toolformer finetune --model SmolLM2.gguf --data train.jsonl --out runs/tuned --full --json

With --json: {\"examples\":3, \"steps\":12, \"tokens\":520, \"tokens_in_loss\":520,
  \"seconds\":3.1, \"loss_first\":2.1,
  \"loss_last\":0.4, \"best\":{\"step\":9, \"perplexity\":11.2}}")]
pub(crate) struct Args {
    /// The examples: JSONL with a `text` in every object, as `weave` writes them; or with a `prompt` and a `completion`,
    /// of which only the completion is learnt
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Texts without calls, to measure perplexity on
    #[arg(long, value_name = "FILE")]
    held_out: Option<PathBuf>,
    /// Train this adapter on, a folder in PEFT's layout, instead of a fresh one
    #[arg(long, value_name = "DIR", conflicts_with_all = ["full", "lora_rank", "lora_alpha", "lora_dropout", "lora_targets", "modules_to_save", "rslora"])]
    from_adapter: Option<PathBuf>,
    /// Seed of the shuffles and of a fresh adapter
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write what was done as one JSON object to standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    finetune: FinetuneArgs,
    #[command(flatten)]
    save: SaveArgs,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    args.model.on_device(args)?
}

impl OnDevice for &Args {
    type Output = Result<()>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<()> {
        let mut settings = self.finetune.settings(self.seed)?;
        let out = self.out.as_path();
        fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
        let Pretrained { mut model, config, tokenizer, generation } = self.model.open::<B>(device)?;
        if let Some(adapter) = &self.from_adapter {
            settings.method = Method::Lora(load_adapter(&mut model, adapter)?);
        }
        let ids = model.vocab_size();
        let examples = match completions(&self.data, |prompt, completion| {
            completion_sequence(&tokenizer, ids, prompt, completion)
        })? {
            Some(completions) => completions,
            None => sequences(&self.data, |text| {
                let left_out = if settings.mask_responses { responses(text)? } else { Vec::new() };
                Ok(training_sequence(&tokenizer, ids, &text.text, &left_out)?)
            })?,
        };
        let held_out = match &self.held_out {
            Some(file) => sequences(file, |text| Ok(held_out_sequence(&tokenizer, ids, &text.text)?))?,
            None => Vec::new(),
        };
        let mut metrics = metrics_output(out, self.finetune.training.tensorboard);
        let (folder, mut progress) = (out.join("checkpoints"), Progress::new());
        let tuned =
            finetune(model, &config, &examples, &held_out, &settings, &folder, &mut progress, &mut metrics)?;
        if let Method::Lora(lora) = &settings.method {
            say(&tuned.model.count_adapter(lora)?.to_string());
            let folder = out.join("adapter");
            save_adapter(&folder, &tuned.model, lora, &self.model.name())?;
            tokenizer.save(folder.join("tokenizer.json"))?;
        }
        let done = Done::new(examples.len(), &tuned);
        let options = self.save.options(generation);
        let model = tuned.model.merge_lora();
        save_pretrained_as(&out.join("model"), &model, &config, Some(&tokenizer), &options)?;
        if let (Some(first), Some(last)) = (done.loss_first, done.loss_last) {
            say(&format!("loss {first:.3} -> {last:.3} nats a token in {} steps", done.steps));
        }
        if let Some(Best { step, perplexity }) = done.best {
            say(&format!("lowest held-out perplexity {perplexity:.3}, at step {step}"));
        }
        say(&format!("The model is in {}.", out.join("model").display()));
        if self.json { print_json(&done) } else { Ok(()) }
    }
}

/// The examples of a file whose rows are prompts with their completions; none if they are not.
fn completions(
    file: &Path,
    encode: impl Fn(&str, &str) -> Result<TrainingSequence, TrainError>,
) -> Result<Option<Vec<TrainingSequence>>> {
    if file.as_os_str() == "-" {
        return Ok(None);
    }
    let rows = Dataset::open(&file.to_string_lossy(), &ReadSettings::default())?;
    let columns = rows.column_names()?;
    if !["prompt", "completion"].iter().all(|&name| columns.iter().any(|column| column == name)) {
        return Ok(None);
    }
    let encoded = rows.rows()?.enumerate().map(|(number, row)| {
        let row = row?;
        let text = |name: &str| {
            let text = row.get(name).and_then(Value::as_str);
            text.with_context(|| format!("row {} of {} has no `{name}`", number + 1, file.display()))
        };
        encode(text("prompt")?, text("completion")?)
            .with_context(|| format!("row {} of {} cannot be used", number + 1, file.display()))
    });
    encoded.collect::<Result<_>>().map(Some)
}

/// What was done.
#[derive(Serialize)]
struct Done {
    examples: usize,
    steps: usize,
    tokens: usize,
    tokens_in_loss: usize,
    seconds: f64,
    loss_first: Option<f64>,
    loss_last: Option<f64>,
    best: Option<Best>,
}

#[derive(Serialize)]
struct Best {
    step: usize,
    perplexity: f64,
}

impl Done {
    fn new<B: Backend>(examples: usize, tuned: &Finetuned<B>) -> Self {
        let &Finetuned { steps, tokens, in_loss: tokens_in_loss, seconds, loss_first, loss_last, .. } = tuned;
        let best = tuned.best.map(|(step, perplexity)| Best { step, perplexity: perplexity.perplexity() });
        Self { examples, steps, tokens, tokens_in_loss, seconds, loss_first, loss_last, best }
    }
}

/// Where in a woven text the results of its calls stand.
fn responses(text: &Text) -> Result<Vec<Range<usize>>> {
    let calls = text.rest.get("calls").cloned().unwrap_or_default();
    let calls: Vec<WovenCall> = serde_json::from_value(calls).context(
        "it does not say in `calls` where the results stand, which --mask-responses needs; make it by `weave`",
    )?;
    Ok(calls.into_iter().map(|call| call.response[0]..call.response[1]).collect())
}

fn sequences<T>(file: &Path, encode: impl Fn(&Text) -> Result<T>) -> Result<Vec<T>> {
    let encode = |text: &Text| {
        encode(text).with_context(|| format!("text {} of {} cannot be used", text.id, file.display()))
    };
    read_texts(file)?.iter().map(encode).collect()
}
