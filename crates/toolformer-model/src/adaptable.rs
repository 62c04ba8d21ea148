//! What LoRA can be put on: a language model, or a classifier with such a body.

use burn::{module::Module, tensor::backend::Backend};

use crate::{
    families::LanguageModel, leaf::Leaf, lora_config::LoraConfig, sequence_classifier::SequenceClassifier,
};

pub(crate) trait Adaptable<B: Backend>: Module<B> {
    /// PEFT's name of what it is for.
    const TASK: &'static str;
    /// What PEFT always saves as a whole, by all the names that there are for it.
    const ALWAYS_SAVED: &'static [&'static str];

    /// Where the projections are.
    fn body(&self) -> &LanguageModel<B>;

    fn body_mut(&mut self) -> &mut LanguageModel<B>;

    /// Everything that owns parameters, once.
    fn all_leaves(&self) -> Vec<&dyn Leaf<B>>;

    /// Whether the embedding is the head too.
    fn is_tied(&self) -> bool;

    /// A config with what is always saved.
    fn completed(config: &LoraConfig) -> LoraConfig {
        let mut config = config.clone();
        for &module in Self::ALWAYS_SAVED {
            if !config.modules_to_save.iter().any(|saved| saved == module) {
                config.modules_to_save.push(module.to_owned());
            }
        }
        config
    }
}

impl<B: Backend> Adaptable<B> for LanguageModel<B> {
    const TASK: &'static str = "CAUSAL_LM";
    const ALWAYS_SAVED: &'static [&'static str] = &[];

    fn body(&self) -> &LanguageModel<B> {
        self
    }

    fn body_mut(&mut self) -> &mut LanguageModel<B> {
        self
    }

    fn all_leaves(&self) -> Vec<&dyn Leaf<B>> {
        self.family().leaves()
    }

    fn is_tied(&self) -> bool {
        // A copy costs nothing but the handles, and families show this to a change only.
        self.clone().family_mut().per_id_mut().len() == 1
    }
}

impl<B: Backend> Adaptable<B> for SequenceClassifier<B> {
    const TASK: &'static str = "SEQ_CLS";
    const ALWAYS_SAVED: &'static [&'static str] = &["classifier", "score"];

    fn body(&self) -> &LanguageModel<B> {
        &self.body
    }

    fn body_mut(&mut self) -> &mut LanguageModel<B> {
        &mut self.body
    }

    fn all_leaves(&self) -> Vec<&dyn Leaf<B>> {
        self.leaves()
    }

    /// The language model's head is not used.
    fn is_tied(&self) -> bool {
        false
    }
}
