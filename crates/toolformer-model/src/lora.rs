//! LoRA adapters (Hu et al., 2021) on a model's projections.

use burn::{
    module::ParamId,
    tensor::{Tensor, TensorData, backend::Backend},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::{
    adaptable::Adaptable,
    causal_lm::CausalLm as _,
    config_checks::wrong,
    error::ModelError,
    leaf::{NamedTensor, named},
    loader::load,
    lora_config::LoraConfig,
    lora_pair::LoraPair,
    named_param::{named_param, param_id},
    precision::Precision,
    projection::{Layout, transposed},
    saved_modules::{replaced, saved_modules},
    weights::WeightSource,
};

/// The prefix that PEFT puts before every name.
const PEFT: &str = "base_model.model.";

/// An adapter that fits a model.
#[derive(Clone, Debug)]
pub(crate) struct Adapter<B: Backend> {
    /// Each with the number of its projection.
    pairs: Vec<(usize, LoraPair<B>)>,
    /// What it holds as a whole, under the model's own names.
    pub(crate) saved: Vec<NamedTensor<B>>,
}

/// A projection that a config asks an update for.
struct Target {
    projection: usize,
    part: usize,
    name: String,
    d_in: usize,
    d_out: usize,
    rank: usize,
    scale: f64,
}

impl Target {
    fn pair<B: Backend>(self, config: &LoraConfig, a: Tensor<B, 2>, b: Tensor<B, 2>) -> (usize, LoraPair<B>) {
        let pair = LoraPair {
            a: named_param(&format!("{}.lora_A.weight", self.name), a),
            b: named_param(&format!("{}.lora_B.weight", self.name), b),
            part: self.part,
            scale: self.scale,
            dropout: config.lora_dropout,
            merged: false,
        };
        (self.projection, pair)
    }
}

/// `A` uniform in `+-1/sqrt(d_in)` from `seed` (PEFT's default), `B` zero; what is saved as a whole as it is.
pub(crate) fn fresh<B: Backend, M: Adaptable<B>>(
    model: &M,
    config: &LoraConfig,
    seed: u64,
) -> Result<Adapter<B>, ModelError> {
    let device = model.body().device();
    let pairs = targets(model, config)?.into_iter().map(|target| {
        let &Target { d_in, d_out, rank, .. } = &target;
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ param_id(&target.name).val());
        let bound = 1.0 / (d_in as f32).sqrt();
        let a: Vec<f32> = (0..d_in * rank).map(|_| rng.random_range(-bound..bound)).collect();
        let a = Tensor::from_data(TensorData::new(a, [d_in, rank]), &device);
        target.pair(config, a, Tensor::zeros([rank, d_out], &device))
    });
    Ok(Adapter { pairs: pairs.collect(), saved: saved_modules(model, config)? })
}

/// The adapter that a file in PEFT's layout holds.
pub(crate) fn read<B: Backend, M: Adaptable<B>>(
    model: &M,
    config: &LoraConfig,
    source: &dyn WeightSource,
) -> Result<Adapter<B>, ModelError> {
    let (targets, saved) = (targets(model, config)?, saved_modules(model, config)?);
    let (matrices, saved) = load(source, Precision::F32, &model.body().device(), "", |loader| {
        let matrices = targets.iter().map(|Target { name, d_in, d_out, rank, .. }| {
            let a = loader.raw_matrix(&format!("{PEFT}{name}.lora_A.weight"), [*rank, *d_in])?;
            let b = loader.raw_matrix(&format!("{PEFT}{name}.lora_B.weight"), [*d_out, *rank])?;
            Ok((transposed(a), transposed(b)))
        });
        let matrices: Vec<_> = matrices.collect::<Result<_, ModelError>>()?;
        let saved = saved.iter().map(|(name, shape, _)| {
            let values = loader.raw(&format!("{PEFT}{name}"), shape)?;
            Ok((name.clone(), shape.clone(), values))
        });
        Ok((matrices, saved.collect::<Result<Vec<NamedTensor<B>>, ModelError>>()?))
    })?;
    let pairs = targets.into_iter().zip(matrices).map(|(target, (a, b))| target.pair(config, a, b));
    Ok(Adapter { pairs: pairs.collect(), saved })
}

/// Puts an adapter on a model.
pub(crate) fn put_on<B: Backend, M: Adaptable<B>>(model: &mut M, adapter: &Adapter<B>) {
    *model = replaced(model.clone(), &adapter.saved);
    let mut projections = model.body_mut().family_mut().projections_mut();
    for (projection, pair) in &adapter.pairs {
        projections[*projection].push_lora(pair.clone());
    }
}

