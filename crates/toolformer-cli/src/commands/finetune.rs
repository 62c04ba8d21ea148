//! `toolformer finetune`

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use toolformer::{
    burn::tensor::backend::Backend,
    data::{
        ContentKey, DataError, Dataset, LimitedSequences, Row, RowSource as _, TokenCache, TrainingSequence,
    },
    device::OnDevice,
    model::{CausalLm as _, Pretrained, load_adapter, save_adapter, save_pretrained_as},
    train::{CutExamples, Evaluation, Finetuned, Method, finetune, write_training_page},
};

use crate::{
    data_args::DataArgs,
    example_encoder::ExampleEncoder,
    example_rows::{PLACE, RowsWanted},
    failure::wrong_usage,
    finetune_args::FinetuneArgs,
    from_adapter_arg::FromAdapterArg,
    metrics_output::metrics_output,
    model_args::ModelArgs,
    output::{print_json, say},
    progress::Progress,
    save_args::SaveArgs,
    set_args::HoldOut,
};

/// Fine-tune a model on texts, such as those with woven calls
///
/// The last step of `teach`. Writes into a folder: adapter/ (with LoRA), model/ (the updates merged), metrics.jsonl,
/// training.html (its curves), checkpoints/, tokens/ (the tokenised examples, for the next run). A run that was cut off goes on from its last checkpoint when the same command is given again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer finetune --model SmolLM2.gguf --data train.jsonl --out runs/tuned
  toolformer finetune --model SmolLM2.gguf --data train.jsonl --out runs/tuned \\
      --held-out other.jsonl --lora-rank 8
  toolformer finetune --model SmolLM2.gguf --data train.jsonl --out runs/tuned --full --json
  toolformer finetune --model SmolLM2.gguf --data 'sums/*.csv' --out runs/sums \\
      --split 'train[:80%]' --validation-split-percentage 5
  toolformer finetune --model SmolLM2.gguf --data train.jsonl --data hf:org/name:main \\
      --mix 0.7,0.3 --out runs/mixed

With --json: {\"examples\":3, \"steps\":12, \"tokens\":520, \"tokens_in_loss\":520,
  \"seconds\":3.1, \"loss_first\":2.1,
  \"loss_last\":0.4, \"best\":{\"step\":9, \"perplexity\":11.2},
  \"kept\":{\"step\":9, \"perplexity\":11.2}}")]
