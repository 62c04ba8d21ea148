//! Classifiers and reward models as what a trainer trains.

use std::path::Path;

use burn::{
    backend::Autodiff,
    module::{Module as _, ParamId},
    tensor::backend::Backend,
};
use toolformer_model::{
    CausalLm as _, ClassifierConfig, LanguageModel, Precision, SafetensorsFolder, SequenceClassifier,
    param_id, save_tensors,
};

use super::{Method, Trainable};
use crate::error::TrainError;

/// Updates of LoRA in a checkpoint.
const UPDATES: &str = "adapter_model.safetensors";
/// The head beside them, which learns too.
const HEAD: &str = "score.safetensors";

impl<B: Backend> Trainable<B> for SequenceClassifier<B> {
    type Learning = SequenceClassifier<Autodiff<B>>;
    type Config = ClassifierConfig;

    fn learning(self) -> Self::Learning {
        self.train()
    }

    fn body(&self) -> &LanguageModel<B> {
        &self.body
    }

    fn body_mut(&mut self) -> &mut LanguageModel<B> {
        &mut self.body
    }

    fn heads(&self) -> Vec<ParamId> {
        self.score_tensors().iter().map(|(name, _, _)| param_id(name)).collect()
    }

    fn save_trained(&self, method: &Method, folder: &Path) -> Result<(), TrainError> {
        match method {
            Method::Lora(_) => {
                save_tensors(&folder.join(UPDATES), &self.body.lora_tensors())?;
                Ok(save_tensors(&folder.join(HEAD), &self.score_tensors())?)
            }
            Method::Full => Ok(self.save_weights(folder)?),
        }
    }

    fn load_trained(
        mut self,
        config: &ClassifierConfig,
        method: &Method,
        folder: &Path,
    ) -> Result<Self, TrainError> {
        match method {
            Method::Lora(lora) => {
                self.body.load_lora(lora, &SafetensorsFolder::open_file(folder.join(UPDATES))?)?;
                self.set_score(&SafetensorsFolder::open_file(folder.join(HEAD))?)?;
                Ok(self)
            }
            Method::Full => {
                let weights = SafetensorsFolder::open(folder)?;
                Ok(Self::from_weights(config, &weights, Precision::F32, &self.body.device())?)
            }
        }
    }
}
