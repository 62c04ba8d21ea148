//! `toolformer pretrain`

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use serde::Serialize;
use toolformer::{
    burn::tensor::backend::Backend,
    data::DatasetDict,
    decode::{GenerateSettings, Sampling, TextGenerator},
    device::{Device, OnDevice},
    model::{CausalLm as _, GgufFile, LanguageModel, ModelConfig, SpecialIds, Tokenizer, save_pretrained_as},
    train::{
        Corpus, CorpusSettings, Evaluation, Method, Packing, TrainingSettings, Trigram, finetune,
        write_training_page,
    },
};

use crate::{
    data_args::DataArgs,
    example_rows::{RowsWanted, TEXT},
    failure::wrong_usage,
    metrics_output::metrics_output,
    output::{print_json, print_text, say},
    progress::Progress,
    save_args::SaveArgs,
    set_args::HoldOut,
    training_args::TrainingArgs,
};

/// Train a model from scratch on text files
///
/// Any family of models by its config.json, such as a PaLM, for which no public weights exist. Part of the texts is held
/// out; the result is set beside a trigram model of the same texts. Writes into a folder: model/, metrics.jsonl,
/// checkpoints/, training.html, tokens/ (the tokenised texts, for the next run).
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer pretrain --config gpt2.json --tokenizer gpt2/ --texts wiki.jsonl --out runs/gpt2
  toolformer pretrain --config palm.json --tokenizer gpt2/ --texts 'texts/**/*.txt' \\
      --out runs/palm --block-size 128 --batch 32 --learning-rate 1e-3 --sample 'The river'

gpt2.json, a small GPT-2 for GPT-2's tokenizer:
  {\"model_type\": \"gpt2\", \"vocab_size\": 50257, \"n_positions\": 256, \"n_embd\": 128, \"n_layer\": 4, \"n_head\": 4}

With --json: {\"parameters\":7283968, \"documents\":9531, \"tokens\":1480000, \"blocks\":5781, \"steps\":180,
  \"held_out\":{\"tokens\":71000, \"loss\":5.9, \"perplexity\":365.0, \"trigram_loss\":6.3},
  \"samples\":[\"The river ...\"], \"seconds\":300.0}")]
pub(crate) struct Args {
    /// The config.json of the model
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// A tokenizer: a folder, a tokenizer.json, or a .gguf file
    #[arg(long, value_name = "PATH")]
    tokenizer: PathBuf,
    /// Texts: a file, a folder, a pattern such as 'texts/**/*.txt', - for JSONL on standard input, or a data set of a hub:
    /// hf:ORG/NAME, hf:ORG/NAME:CONFIG, hf:ORG/NAME/FOLDER, with @REVISION at the end if need be. Can be given several times.
    /// JSONL, JSON, CSV, TSV, Parquet or plain text with blank lines between documents, each but Parquet also in .gz. Without
    /// a split `validation`, 5 per cent are held out unless told otherwise
    #[arg(long, value_name = "PATH|ID", required = true)]
    texts: Vec<String>,
    /// Tokens of a block
    #[arg(long, value_name = "TOKENS", default_value_t = 256)]
    block_size: usize,
    /// How documents become blocks
    #[arg(long, value_enum, default_value_t = PackingArg::Concatenate)]
    packing: PackingArg,
    /// A beginning of a text that the model completes when it is done; can be given several times
    #[arg(long, value_name = "TEXT")]
    sample: Vec<String>,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Seed of the weights, the split, the shuffles and the samples
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Where the model is trained; `toolformer devices` lists the names
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    device: Device,
    /// Write what was done as one JSON object to standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rows: DataArgs,
    #[command(flatten)]
    training: TrainingArgs,
    #[command(flatten)]
    save: SaveArgs,
}

/// See [`Packing`].
#[derive(Clone, Copy, Debug, ValueEnum)]
enum PackingArg {
    /// One behind another, cut every so many tokens
    Concatenate,
    /// Each by itself: no token sees another document
    Documents,
}

/// The peak learning rate unless told otherwise: small models bear a high one.
const LEARNING_RATE: f64 = 1e-3;
/// Per cent of the texts that are held out unless told otherwise, as in transformers' `run_clm.py`.
const HELD_OUT: f64 = 5.0;
/// Tokens of a sample.
const SAMPLE: usize = 48;

pub(crate) fn run(args: &Args) -> Result<()> {
    args.device.check()?;
    args.device.run(args)
}

