//! AdamW (Loshchilov and Hutter, 2019) with decay for some tensors only, and a state that can be written and read.

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
};

use burn::{
    backend::Autodiff,
    module::{AutodiffModule, ModuleMapper, ModuleVisitor, Param, ParamId},
    optim::GradientsParams,
    tensor::{DType, FloatDType, Tensor, TensorData, backend::Backend},
};
use toolformer_model::{AdamWStep, SafetensorsFolder, save_tensors};

use super::{DecayedTensors, Method, Trainable, TrainingSettings, trainable::learnt_alone};
use crate::error::TrainError;

/// What the optimiser remembers of a parameter, whose numbers it takes in a row.
struct Moments<B: Backend> {
    /// Steps of the parameter.
    time: usize,
    moment_1: Tensor<B, 1>,
    moment_2: Tensor<B, 1>,
    /// The parameter in single precision, where the model holds it in half.
    master: Option<Tensor<B, 1>>,
}

/// The optimiser of a run. Its state is in single precision, whatever the model is in.
pub(super) struct Optimizer<B: Backend> {
    /// The factors that do not change.
    step: AdamWStep,
    decayed: DecayedTensors,
    moments: BTreeMap<u64, Moments<B>>,
}

impl<B: Backend> Optimizer<B> {
    pub(super) fn new(settings: &TrainingSettings) -> Self {
        let step = AdamWStep {
            rate: 0.0,
            gradient_factor: 1.0,
            beta_1: settings.beta_1,
            beta_2: settings.beta_2,
            epsilon: settings.epsilon,
            weight_decay: settings.weight_decay,
            time: 0,
        };
        Self { step, decayed: settings.decayed, moments: BTreeMap::new() }
    }

    /// A step against the gradients, times a factor; parameters without one stay.
    pub(super) fn step<N: AutodiffModule<Autodiff<B>>>(
        &mut self,
        rate: f64,
        factor: f64,
        model: N,
        gradients: GradientsParams,
    ) -> N {
        (self.step.rate, self.step.gradient_factor) = (rate, factor);
        model.map(&mut Step { optimizer: self, gradients })
    }

    /// The parameter after a step.
    fn stepped(
        &mut self,
        id: ParamId,
        axes: usize,
        weights: Tensor<B, 1>,
        gradient: Tensor<B, 1>,
    ) -> Tensor<B, 1> {
        let dtype = weights.dtype();
        let half = dtype != DType::F32;
        let single = |x: Tensor<B, 1>| if half { x.cast(FloatDType::F32) } else { x };
        let gradient = single(gradient);
        let Moments { time, moment_1, moment_2, master } =
            self.moments.remove(&id.val()).unwrap_or_else(|| Moments {
                time: 0,
                moment_1: Tensor::zeros_like(&gradient),
                moment_2: Tensor::zeros_like(&gradient),
                master: None,
            });
        let weights = master.unwrap_or_else(|| single(weights));
        let decays = axes >= 2 || self.decayed == DecayedTensors::All;
        let step = AdamWStep {
            weight_decay: if decays { self.step.weight_decay } else { 0.0 },
            time: time + 1,
            ..self.step
        };
        let [weights, moment_1, moment_2] = step.apply(&gradient, [weights, moment_1, moment_2]);
        let stepped = if half { weights.clone().cast(FloatDType::from(dtype)) } else { weights.clone() };
        let master = half.then_some(weights);
        self.moments.insert(id.val(), Moments { time: time + 1, moment_1, moment_2, master });
        stepped
    }

