//! Several adapters for one model, of which one at a time is on.

use std::{collections::BTreeMap, path::Path};

use burn::tensor::backend::Backend;

use crate::{
    adapter::open_adapter,
    config_checks::wrong,
    error::ModelError,
    families::LanguageModel,
    leaf::NamedTensor,
    lora::{Adapter, put_on, read},
    lora_config::LoraConfig,
    saved_modules::{replaced, saved_modules},
    weights::WeightSource,
};

/// A model and its adapters by name. The weights of the model are there once, and switching copies nothing.
#[derive(Debug)]
pub struct Adapters<B: Backend> {
    model: LanguageModel<B>,
    known: BTreeMap<String, Known<B>>,
    active: Option<String>,
}

#[derive(Debug)]
struct Known<B: Backend> {
    adapter: Adapter<B>,
    /// The model's own, of what the adapter has as a whole.
    originals: Vec<NamedTensor<B>>,
}

impl<B: Backend> Adapters<B> {
    /// A model, as yet without adapters.
    ///
    /// # Errors
    /// If the model has updates.
    pub fn new(model: LanguageModel<B>) -> Result<Self, ModelError> {
        if model.has_lora() {
            return Err(wrong("lora", "the model has updates already: give it without them".into()));
        }
        Ok(Self { model, known: BTreeMap::new(), active: None })
    }

    /// Reads an adapter in PEFT's layout, to be put on later.
    ///
    /// # Errors
    /// If there is one of that name, the config is not valid, or the tensors are not the ones that it asks for.
    pub fn add_adapter(
        &mut self,
        name: &str,
        config: &LoraConfig,
        source: &dyn WeightSource,
    ) -> Result<(), ModelError> {
        if self.known.contains_key(name) {
            return Err(wrong("adapter", format!("there is an adapter `{name}` already")));
        }
        let active = self.active.clone();
        self.disable_adapters();
        let read = read(&self.model, config, source)
            .and_then(|adapter| Ok(Known { adapter, originals: saved_modules(&self.model, config)? }));
        let added = read.map(|known| drop(self.known.insert(name.to_owned(), known)));
        active.map_or(Ok(()), |active| self.set_adapter(&active))?;
        added
    }

    /// Reads an adapter's folder, as [`load_adapter`](crate::load_adapter) does.
    ///
    /// # Errors
    /// As [`load_adapter`](crate::load_adapter), and if there is one of that name.
    pub fn open_adapter(&mut self, name: &str, folder: &Path) -> Result<LoraConfig, ModelError> {
        let (config, weights) = open_adapter(folder, "CAUSAL_LM")?;
        self.add_adapter(name, &config, &weights).map_err(|error| error.in_file(folder))?;
        Ok(config)
    }

    /// Puts an adapter on, in the place of the one that is on.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn set_adapter(&mut self, name: &str) -> Result<(), ModelError> {
        self.check(name)?;
        self.disable_adapters();
        if let Some(Known { adapter, .. }) = self.known.get(name) {
            put_on(&mut self.model, adapter);
            self.active = Some(name.to_owned());
        }
        Ok(())
    }

    /// The model alone again; the adapters stay known.
    pub fn disable_adapters(&mut self) {
        let Some(active) = self.active.take() else { return };
        let originals = self.known.get(&active).map_or(&[][..], |known| &known.originals);
        self.model = replaced(self.model.clone().without_lora(), originals);
    }

    /// Forgets an adapter; if it is on, the model is alone then.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn delete_adapter(&mut self, name: &str) -> Result<(), ModelError> {
        self.check(name)?;
        if self.active.as_deref() == Some(name) {
            self.disable_adapters();
        }
        self.known.remove(name);
        Ok(())
    }

    /// The names of all.
    pub fn adapters(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    /// The name of the one that is on.
    pub fn active_adapter(&self) -> Option<&str> {
        self.active.as_deref()
    }

    /// The model with the adapter that is on.
    pub fn model(&self) -> &LanguageModel<B> {
        &self.model
    }

    /// As [`Adapters::model`], and the adapters are given up.
    pub fn into_model(self) -> LanguageModel<B> {
        self.model
    }

    fn check(&self, name: &str) -> Result<(), ModelError> {
        if self.known.contains_key(name) {
            return Ok(());
        }
        let known: Vec<&str> = self.adapters().collect();
        Err(wrong("adapter", format!("there is no adapter `{name}`; there are: {}", known.join(", "))))
    }
}