impl OnDevice for &Args {
    type Output = Result<()>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<()> {
        let usual = TrainingSettings {
            learning_rate: LEARNING_RATE,
            seed: self.seed,
            ..TrainingSettings::of(Method::Full)
        };
        if self.training.max_seq.is_some() {
            return Err(wrong_usage(
                "--max-seq is for examples of any length; here all are blocks of --block-size",
            ));
        }
        // A block is trained on as a whole.
        let settings = TrainingSettings { max_seq: self.block_size.max(2), ..self.training.settings(usual) };
        settings.validate()?;
        let texts = self.rows()?;
        let out = self.out.as_path();
        fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
        let config = config(&self.config)?;
        let tokenizer = tokenizer(&self.tokenizer, &config)?;
        if tokenizer.vocab_size() > config.vocab_size() {
            return Err(wrong_usage(format!(
                "the tokenizer has {} ids and {} has room for {}; set its vocab_size to {0} or more",
                tokenizer.vocab_size(),
                self.config.display(),
                config.vocab_size()
            )));
        }
        let model = LanguageModel::<B>::init(&config, self.seed, device)?;
        let most = model.max_positions();
        if self.block_size > most {
            return Err(wrong_usage(format!(
                "--block-size {} is longer than the {most} tokens that the model of {} can look at; give at most {most}",
                self.block_size,
                self.config.display()
            )));
        }
        let corpus = CorpusSettings {
            column: TEXT.to_owned(),
            block_size: self.block_size,
            packing: match self.packing {
                PackingArg::Concatenate => Packing::Concatenate,
                PackingArg::Documents => Packing::Documents,
            },
            lengths: self.rows.lengths(),
            seed: self.seed,
            ..CorpusSettings::default()
        };
        let vocab = config.vocab_size();
        let corpus = Corpus::new(&texts, &tokenizer, vocab, &corpus, &out.join("tokens"))?;
        let parameters = model.tensors().map(|(_, shape, _)| shape.iter().product::<usize>()).sum();
        let longest = model.max_positions();
        say(&format!(
            "{parameters} parameters, {} blocks of {} tokens",
            corpus.blocks.len(),
            self.block_size
        ));
        let mut metrics = metrics_output(out, self.training.tensorboard);
        let (folder, mut progress) = (out.join("checkpoints"), Progress::new());
        let (blocks, held_out) = (&corpus.blocks, &corpus.held_out);
        let trained =
            finetune(model, &config, blocks, held_out, &settings, &folder, &mut progress, &mut metrics)?;
        let options = self.save.options(Default::default());
        save_pretrained_as(&out.join("model"), &trained.model, &config, Some(&tokenizer), &options)?;
        let kept = trained.kept.map(|(_, evaluation)| evaluation);
        let trigram = Trigram::train(corpus.documents(), vocab)?;
        let held_out: Vec<Vec<u32>> = held_out.iter().map(|document| document.ids().to_vec()).collect();
        let trigram_loss = trigram.nats_per_token(&held_out, longest).map(|(loss, _)| loss);
        let held_out = kept.map(|Evaluation { loss, count: tokens, .. }| HeldOut {
            tokens,
            loss,
            perplexity: loss.exp(),
            trigram_loss,
        });
        write_training_page(&out.join("metrics.jsonl"), &out.join("training.html"))?;
        let (documents, tokens) = corpus
            .documents()
            .fold((0, 0), |(documents, tokens), document: Vec<u32>| (documents + 1, tokens + document.len()));
        let done = Done {
            parameters,
            documents,
            tokens,
            blocks: blocks.len(),
            steps: trained.steps,
            held_out,
            seconds: trained.seconds,
            samples: self.samples(trained.model, tokenizer)?,
        };
        if let Some(HeldOut { loss, perplexity, trigram_loss, .. }) = done.held_out {
            let beside =
                trigram_loss.map_or_else(String::new, |loss| format!("; a trigram model's is {loss:.3}"));
            say(&format!("held-out loss {loss:.3} nats a token (perplexity {perplexity:.1}){beside}"));
        }
        say(&format!("The model is in {}.", out.join("model").display()));
        match (self.json, &done.samples[..]) {
            (true, _) => print_json(&done),
            (false, []) => Ok(()),
            (false, samples) => print_text(&(samples.join("\n") + "\n")),
        }
    }
}

impl Args {
    /// The texts to train on and those that are held out, in a column of their own.
    fn rows(&self) -> Result<DatasetDict> {
        let wanted = RowsWanted::Texts(self.rows.column().unwrap_or(TEXT).to_owned());
        let rows = self.rows.open(&self.texts, &wanted, HoldOut::OfSets(Some(HELD_OUT)), self.seed)?;
        let held_out = rows.held_out.map(|held_out| ("validation", held_out));
        Ok([("train", rows.train)].into_iter().chain(held_out).collect())
    }

    /// Completions of the beginnings that were given.
    fn samples<B: Backend>(&self, model: LanguageModel<B>, tokenizer: Tokenizer) -> Result<Vec<String>> {
        if self.sample.is_empty() {
            return Ok(Vec::new());
        }
        let sampling = Sampling { temperature: 0.8, top_p: 0.95, ..Sampling::default() };
        let settings =
            GenerateSettings { max_tokens: SAMPLE, sampling, seed: self.seed, ..GenerateSettings::default() };
        let beginnings: Vec<&str> = self.sample.iter().map(String::as_str).collect();
        let completed = TextGenerator::new(model, tokenizer).settings(settings).generate_all(&beginnings)?;
        Ok(beginnings
            .iter()
            .zip(completed)
            .map(|(begun, more)| format!("{begun}{}", more.completion))
            .collect())
    }
}

fn config(path: &Path) -> Result<ModelConfig> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    ModelConfig::from_hf_json(&text).with_context(|| format!("{} cannot be used", path.display()))
}

fn tokenizer(path: &Path, config: &ModelConfig) -> Result<Tokenizer> {
    let (bos, eos) = (config.bos(), config.eos().first().copied());
    if path.is_dir() {
        return Ok(Tokenizer::from_folder(path, bos, eos)?);
    }
    if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gguf")) {
        return Ok(Tokenizer::from_gguf(&GgufFile::open(path)?)?);
    }
    Ok(Tokenizer::from_file(path, SpecialIds { bos, eos, ..SpecialIds::default() })?)
}

/// What was done.
#[derive(Serialize)]
struct Done {
    parameters: usize,
    documents: usize,
    tokens: usize,
    blocks: usize,
    steps: usize,
    held_out: Option<HeldOut>,
    samples: Vec<String>,
    seconds: f64,
}

#[derive(Clone, Copy, Serialize)]
struct HeldOut {
    tokens: usize,
    loss: f64,
    perplexity: f64,
    trigram_loss: Option<f64>,
}
