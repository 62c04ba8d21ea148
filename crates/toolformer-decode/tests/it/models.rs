//! The models of the tests.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    path::{Path, PathBuf},
};

use burn::{
    backend::Flex,
    tensor::{Tensor, TensorData},
};
use toolformer_decode::{
    DecodeError, Engine, EngineSettings, Event, GenerateSettings, Generation, Prompt, Tools,
};
use toolformer_model::{CacheShape, CausalLm, KvCache, LanguageModel, Pretrained, TokenBatch, Tokenizer};
use toolformer_text::{FnTool, Registry, ToolError};

pub(crate) type B = Flex;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../toolformer-model/tests/fixtures").join(name)
}

/// The tiny Llama of `toolformer-model`'s fixtures, with its tokenizer.
pub(crate) fn tiny() -> (LanguageModel<B>, Tokenizer) {
    let Pretrained { model, tokenizer, .. } =
        Pretrained::open(&fixture("tiny_llama"), &Default::default()).unwrap();
    (model, tokenizer)
}

/// One with the same tokenizer that writes calls.
pub(crate) fn calling() -> LanguageModel<B> {
    Pretrained::open_model(&fixture("calling_llama"), &Default::default()).unwrap().0
}

/// One that sees 8 tokens back in most of its blocks, and has 101 tokens.
pub(crate) fn windowed() -> LanguageModel<B> {
    Pretrained::open_model(&fixture("gemma3"), &Default::default()).unwrap().0
}

pub(crate) fn prompt(tokenizer: &Tokenizer, text: &str) -> Prompt {
    Prompt { key: text.to_owned(), ids: tokenizer.encode(text).unwrap() }
}

/// A model that has one text in mind and predicts its next token, whatever it is fed.
pub(crate) struct Scripted {
    inner: LanguageModel<B>,
    script: Vec<u32>,
    /// Tokens put first at a position instead of the script's, which come second.
    first: HashMap<usize, u32>,
}

impl Scripted {
    pub(crate) fn new(inner: LanguageModel<B>, tokenizer: &Tokenizer, parts: &[&str]) -> Self {
        let script = parts.iter().flat_map(|part| tokenizer.encode(part).unwrap()).collect();
        Self { inner, script, first: HashMap::new() }
    }

    /// Prefers `token` where the script's first `parts` end.
    pub(crate) fn prefer(mut self, tokenizer: &Tokenizer, parts: &[&str], token: u32) -> Self {
        let position: usize = parts.iter().map(|part| tokenizer.encode(part).unwrap().len()).sum();
        self.first.insert(position, token);
        self
    }
}

impl CausalLm<B> for Scripted {
    fn vocab_size(&self) -> usize {
        self.inner.vocab_size()
    }
    fn cache_shape(&self) -> CacheShape {
        self.inner.cache_shape()
    }
    /// Whatever a config can claim.
    fn max_positions(&self) -> usize {
        1 << 31
    }
    fn device(&self) -> <B as burn::tensor::backend::BackendTypes>::Device {
        CausalLm::<B>::device(&self.inner)
    }
    fn forward(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Tensor<B, 3> {
        let [batch, seq] = [tokens.batch(), tokens.seq()];
        let next =
            cache.positions().iter().flat_map(|&start| (start + 1..=start + seq).map(|next| next as f32));
        let next = TensorData::new(next.collect::<Vec<f32>>(), [batch, seq, 1]);
        let _ = self.inner.forward(tokens, cache);
        Tensor::from_data(next, &Default::default())
    }
    fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        let positions = hidden.into_data().into_vec::<f32>().unwrap();
        let mut logits = vec![0.0f32; positions.len() * self.vocab_size()];
        for (row, position) in logits.chunks_mut(self.vocab_size()).zip(&positions) {
            let position = *position as usize;
            let eos = 0; // behind the script the text ends
            row[self.script.get(position).map_or(eos, |&id| id as usize)] = 9.0;
            if let Some(&id) = self.first.get(&position) {
                row[id as usize] = 10.0;
            }
        }
        let shape = [positions.len(), self.vocab_size()];
        Tensor::from_data(TensorData::new(logits, shape), &Default::default())
    }
}

/// A calculator that multiplies, and has no result where there is nothing to multiply.
pub(crate) fn multiplier() -> Registry {
    let mut registry = Registry::new();
    let tool = FnTool::new("Calculator", "multiplies", |args: &str| match args.split_once('*') {
        Some((a, b)) => Ok((a.trim().parse::<i64>().unwrap() * b.trim().parse::<i64>().unwrap()).to_string()),
        None => Err(ToolError::NoResult),
    });
    registry.insert(tool).unwrap();
    registry
}

/// A model for one row that has a say in what comes next, by the tokens before it.
pub(crate) struct Guided<F> {
    inner: LanguageModel<B>,
    /// Of tokens, the one that comes next; none for what the model itself would say.
    next: F,
    seen: RefCell<Vec<u32>>,
    /// Tokens that were fed.
    pub(crate) fed: Cell<usize>,
}

impl<F: Fn(&[u32]) -> Option<u32>> Guided<F> {
    pub(crate) fn new(next: F) -> Self {
        Self { inner: tiny().0, next, seen: RefCell::default(), fed: Cell::new(0) }
    }
}

impl<F: Fn(&[u32]) -> Option<u32>> CausalLm<B> for Guided<F> {
    fn vocab_size(&self) -> usize {
        self.inner.vocab_size()
    }
    fn cache_shape(&self) -> CacheShape {
        self.inner.cache_shape()
    }
    fn max_positions(&self) -> usize {
        self.inner.max_positions()
    }
    fn device(&self) -> <B as burn::tensor::backend::BackendTypes>::Device {
        CausalLm::<B>::device(&self.inner)
    }
    fn forward(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Tensor<B, 3> {
        assert_eq!(tokens.batch(), 1, "it is for one row");
        let mut seen = self.seen.borrow_mut();
        // What was taken back is not seen any more.
        seen.truncate(cache.positions()[0]);
        assert_eq!(seen.len(), cache.positions()[0]);
        seen.extend(tokens.row(0));
        self.fed.set(self.fed.get() + tokens.tokens());
        self.inner.forward(tokens, cache)
    }
    fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        let mut logits = self.inner.logits(hidden).into_data().into_vec::<f32>().unwrap();
        if let Some(next) = (self.next)(&self.seen.borrow()) {
            logits[next as usize] = 1e3;
        }
        let shape = [1, logits.len()];
        Tensor::from_data(TensorData::new(logits, shape), &Default::default())
    }
}

/// Completes prompts in batches of this size; `seen` are the completions as they end.
pub(crate) fn in_batches<M: CausalLm<B>>(
    model: &M,
    tokenizer: &Tokenizer,
    prompts: &[Prompt],
    settings: &GenerateSettings,
    tools: &Tools<'_>,
    batch: usize,
    mut seen: impl FnMut(usize, &Generation),
) -> Result<Vec<Generation>, DecodeError> {
    let engine = EngineSettings { batch, ..EngineSettings::default() };
    Engine::<B, M>::new(model, tokenizer, engine)?.complete(prompts, settings, tools, |prompt, event| {
        if let Event::Done { generation, .. } = event {
            seen(prompt, generation);
        }
    })
}
