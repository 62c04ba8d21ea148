//! `toolformer finetune`

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use toolformer::{
    burn::tensor::backend::Backend,
    device::OnDevice,
    model::{CausalLm as _, Pretrained, save_adapter, save_pretrained_as},
    train::{
        Method, MetricsFile, Text, TrainError, finetune, held_out_sequence, read_texts, training_sequence,
    },
};

use crate::{
    finetune_args::FinetuneArgs, model_args::ModelArgs, output::say, progress::Progress, save_args::SaveArgs,
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
  toolformer finetune --model SmolLM2.gguf --data train.jsonl --out runs/tuned --full")]
pub(crate) struct Args {
    /// The examples: JSONL with a `text` in every object, as `weave` writes them
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Texts without calls, to measure perplexity on
    #[arg(long, value_name = "FILE")]
    held_out: Option<PathBuf>,
    /// Seed of the shuffles and of a fresh adapter
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
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
        let settings = self.finetune.settings(self.seed)?;
        let out = self.out.as_path();
        fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
        let Pretrained { model, config, tokenizer, generation } = self.model.open::<B>(device)?;
        let ids = model.vocab_size();
        let examples = sequences(&self.data, |text| training_sequence(&tokenizer, ids, text))?;
        let held_out = match &self.held_out {
            Some(file) => sequences(file, |text| held_out_sequence(&tokenizer, ids, text))?,
            None => Vec::new(),
        };
        let mut metrics = MetricsFile::new(&out.join("metrics.jsonl"));
        let (folder, mut progress) = (out.join("checkpoints"), Progress::new());
        let tuned =
            finetune(model, &config, &examples, &held_out, &settings, &folder, &mut progress, |metric| {
                metrics.append(metric)
            })?;
        if let Method::Lora(lora) = &settings.method {
            let folder = out.join("adapter");
            save_adapter(&folder, &tuned.model, lora, &self.model.name())?;
            tokenizer.save(folder.join("tokenizer.json"))?;
        }
        let options = self.save.options(generation);
        let model = tuned.model.merge_lora();
        save_pretrained_as(&out.join("model"), &model, &config, Some(&tokenizer), &options)?;
        if let (Some(first), Some(last)) = (tuned.loss_first, tuned.loss_last) {
            say(&format!("loss {first:.3} -> {last:.3} nats a token in {} steps", tuned.steps));
        }
        if let Some((step, perplexity)) = tuned.best {
            say(&format!("lowest held-out perplexity {:.3}, at step {step}", perplexity.value));
        }
        say(&format!("The model is in {}.", out.join("model").display()));
        Ok(())
    }
}

fn sequences(file: &Path, encode: impl Fn(&str) -> Result<Vec<u32>, TrainError>) -> Result<Vec<Vec<u32>>> {
    let encode = |text: &Text| {
        encode(&text.text).with_context(|| format!("text {} of {} cannot be used", text.id, file.display()))
    };
    read_texts(file)?.iter().map(encode).collect()
}