pub(crate) struct Args {
    /// The examples: a file, a folder, a pattern such as 'data/*.csv', - for JSONL on standard input, or a data set of a
    /// hub: hf:ORG/NAME, hf:ORG/NAME:CONFIG, hf:ORG/NAME/FOLDER, with @REVISION at the end if need be. Can be given several
    /// times. JSONL, JSON, CSV, TSV, Parquet or plain text, each but Parquet also in .gz. Rows have a `text`, as `weave`
    /// writes them; or a `prompt` and a `completion`, of which only the completion is learnt
    #[arg(long, value_name = "PATH|ID", required = true)]
    data: Vec<String>,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Texts without calls, to measure perplexity on; else the split `validation` of the examples, or a part of them
    #[arg(long, value_name = "FILE", conflicts_with = "validation_split_percentage")]
    held_out: Option<String>,
    /// Seed of the shuffles and of a fresh adapter
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write what was done as one JSON object to standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rows: DataArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    finetune: FinetuneArgs,
    #[command(flatten)]
    from: FromAdapterArg,
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
        let wanted = RowsWanted::Examples(self.rows.column().map(str::to_owned));
        let held_out = self.held_out.as_deref().map_or(HoldOut::OfSets(None), HoldOut::Set);
        let rows = self.rows.open(&self.data, &wanted, held_out, self.seed)?;
        let out = self.out.as_path();
        fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
        let Pretrained { mut model, config, tokenizer, generation } = self.model.open::<B>(device)?;
        if let Some(adapter) = self.from.folder() {
            settings.method = Method::Lora(load_adapter(&mut model, adapter)?);
        }
        let ids = model.vocab_size();
        let encoder = ExampleEncoder { tokenizer: &tokenizer, ids, mask_responses: settings.mask_responses };
        let examples = self.examples(&rows.train, &encoder)?;
        let (read, left) = (examples.tokens.len(), examples.left());
        if left == 0 {
            bail!(
                "none of {read} rows is left to train on; check --data, --split and the limits of samples and lengths"
            );
        }
        if left < read {
            say(&format!("{} of {read} rows are left out for their length", read - left));
        }
        let held_out: Vec<TrainingSequence> = match rows.held_out {
            Some(rows) => rows.rows()?.map(|row| encoder.held_out(&row?)).collect::<Result<_>>()?,
            None => Vec::new(),
        };
        if let (Some(source), true) = (&self.held_out, held_out.is_empty()) {
            return Err(wrong_usage(format!(
                "--held-out {source} has no row to measure on; give another, or leave it out"
            )));
        }
        let longest = settings.max_seq.min(model.max_positions());
        let CutExamples { cut, left_out } = CutExamples::of(&examples, longest);
        if cut > 0 {
            say(&format!("{cut} examples are cut at {longest} tokens; see --max-seq and --too-long"));
        }
        if left_out > 0 {
            say(&format!(
                "{left_out} examples have nothing to learn in their first {longest} tokens and are left out"
            ));
        }
        let mut metrics = metrics_output(out, self.finetune.training.tensorboard);
        let (folder, mut progress) = (out.join("checkpoints"), Progress::new());
        let tuned =
            finetune(model, &config, &examples, &held_out, &settings, &folder, &mut progress, &mut metrics)?;
        if let Method::Lora(lora) = &settings.method {
            let folder = out.join("adapter");
            save_adapter(&folder, &tuned.model, lora, &self.model.name())?;
            tokenizer.save(folder.join("tokenizer.json"))?;
        }
        let done = Done::new(left - left_out, &tuned);
        let options = self.save.options(generation);
        let model = tuned.model.merge_lora();
        save_pretrained_as(&out.join("model"), &model, &config, Some(&tokenizer), &options)?;
        write_training_page(&out.join("metrics.jsonl"), &out.join("training.html"))?;
        if let (Some(first), Some(last)) = (done.loss_first, done.loss_last) {
            say(&format!("loss {first:.3} -> {last:.3} nats a token in {} steps", done.steps));
        }
        if let Some(Best { step, perplexity }) = done.best {
            say(&format!("lowest held-out perplexity {perplexity:.3}, at step {step}"));
        }
        if let Some(Best { step, perplexity }) = done.kept.filter(|_| !settings.keep_best) {
            say(&format!("held-out perplexity {perplexity:.3} at step {step}, which is kept"));
        }
        say(&format!("The model is in {}.", out.join("model").display()));
        if self.json { print_json(&done) } else { Ok(()) }
    }
}

impl Args {
    /// The rows as ids, which lie in a file, also for a later run with the same rows and tokenizer.
    fn examples(&self, rows: &Dataset, encoder: &ExampleEncoder<'_>) -> Result<LimitedSequences> {
        let cache = TokenCache::new(self.out.join("tokens"));
        // The same rows from another file have the same tokens.
        let unplaced = rows.map(|mut row| {
            row.remove(PLACE);
            Ok(row)
        })?;
        let encode =
            |row: &Row| encoder.example(row).map_err(|error| DataError::refused(format!("{error:#}")));
        let tokens =
            cache.get_or_make(&ContentKey::of_rows(&unplaced)?, &encoder.fingerprint()?, rows, encode)?;
        Ok(LimitedSequences { tokens, lengths: self.rows.lengths() })
    }
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
    kept: Option<Best>,
}

#[derive(Clone, Copy, Serialize)]
struct Best {
    step: usize,
    perplexity: f64,
}

impl Done {
    fn new<B: Backend>(examples: usize, tuned: &Finetuned<B>) -> Self {
        let &Finetuned { steps, tokens, in_loss: tokens_in_loss, seconds, loss_first, loss_last, .. } = tuned;
        let found = |(step, found): (usize, Evaluation)| Best { step, perplexity: found.perplexity() };
        let (best, kept) = (tuned.best.map(found), tuned.kept.map(found));
        Self { examples, steps, tokens, tokens_in_loss, seconds, loss_first, loss_last, best, kept }
    }
}
