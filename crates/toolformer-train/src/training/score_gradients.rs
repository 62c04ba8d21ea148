//! Gradients of a loss of the scores of texts.

use burn::{
    backend::Autodiff,
    tensor::{ElementConversion, IndexingUpdateOp, Int, Tensor, backend::Backend},
};
use toolformer_model::{SequenceClassifier, TokenBatch};

use super::{
    StepGradients, TrainingSettings,
    body_gradients::{Sum, add_body_gradients},
    micro_batches::micro_batches,
};

/// How the examples of a step are gone through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    micro_batch_tokens: usize,
    gradient_checkpointing: bool,
}

impl Parts {
    pub(crate) fn of(settings: &TrainingSettings) -> Self {
        let &TrainingSettings { micro_batch_tokens, gradient_checkpointing, .. } = settings;
        Self { micro_batch_tokens, gradient_checkpointing }
    }

    /// Tokens that are scored at once, where nothing is learnt.
    pub(crate) fn tokens_to_score(self) -> usize {
        self.micro_batch_tokens.max(512)
    }

    /// The gradient of a loss of the scores of examples. `texts` are those of some examples, of which `loss` is given the
    /// scores, `[batch, labels]`.
    pub(crate) fn gradients<'a, B: Backend, T>(
        self,
        model: &SequenceClassifier<Autodiff<B>>,
        mut examples: Vec<&'a T>,
        texts: impl Fn(&[&'a T]) -> Vec<&'a [u32]>,
        loss: impl Fn(Tensor<Autodiff<B>, 2>, &[&'a T]) -> Tensor<Autodiff<B>, 1>,
    ) -> StepGradients {
        let len = |example: &&'a T| texts(&[*example]).iter().map(|ids| ids.len()).sum::<usize>();
        examples.sort_by_cached_key(len);
        let mut gradients = Sum::new(model);
        let (mut sum, mut tokens) = (0.0, 0);
        for part in micro_batches(&examples, self.micro_batch_tokens, len) {
            let batch = TokenBatch::new(&texts(part));
            tokens += batch.tokens();
            let loss = |scores| loss(scores, part);
            sum += add_score_gradients(model, &batch, self.gradient_checkpointing, &mut gradients, loss);
        }
        StepGradients { gradients: gradients.gradients(), loss: sum, tokens }
    }
}

/// Adds the gradients of a loss of the scores of `texts`, `[batch, labels]`, to `sum`; returns the loss.
fn add_score_gradients<B: Backend>(
    model: &SequenceClassifier<Autodiff<B>>,
    texts: &TokenBatch,
    checkpointing: bool,
    sum: &mut Sum<'_, B, SequenceClassifier<Autodiff<B>>>,
    loss: impl FnOnce(Tensor<Autodiff<B>, 2>) -> Tensor<Autodiff<B>, 1>,
) -> f64 {
    let places: Vec<i32> =
        model.last_tokens(texts).into_iter().map(|place| i32::try_from(place).unwrap_or(i32::MAX)).collect();
    let mut found = 0.0;
    add_body_gradients(&model.body, texts, checkpointing, sum, |sum, last| {
        let places: Tensor<B, 1, Int> = Tensor::from_ints(places.as_slice(), &last.device());
        let chosen = Tensor::from_inner(last.clone().select(0, places.clone())).require_grad(); // [batch, d_model]
        let loss = loss(model.head(chosen.clone())); // [1]
        found = loss.clone().into_scalar().elem::<f64>();
        let everywhere = Tensor::zeros_like(&last);
        match sum.of(Some(&chosen), loss) {
            Some(gradient) => everywhere.select_assign(0, places, gradient, IndexingUpdateOp::Add),
            None => everywhere,
        }
    });
    found
}
