//! Models that a trainer can train.

use std::{collections::HashSet, path::Path};

use burn::{
    backend::Autodiff,
    module::{AutodiffModule, Module, ModuleMapper, Param, ParamId},
    tensor::{Tensor, backend::Backend},
};
use toolformer_model::{
    CausalLm as _, LanguageModel, LoraConfig, ModelConfig, ParameterCount, SafetensorsFolder, save_adapter,
    save_weights,
};

use super::Method;
use crate::error::TrainError;

/// A model that a trainer can train: it has a body that LoRA can be put on, and can be written and read again.
pub trait Trainable<B: Backend>: Module<B> {
    /// The same model under autodiff.
    type Learning: AutodiffModule<Autodiff<B>, InnerModule = Self>;
    /// What it is read with.
    type Config;

    /// Puts it under autodiff; nothing of it learns yet.
    fn learning(self) -> Self::Learning;

    /// The language model in it.
    fn body(&self) -> &LanguageModel<B>;

    /// The language model in it.
    fn body_mut(&mut self) -> &mut LanguageModel<B>;

    /// Puts a fresh adapter on it.
    ///
    /// # Errors
    /// If the config does not fit the model.
    fn attach(&mut self, lora: &LoraConfig, seed: u64) -> Result<(), TrainError>;

    /// The parameters that an adapter trains.
    ///
    /// # Errors
    /// If the config does not fit the model.
    fn learnt_by(&self, lora: &LoraConfig) -> Result<Vec<ParamId>, TrainError>;

    /// How many parameters an adapter trains.
    ///
    /// # Errors
    /// If the config does not fit the model.
    fn count(&self, lora: &LoraConfig) -> Result<ParameterCount, TrainError>;

    /// With dropout on what the adapter reads, for one step.
    fn with_dropout(learning: Self::Learning, seed: u64, step: u64) -> Self::Learning;

    /// Writes what a method trains to a folder.
    ///
    /// # Errors
    /// If it cannot be written.
    fn save_trained(&self, method: &Method, folder: &Path) -> Result<(), TrainError>;

    /// Reads what [`Trainable::save_trained`] wrote, into a model without it.
    ///
    /// # Errors
    /// If it cannot be read, or is of another model.
    fn load_trained(self, config: &Self::Config, method: &Method, folder: &Path) -> Result<Self, TrainError>;
}

impl<B: Backend> Trainable<B> for LanguageModel<B> {
    type Learning = LanguageModel<Autodiff<B>>;
    type Config = ModelConfig;

    fn learning(self) -> Self::Learning {
        self.train()
    }

    fn body(&self) -> &LanguageModel<B> {
        self
    }

    fn body_mut(&mut self) -> &mut LanguageModel<B> {
        self
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
            Method::Lora(config) => Ok(save_adapter(folder, self, config, "base")?),
            Method::Full => Ok(save_weights(folder, self)?),
        }
    }

    fn load_trained(
        mut self,
        config: &ModelConfig,
        method: &Method,
        folder: &Path,
    ) -> Result<Self, TrainError> {
        match method {
            Method::Lora(lora) => {
                let adapter = SafetensorsFolder::open_file(folder.join("adapter_model.safetensors"))?;
                self.load_lora(lora, &adapter)?;
                Ok(self)
            }
            Method::Full => {
                let weights = SafetensorsFolder::open(folder)?;
                Ok(Self::from_weights(config, &weights, self.float(), &self.device())?)
            }
        }
    }
}

/// The model as one that learns: with LoRA only its updates do, and what is trained as a whole beside them.
pub(super) fn trainable<B: Backend, M: Trainable<B>>(
    model: M,
    method: &Method,
) -> Result<M::Learning, TrainError> {
    let only = learnt_alone(&model, method)?;
    Ok(model.learning().map(&mut RequireGrad { only }))
}

/// The parameters that a method trains, or none where it is all.
pub(super) fn learnt_alone<B: Backend, M: Trainable<B>>(
    model: &M,
    method: &Method,
) -> Result<Option<HashSet<ParamId>>, TrainError> {
    Ok(match method {
        Method::Lora(lora) => Some(model.learnt_by(lora)?.into_iter().collect()),
        Method::Full => None,
    })
}

/// How many parameters a method trains, and how many there are.
pub(super) fn count_learnt<B: Backend, M: Trainable<B>>(
    model: &M,
    method: &Method,
) -> Result<ParameterCount, TrainError> {
    let all = model.num_params();
    let trainable = match method {
        Method::Lora(lora) => model.count(lora)?.trainable,
        Method::Full => all,
    };
    Ok(ParameterCount { trainable, all })
}

/// Lets the parameters with these ids learn, or all.
struct RequireGrad {
    only: Option<HashSet<ParamId>>,
}

impl<B: Backend> ModuleMapper<B> for RequireGrad {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let learns = self.only.as_ref().is_none_or(|only| only.contains(&param.id));
        param.set_require_grad(learns)
    }
}

/// Whether the model is held in numbers that the method can train: quantised weights stay as they are, under an adapter.
pub(crate) fn check_precision<B: Backend>(
    model: &LanguageModel<B>,
    method: &Method,
) -> Result<(), TrainError> {
    if *method != Method::Full || !model.is_quantised() {
        return Ok(());
    }
    let why =
        "quantised weights cannot be trained; train a LoRA adapter on them, or load the model in f32 or bf16";
    Err(TrainError::Setting { name: "precision", why: why.into() })
}
