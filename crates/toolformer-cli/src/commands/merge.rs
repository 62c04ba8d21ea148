//! `toolformer merge`

use std::path::PathBuf;

use anyhow::Result;
use toolformer::{
    burn::tensor::backend::Backend,
    device::OnDevice,
    model::{Pretrained, load_adapter, save_pretrained_as},
};

use crate::{failure::wrong_usage, model_args::ModelArgs, output::say, save_args::SaveArgs};

/// Fold a LoRA adapter into its model and save the whole
///
/// The folder is a model as any other: nothing is left of the adapter but what it changed, and nothing more to compute.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer merge --model SmolLM2.gguf --adapter runs/tuned/adapter --out runs/whole
  toolformer merge --model HuggingFaceTB/SmolLM2-135M --adapter adapter --out whole \\
      --save-precision bf16 --max-shard-size 2GB")]
pub(crate) struct Args {
    /// The adapter, in PEFT's layout: a folder with adapter_config.json and adapter_model.safetensors
    #[arg(long, value_name = "DIR")]
    adapter: PathBuf,
    /// The folder that is written
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    save: SaveArgs,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.model.precision.scheme().is_some() {
        let given = args.model.precision;
        return Err(wrong_usage(format!(
            "--precision {given} would round the weights before the adapter is folded in; leave it out, and give the \
             precision where the merged model is used"
        )));
    }
    args.model.on_device(args)?
}

impl OnDevice for &Args {
    type Output = Result<()>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<()> {
        let Pretrained { mut model, config, tokenizer, generation } = self.model.open::<B>(device)?;
        let lora = load_adapter(&mut model, &self.adapter)?;
        say(&format!("The adapter has {}.", model.count_adapter(&lora)?));
        let options = self.save.options(generation);
        save_pretrained_as(&self.out, &model.merge_lora(), &config, Some(&tokenizer), &options)?;
        say(&format!("The model is in {}.", self.out.display()));
        Ok(())
    }
}
