//! What an adapter holds as a whole besides its updates: PEFT's `modules_to_save`.

use std::collections::{HashMap, HashSet};

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    tensor::{Tensor, backend::Backend},
};

use crate::{
    adaptable::Adaptable,
    causal_lm::CausalLm as _,
    config_checks::{not_supported, wrong},
    error::ModelError,
    leaf::NamedTensor,
    lora_config::LoraConfig,
    named_param::param_id,
    precision::in_type,
};

/// The model's own tensors that the config saves as a whole.
///
/// # Errors
/// If a module is none of the model's, a linear layer between embedding and head, or an embedding that is the head too.
pub(crate) fn saved_modules<B: Backend, M: Adaptable<B>>(
    model: &M,
    config: &LoraConfig,
) -> Result<Vec<NamedTensor<B>>, ModelError> {
    let mut unknown: Vec<&str> = config.modules_to_save.iter().map(String::as_str).collect();
    if unknown.is_empty() {
        return Ok(Vec::new());
    }
    let parameters = param_ids(model);
    let (mut saved, mut known) = (Vec::new(), Vec::new());
    for leaf in model.all_leaves() {
        for part in leaf.projection().into_iter().flat_map(|projection| projection.parts()) {
            if config.modules_to_save.iter().any(|module| part.name.ends_with(module)) {
                return Err(not_supported(format!(
                    "`modules_to_save` with the linear layer `{}` (name it in `target_modules`)",
                    part.name
                )));
            }
        }
        if leaf.projection().is_some() {
            continue;
        }
        for tensor in leaf.tensors() {
            let module = tensor.0.rsplit_once('.').map_or(tensor.0.as_str(), |(module, _)| module).to_owned();
            // By the end of the name, whatever is before it: so PEFT has it here, but not for targets.
            let named = |saved: &&str| module.ends_with(*saved);
            let is_saved = config.modules_to_save.iter().any(|saved| named(&saved.as_str()));
            unknown.retain(|saved| !named(saved));
            if is_saved && !parameters.contains(&param_id(&tensor.0)) {
                let what = format!("`modules_to_save` with `{}`, which is no parameter of its own", tensor.0);
                return Err(not_supported(what));
            }
            if is_saved {
                saved.push(tensor);
            }
            known.push(module.rsplit('.').next().unwrap_or_default().to_owned());
        }
    }
    if let Some(unknown) = unknown.iter().find(|module| !M::ALWAYS_SAVED.contains(module)) {
        known.sort_unstable();
        known.dedup();
        let why = format!("no module is named `{unknown}`; there are {}", known.join(", "));
        return Err(wrong("modules_to_save", why));
    }
    let per_id = [model.body().vocab_size(), model.body().d_model()];
    if model.is_tied() && saved.iter().any(|(_, shape, _)| *shape == per_id) {
        let what = "`modules_to_save` with an embedding that is the head too (PEFT would part the two)";
        return Err(not_supported(what.to_owned()));
    }
    Ok(saved)
}

/// Ids of all parameters with floats.
fn param_ids<B: Backend>(model: &impl Module<B>) -> HashSet<ParamId> {
    struct Ids(HashSet<ParamId>);
    impl<B: Backend> ModuleVisitor<B> for Ids {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            self.0.insert(param.id);
        }
    }
    let mut ids = Ids(HashSet::new());
    model.visit(&mut ids);
    ids.0
}

/// The model with other numbers for the parameters with these names.
pub(crate) fn replaced<B: Backend, M: Module<B>>(model: M, tensors: &[NamedTensor<B>]) -> M {
    struct Replace<B: Backend>(HashMap<ParamId, Tensor<B, 1>>);
    impl<B: Backend> ModuleMapper<B> for Replace<B> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
            match self.0.remove(&param.id) {
                Some(tensor) => param.map(|old| in_type(tensor.reshape(old.dims()), old.dtype())),
                None => param,
            }
        }
    }
    if tensors.is_empty() {
        return model;
    }
    let by_id = tensors.iter().map(|(name, _, tensor)| (param_id(name), tensor.clone()));
    model.map(&mut Replace(by_id.collect()))
}
