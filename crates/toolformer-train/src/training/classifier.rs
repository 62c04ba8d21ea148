//! Classifiers and reward models as what a trainer trains.

use std::path::Path;

use burn::{
    backend::Autodiff,
    module::{Module as _, ParamId},
    tensor::backend::Backend,
};
use toolformer_model::{
    CausalLm as _, ClassifierConfig, LanguageModel, LoraConfig, ParameterCount, SafetensorsFolder,
    SequenceClassifier, save_classifier_adapter,
};

use super::{Method, Trainable};
use crate::error::TrainError;

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

    fn attach(&mut self, lora: &LoraConfig, seed: u64) -> Result<(), TrainError> {
        Ok(self.attach_lora(lora, seed)?)
    }

    fn learnt_by(&self, lora: &LoraConfig) -> Result<Vec<ParamId>, TrainError> {
        Ok(self.adapter_param_ids(lora)?)
    }

    fn with_dropout(learning: Self::Learning, seed: u64, step: u64) -> Self::Learning {
        learning.with_lora_dropout(seed, step)
    }

    fn count(&self, lora: &LoraConfig) -> Result<ParameterCount, TrainError> {
        Ok(self.count_adapter(lora)?)
    }

    fn save_trained(&self, method: &Method, folder: &Path) -> Result<(), TrainError> {
        match method {
            Method::Lora(lora) => Ok(save_classifier_adapter(folder, self, lora, "base")?),
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
                self.load_lora(
                    lora,
                    &SafetensorsFolder::open_file(folder.join("adapter_model.safetensors"))?,
                )?;
                Ok(self)
            }
            Method::Full => {
                let weights = SafetensorsFolder::open(folder)?;
                Ok(Self::from_weights(config, &weights, self.body.float(), &self.body.device())?)
            }
        }
    }
}
