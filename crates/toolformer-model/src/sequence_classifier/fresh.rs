//! A fresh head on a language model.

use burn::tensor::{Tensor, TensorData, backend::Backend};

use super::{ClassifierConfig, SCORE, SequenceClassifier};
use crate::{
    causal_lm::CausalLm as _,
    config_checks::{not_supported, wrong},
    error::ModelError,
    families::{LanguageModel, ModelConfig},
    named_param::Matrix,
    random_weights::normal,
};

impl<B: Backend> SequenceClassifier<B> {
    /// Puts a head that nothing has been taught yet on a language model, with a score for each of `labels`; one label makes
    /// a reward model. The head is drawn from a normal distribution (standard deviation 0.02, as transformers has it), and
    /// the same seed gives the same head. The language model's own head is dropped, its updates of LoRA stay.
    ///
    /// `pad` is the id that fills rows up, for the config: transformers needs one to score several texts at once, and a text
    /// is read at its last token that is another.
    ///
    /// # Errors
    /// If the family has no such head in transformers, or there are no labels.
    pub fn on(
        body: LanguageModel<B>,
        config: &ModelConfig,
        labels: Vec<String>,
        pad: Option<u32>,
        seed: u64,
    ) -> Result<(Self, ClassifierConfig), ModelError> {
        if labels.is_empty() {
            return Err(wrong("id2label", "names no label; give one at least".to_owned()));
        }
        let body = without_head(body)?;
        let shape = [labels.len(), body.d_model()];
        let values = normal(seed, SCORE, shape.iter().product());
        let score = Tensor::from_data(TensorData::new(values, shape), &body.device());
        let config = ClassifierConfig { body: config.clone(), labels, pad };
        Ok((Self { body, score: Matrix::new(SCORE, score), pad }, config))
    }
}

/// The body alone.
fn without_head<B: Backend>(model: LanguageModel<B>) -> Result<LanguageModel<B>, ModelError> {
    match model {
        LanguageModel::Llama(model) => Ok(LanguageModel::Llama(model.without_head())),
        LanguageModel::Gpt2(model) => Ok(LanguageModel::Gpt2(model.without_head())),
        _ => Err(not_supported("a classification head on this family".to_owned())),
    }
}
