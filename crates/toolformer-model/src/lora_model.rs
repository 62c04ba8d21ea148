//! LoRA on a language model and on a classifier.

use burn::{module::ParamId, tensor::backend::Backend};
use serde_json::Value;

use crate::{
    adaptable::Adaptable as _,
    config_checks::wrong,
    error::ModelError,
    families::LanguageModel,
    leaf::NamedTensor,
    lora::{fresh, peft_json, put_on, read, trained_ids, update_ids, updates},
    lora_config::LoraConfig,
    parameter_count::ParameterCount,
    projection::Projection,
    sequence_classifier::SequenceClassifier,
    weights::WeightSource,
};

impl<B: Backend> LanguageModel<B> {
    /// Adds fresh updates: `A` uniform in `+-1/sqrt(d_in)` from `seed` (PEFT's default), `B` zero, so that the
    /// model's outputs do not change. They are in single precision, whatever the model is held in.
    ///
    /// # Errors
    /// If the config is not valid or not for this model, or the model has updates already.
    pub fn attach_lora(&mut self, config: &LoraConfig, seed: u64) -> Result<(), ModelError> {
        let adapter = fresh(self, config, seed)?;
        put_on(self, &adapter);
        Ok(())
    }

    /// Adds the updates of an adapter in PEFT's layout, and what it holds as a whole; it can be trained on.
    ///
    /// # Errors
    /// If the config is not valid or the tensors are not the ones that it asks for, or the model has updates already.
    pub fn load_lora(&mut self, config: &LoraConfig, source: &dyn WeightSource) -> Result<(), ModelError> {
        let adapter = read(self, config, source)?;
        put_on(self, &adapter);
        Ok(())
    }

    /// The updates under PEFT's names and in its layout (`A` as `[rank, d_in]`, `B` as `[d_out, rank]`).
    pub fn lora_tensors(&self) -> Vec<NamedTensor<B>> {
        updates(self)
    }

    /// The JSON that PEFT reads, for an adapter of this model.
    pub fn peft_json(&self, config: &LoraConfig, base_model: &str) -> Value {
        peft_json(self, config, base_model)
    }

    /// Whether any projection has an update.
    pub fn has_lora(&self) -> bool {
        !update_ids(self).is_empty()
    }

    /// Ids of the updates' parameters.
    pub fn lora_param_ids(&self) -> Vec<ParamId> {
        update_ids(self)
    }

    /// Ids of all that an adapter trains: the updates, and what is saved as a whole besides.
    ///
    /// # Errors
    /// If `modules_to_save` does not fit the model.
    pub fn adapter_param_ids(&self, config: &LoraConfig) -> Result<Vec<ParamId>, ModelError> {
        trained_ids(self, config)
    }

    /// How many parameters an adapter trains, and of how many; as PEFT counts, with the originals of what is saved as a
    /// whole.
    ///
    /// # Errors
    /// If `modules_to_save` does not fit the model.
    pub fn count_adapter(&self, config: &LoraConfig) -> Result<ParameterCount, ModelError> {
        ParameterCount::of_adapter(self, config)
    }

    /// Folds the updates into the weights, which are then not quantised any more: the same outputs, and nothing left to
    /// pay for at inference.
    #[must_use]
    pub fn merge_lora(mut self) -> Self {
        for projection in self.family_mut().projections_mut() {
            projection.merge_lora();
            projection.forget_lora();
        }
        self
    }

    /// Folds the updates into the weights and keeps them, for [`LanguageModel::unmerge_lora`].
    ///
    /// # Errors
    /// If the model is quantised: its weights would not come back.
    pub fn merge_lora_in_place(&mut self) -> Result<(), ModelError> {
        if self.is_quantised() {
            let why =
                "updates cannot be taken out of quantised weights again; merge for good, or leave them apart";
            return Err(wrong("lora", why.into()));
        }
        self.family_mut().projections_mut().into_iter().for_each(Projection::merge_lora);
        Ok(())
    }

    /// Takes updates that were folded in out of the weights again, within the rounding of their numbers.
    pub fn unmerge_lora(&mut self) {
        self.family_mut().projections_mut().into_iter().for_each(Projection::unmerge_lora);
    }

    /// Drops the updates. What was saved as a whole stays; [`Adapters`](crate::Adapters) brings the original back.
    #[must_use]
    pub fn without_lora(mut self) -> Self {
        self.family_mut().projections_mut().into_iter().for_each(Projection::drop_lora);
        self
    }
}

impl<B: Backend> SequenceClassifier<B> {
    /// Adds fresh updates to the body as [`LanguageModel::attach_lora`] does; the head is trained as a whole, as in PEFT.
    ///
    /// # Errors
    /// As [`LanguageModel::attach_lora`].
    pub fn attach_lora(&mut self, config: &LoraConfig, seed: u64) -> Result<(), ModelError> {
        let adapter = fresh(self, &Self::completed(config), seed)?;
        put_on(self, &adapter);
        Ok(())
    }

    /// Adds the updates and the head of an adapter in PEFT's layout.
    ///
    /// # Errors
    /// As [`LanguageModel::load_lora`].
    pub fn load_lora(&mut self, config: &LoraConfig, source: &dyn WeightSource) -> Result<(), ModelError> {
        let adapter = read(self, &Self::completed(config), source)?;
        put_on(self, &adapter);
        Ok(())
    }

    /// Ids of all that an adapter trains: the updates, the head, and what else is saved as a whole.
    ///
    /// # Errors
    /// If `modules_to_save` does not fit the model.
    pub fn adapter_param_ids(&self, config: &LoraConfig) -> Result<Vec<ParamId>, ModelError> {
        trained_ids(self, config)
    }

    /// As [`LanguageModel::count_adapter`].
    ///
    /// # Errors
    /// If `modules_to_save` does not fit the model.
    pub fn count_adapter(&self, config: &LoraConfig) -> Result<ParameterCount, ModelError> {
        ParameterCount::of_adapter(self, config)
    }

    /// As [`LanguageModel::merge_lora`].
    #[must_use]
    pub fn merge_lora(mut self) -> Self {
        self.body = self.body.merge_lora();
        self
    }
}
