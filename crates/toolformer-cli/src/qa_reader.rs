//! What answers questions for the tool QA: a model of ours, or a server.

use std::{
    path::PathBuf,
    sync::{Mutex, OnceLock},
};

use anyhow::Result;
use toolformer::{
    burn::tensor::backend::Backend,
    decode::{GenerateSettings, Prompt, Tools, generate},
    device::{Device, OnDevice},
    model::{CausalLm as _, Precision, Pretrained, model_checksum},
    text::ToolError,
    tools::Reader,
};

use crate::model_args::ModelArgs;

/// Most tokens of an answer; the paper looks at 20 words.
const MAX_TOKENS: usize = 32;

/// Opens a model as a reader. One question is answered at a time.
pub(crate) fn model_reader(model: PathBuf, device: Device) -> Result<Reader> {
    let args = ModelArgs { model, device, precision: Precision::F32, found: OnceLock::new() };
    device.run(OpenReader(args))
}

struct OpenReader(ModelArgs);

impl OnDevice for OpenReader {
    type Output = Result<Reader>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<Reader> {
        let Pretrained { model, tokenizer, .. } = self.0.open::<B>(device)?;
        let path = self.0.path()?;
        let fingerprint = format!("{} {}", path.display(), model_checksum(path)?);
        let (context, model) = (model.max_positions(), Mutex::new(model));
        let failed = |error: &dyn std::fmt::Display| ToolError::failed(format!("the reader failed: {error}"));
        Ok(Reader::new(fingerprint, move |prompt: &str| {
            let mut ids = tokenizer.encode_with_special(prompt).map_err(|error| failed(&error))?;
            // The end of a prompt that is too long holds the question.
            let room = context.saturating_sub(MAX_TOKENS);
            let first = usize::from(tokenizer.bos().is_some() && tokenizer.bos() == ids.first().copied());
            ids.drain(first..first.max((first + ids.len()).saturating_sub(room)));
            let prompts = [Prompt { key: String::new(), ids }];
            let stop = ["\n\n", "\nPassage:", "\nQuestion:"].map(str::to_owned).to_vec();
            let settings = GenerateSettings { max_tokens: MAX_TOKENS, stop, ..Default::default() };
            let model = model.lock().map_err(|_| ToolError::failed("the reader has failed before"))?;
            let done = generate(&*model, &tokenizer, &prompts, &settings, &Tools::None);
            let done = done.map_err(|error| failed(&error))?;
            Ok(done.into_iter().next().map(|generation| generation.completion).unwrap_or_default())
        }))
    }
}