    /// Writes the state to a safetensors file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn save(&self, path: &Path, device: &B::Device) -> Result<(), TrainError> {
        let mut tensors = Vec::new();
        for (id, Moments { time, moment_1, moment_2, master }) in &self.moments {
            let time = TensorData::new(vec![*time as f32], [1]);
            let of = |name: &str, tensor: Tensor<B, 1>| {
                (format!("{id:016x}.{name}"), tensor.dims().to_vec(), tensor)
            };
            tensors.push(of("time", Tensor::from_data(time, (device, DType::F32))));
            tensors.push(of("moment_1", moment_1.clone()));
            tensors.push(of("moment_2", moment_2.clone()));
            tensors.extend(master.clone().map(|master| of("master", master)));
        }
        Ok(save_tensors(path, &tensors)?)
    }

    /// Reads what [`Optimizer::save`] wrote for this model, of which a method trains all parameters or only some.
    ///
    /// # Errors
    /// If it cannot be read, or is of other parameters.
    pub(super) fn load(
        &mut self,
        path: &Path,
        model: &impl Trainable<B>,
        method: &Method,
        device: &B::Device,
    ) -> Result<(), TrainError> {
        let mut numbers_of =
            NumbersOfParameters { only: learnt_alone(model, method)?, found: BTreeMap::new() };
        model.visit(&mut numbers_of);
        let file = SafetensorsFolder::open_file(path.to_owned())?;
        let numbers = |id: &str, name: &str| Ok::<_, TrainError>(file.tensor_f32(&format!("{id}.{name}"))?.1);
        let tensor = |values: Vec<f32>| {
            let len = values.len();
            Tensor::from_data(TensorData::new(values, [len]), (device, DType::F32))
        };
        let damaged = |why: String| TrainError::Checkpoint { path: path.to_owned(), why };
        for id in file.names().filter_map(|name| name.strip_suffix(".time")) {
            let key =
                u64::from_str_radix(id, 16).map_err(|_| damaged(format!("holds `{id}`, which is no id")))?;
            let [time] = numbers(id, "time")?[..] else {
                return Err(damaged(format!("has no time for {id}")));
            };
            let has_master = file.shape(&format!("{id}.master")).is_some();
            let moments = Moments {
                time: time as usize,
                moment_1: tensor(numbers(id, "moment_1")?),
                moment_2: tensor(numbers(id, "moment_2")?),
                master: if has_master { Some(tensor(numbers(id, "master")?)) } else { None },
            };
            let parts = [Some(&moments.moment_1), Some(&moments.moment_2), moments.master.as_ref()];
            let has = |len: usize| parts.into_iter().flatten().all(|part| part.dims() == [len]);
            if !numbers_of.found.get(&key).is_some_and(|&len| has(len)) {
                return Err(damaged(format!("has moments for {id} that fit no parameter which is trained")));
            }
            self.moments.insert(key, moments);
        }
        Ok(())
    }
}

/// How many numbers each parameter has that is trained.
struct NumbersOfParameters {
    /// None for all.
    only: Option<HashSet<ParamId>>,
    found: BTreeMap<u64, usize>,
}

impl<B: Backend> ModuleVisitor<B> for NumbersOfParameters {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if self.only.as_ref().is_none_or(|only| only.contains(&param.id)) {
            self.found.insert(param.id.val(), param.shape().num_elements());
        }
    }
}

/// A step of all parameters.
struct Step<'a, B: Backend> {
    optimizer: &'a mut Optimizer<B>,
    gradients: GradientsParams,
}

impl<B: Backend> ModuleMapper<Autodiff<B>> for Step<'_, B> {
    fn map_float<const D: usize>(
        &mut self,
        param: Param<Tensor<Autodiff<B>, D>>,
    ) -> Param<Tensor<Autodiff<B>, D>> {
        let Some(gradient) = self.gradients.remove::<B, D>(param.id) else { return param };
        let (id, weights, mapper) = param.consume();
        let (shape, learns) = (weights.shape(), weights.is_require_grad());
        let (weights, gradient) = (weights.inner().reshape([-1]), gradient.reshape([-1])); // [numbers]
        let stepped = self.optimizer.stepped(id, D, weights, gradient);
        let stepped = Tensor::from_inner(stepped.reshape(shape)).set_require_grad(learns);
        Param::from_mapped_value(id, stepped, mapper)
    }
}