/// An adapter's tensors under PEFT's names and in its layout (`A` as `[rank, d_in]`, `B` as `[d_out, rank]`).
pub(crate) fn tensors<B: Backend, M: Adaptable<B>>(
    model: &M,
    config: &LoraConfig,
) -> Result<Vec<NamedTensor<B>>, ModelError> {
    let mut tensors = updates(model);
    let saved = saved_modules(model, &M::completed(config))?.into_iter();
    tensors.extend(saved.map(|(name, shape, values)| (format!("{PEFT}{name}"), shape, values)));
    Ok(tensors)
}

/// The updates alone.
pub(crate) fn updates<B: Backend, M: Adaptable<B>>(model: &M) -> Vec<NamedTensor<B>> {
    let mut tensors = Vec::new();
    for projection in model.body().family().projections() {
        for pair in projection.lora() {
            let name = format!("{PEFT}{}", projection.parts()[pair.part].name);
            for (which, tensor) in [("lora_A", pair.a.val()), ("lora_B", pair.b.val())] {
                tensors.push(named(format!("{name}.{which}.weight"), tensor.transpose()));
            }
        }
    }
    tensors
}

/// Ids of what an adapter trains.
pub(crate) fn trained_ids<B: Backend, M: Adaptable<B>>(
    model: &M,
    config: &LoraConfig,
) -> Result<Vec<ParamId>, ModelError> {
    let saved = saved_modules(model, &M::completed(config))?.into_iter();
    let mut ids = update_ids(model);
    ids.extend(saved.map(|(name, ..)| param_id(&name)));
    Ok(ids)
}

/// Ids of the updates' parameters.
pub(crate) fn update_ids<B: Backend, M: Adaptable<B>>(model: &M) -> Vec<ParamId> {
    let projections = model.body().family().projections().into_iter();
    projections.flat_map(|projection| projection.lora()).flat_map(|pair| [pair.a.id, pair.b.id]).collect()
}

/// The JSON that PEFT reads, for an adapter of `model`.
pub(crate) fn peft_json<B: Backend, M: Adaptable<B>>(
    model: &M,
    config: &LoraConfig,
    base_model: &str,
) -> Value {
    let projections = model.body().family().projections();
    let conv1d = projections.iter().any(|projection| projection.layout() == Layout::InOut);
    let names = projections.iter().flat_map(|projection| projection.parts()).map(|part| part.name.as_str());
    let mut seen = std::collections::HashSet::new();
    let all: Vec<&str> = names.map(in_block).filter(|name| seen.insert(*name)).collect();
    M::completed(config).peft_json(M::TASK, base_model, conv1d, &all)
}

/// A projection's name within its block: what follows the block's number and the module that it is in, such as
/// `q_proj` of `model.layers.0.self_attn.q_proj`; a name that ends in a number keeps the module before it.
fn in_block(name: &str) -> &str {
    let mut dots = name.rmatch_indices('.').map(|(at, _)| at);
    match (dots.next(), dots.next()) {
        (Some(last), before) if name[last + 1..].parse::<usize>().is_ok() => {
            before.map_or(name, |before| &name[before + 1..])
        }
        (Some(last), _) => &name[last + 1..],
        (None, _) => name,
    }
}

fn targets<B: Backend, M: Adaptable<B>>(model: &M, config: &LoraConfig) -> Result<Vec<Target>, ModelError> {
    config.validate()?;
    if !update_ids(model).is_empty() {
        let why = "the model has updates already: merge or drop them, or switch by `Adapters`".into();
        return Err(wrong("lora", why));
    }
    let matcher = config.target_modules.matcher()?;
    let (mut targets, mut names) = (Vec::new(), Vec::new());
    for (i, projection) in model.body().family().projections().into_iter().enumerate() {
        for (part, described) in projection.parts().iter().enumerate() {
            let name = described.name.clone();
            names.push(name.clone());
            if matcher.is_match(&name) && !config.leaves_out(&name) {
                let (d_in, d_out) = (projection.d_in(), described.d_out);
                let (rank, scale) = (config.rank_of(&name)?, config.scale_of(&name)?);
                targets.push(Target { projection: i, part, name, d_in, d_out, rank, scale });
            }
        }
    }
    if let Some(unknown) = matcher.unknown(&names) {
        let mut known: Vec<&str> = names.iter().map(|name| in_block(name)).collect();
        known.sort_unstable();
        known.dedup();
        let why = format!("no projection is named `{unknown}`; there are {}", known.join(", "));
        return Err(wrong("target_modules", why));
    }
    if targets.is_empty() {
        let why = "leaves no projection that is named in `target_modules`".into();
        return Err(wrong("layers_to_transform", why));
    }
    Ok(targets)
}
