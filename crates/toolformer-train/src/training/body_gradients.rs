//! Gradients of a model in parts: what comes behind its last block, and the body before it.
//!
//! The head of a language model has by far the largest tensors, so it is always gone through piece by piece; the body in one
//! piece, or block by block with what each computed on the way computed again (Chen et al., 2016).

use burn::{
    backend::Autodiff,
    module::{AutodiffModule, ModuleVisitor, Param},
    optim::{GradientsAccumulator, GradientsParams},
    tensor::{
        DType, Tensor,
        backend::{AutodiffBackend, Backend},
    },
};
use sha2::{Digest as _, Sha256};
use toolformer_model::{CausalLm as _, KvCache, LanguageModel, TokenBatch};

/// Gradients of a model that are added up.
pub(crate) struct Sum<'a, B: Backend, N: AutodiffModule<Autodiff<B>>> {
    model: &'a N,
    gradients: GradientsAccumulator<N>,
    backend: std::marker::PhantomData<B>,
}

impl<'a, B: Backend, N: AutodiffModule<Autodiff<B>>> Sum<'a, B, N> {
    pub(crate) fn new(model: &'a N) -> Self {
        Self { model, gradients: GradientsAccumulator::new(), backend: std::marker::PhantomData }
    }

    /// Adds the gradients of `y` where the gradient of the loss to it is `gradient`; returns that to `x`, which `y` was made of.
    fn through<const D: usize>(
        &mut self,
        x: Option<&Tensor<Autodiff<B>, D>>,
        y: Tensor<Autodiff<B>, D>,
        gradient: Tensor<B, D>,
    ) -> Option<Tensor<B, D>> {
        self.of(x, (y * Tensor::from_inner(gradient)).sum())
    }

    /// Adds the gradients of a loss; returns that to `x`, which it was made of.
    pub(crate) fn of<const D: usize>(
        &mut self,
        x: Option<&Tensor<Autodiff<B>, D>>,
        loss: Tensor<Autodiff<B>, 1>,
    ) -> Option<Tensor<B, D>> {
        // burn has no way back from what nothing learns in, such as a frozen embedding: this learns, whatever the loss is.
        let anchor = Tensor::zeros([1], (&loss.device(), loss.dtype())).require_grad();
        let mut gradients = (loss + anchor).backward();
        let of_x = x.and_then(|x| x.grad_remove(&mut gradients));
        let mut of_parameters = OfParameters::<B> { gradients, found: GradientsParams::new() };
        self.model.visit(&mut of_parameters);
        self.gradients.accumulate(self.model, of_parameters.found);
        of_x
    }

    pub(crate) fn gradients(mut self) -> GradientsParams {
        self.gradients.grads()
    }
}

/// Takes the gradients of parameters. burn's own way asks quantised weights too, which its autodiff cannot do.
struct OfParameters<B: Backend> {
    gradients: <Autodiff<B> as AutodiffBackend>::Gradients,
    found: GradientsParams,
}

impl<B: Backend> ModuleVisitor<Autodiff<B>> for OfParameters<B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Autodiff<B>, D>>) {
        let weights = param.val();
        if matches!(weights.dtype(), DType::QFloat(_)) {
            return;
        }
        if let Some(gradient) = weights.grad_remove(&mut self.gradients) {
            self.found.register::<B, D>(param.id, gradient);
        }
    }
}

/// Adds the gradients of a loss of `tokens` to `sum`. `head` is given what the last block leaves, `[tokens, d_model]`, adds its own
/// gradients, and returns the gradient of the loss to what it was given.
pub(crate) fn add_body_gradients<B: Backend, N: AutodiffModule<Autodiff<B>>>(
    body: &LanguageModel<Autodiff<B>>,
    tokens: &TokenBatch,
    checkpointing: bool,
    sum: &mut Sum<'_, B, N>,
    head: impl FnOnce(&mut Sum<'_, B, N>, Tensor<B, 2>) -> Tensor<B, 2>,
) {
    let dropping = body.has_lora_dropout().then(|| body.clone().with_lora_dropout_of(body, key(tokens)));
    let body = dropping.as_ref().unwrap_or(body);
    let device = body.device();
    let mut cache = KvCache::for_one_pass(body.cache_shape(), tokens.batch(), &device);
    let pass = body.plan(tokens, &mut cache);
    if !checkpointing {
        let mut x = body.embed(tokens, &pass); // [tokens, d_model]
        for block in 0..body.n_blocks() {
            x = body.block(block, x, &pass, &mut cache); // [tokens, d_model]
        }
        let gradient = head(sum, x.clone().inner());
        sum.through(None, x, gradient);
        return;
    }
    // What is dropped is the same in both passes: the key is in the body's dropout already.
    let inputs = inputs_of_blocks(&body.valid().with_lora_dropout_of(body, 0), tokens);
    let mut inputs = inputs.into_iter().rev();
    let Some(last) = inputs.next() else { return };
    let mut gradient = head(sum, last);
    for (input, block) in inputs.zip((0..body.n_blocks()).rev()) {
        let x = Tensor::from_inner(input).require_grad(); // [tokens, d_model]
        // A cache of its own, which is dropped with the block.
        let y = body.block(block, x.clone(), &pass, &mut cache.clone()); // [tokens, d_model]
        if let Some(of_input) = sum.through(Some(&x), y, gradient.clone()) {
            gradient = of_input;
        }
    }
    sum.through(None, body.embed(tokens, &pass), gradient);
}

/// Stands for the tokens of a pass, so that each part of a step drops other inputs of the adapter.
fn key(tokens: &TokenBatch) -> u64 {
    let mut hash = Sha256::new();
    (0..tokens.batch()).flat_map(|row| tokens.row(row)).for_each(|id| hash.update(id.to_le_bytes()));
    hash.finalize().iter().take(8).fold(0, |key, &byte| key << 8 | u64::from(byte))
}

/// What goes into every block, and what the last leaves, `[tokens, d_model]` each.
fn inputs_of_blocks<B: Backend>(body: &LanguageModel<B>, tokens: &TokenBatch) -> Vec<Tensor<B, 2>> {
    let mut cache = KvCache::for_one_pass(body.cache_shape(), tokens.batch(), &body.device());
    let pass = body.plan(tokens, &mut cache);
    let mut inputs = vec![body.embed(tokens, &pass)];
    for block in 0..body.n_blocks() {
        let input = inputs[block].clone();
        inputs.push(body.block(block, input, &pass, &mut cache.clone()));
    }
    inputs
}
