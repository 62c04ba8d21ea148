//! Data parallelism: copies of the model on several devices, each for its part of every step.

use std::thread;

use burn::{
    backend::Autodiff,
    module::Module as _,
    optim::GradientsAccumulator,
    tensor::backend::{Backend, Device as _, DeviceId},
};

use super::{Objective, StepGradients, Trainable};

type Learning<B, O> = <<O as Objective<B>>::Model as Trainable<B>>::Learning;

/// The device of each of `count` replicas: the main one, and those of its kind that follow it, in turn where there are fewer.
pub(super) fn devices_of_replicas<B: Backend>(main: &B::Device, count: usize) -> Vec<B::Device> {
    let DeviceId { type_id, index_id } = main.to_id();
    let available = B::device_count(type_id).max(1);
    (0..count)
        .map(|replica| {
            if replica.is_multiple_of(available) {
                return main.clone();
            }
            let index = (usize::from(index_id) + replica) % available;
            B::Device::from_id(DeviceId { type_id, index_id: index as u16 })
        })
        .collect()
}

/// As [`Objective::gradients`], by a copy of the model on every device, each with its part of the examples.
pub(super) fn gradients_of_replicas<B: Backend, O: Objective<B>>(
    objective: &O,
    model: &Learning<B, O>,
    devices: &[B::Device],
    examples: &[usize],
    total: usize,
) -> StepGradients {
    let [main, others @ ..] = devices else {
        return objective.gradients(model, examples, total);
    };
    if others.is_empty() {
        return objective.gradients(model, examples, total);
    }
    let part = examples.len().div_ceil(devices.len());
    let mut parts = examples.chunks(part);
    let own = parts.next().unwrap_or_default();
    let of_all: Vec<StepGradients> = thread::scope(|scope| {
        let running: Vec<_> = others
            .iter()
            .zip(parts)
            .map(|(device, examples)| {
                let replica = model.clone().fork(device);
                scope.spawn(move || {
                    let mut of_part = objective.gradients(&replica, examples, total);
                    of_part.gradients = of_part.gradients.to_device::<Autodiff<B>, _>(main, &replica);
                    of_part
                })
            })
            .collect();
        let first = objective.gradients(model, own, total);
        let rest = running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        std::iter::once(first).chain(rest).collect()
    });
    let mut sum = GradientsAccumulator::new();
    let (mut loss, mut tokens) = (0.0, 0);
    for of_part in of_all {
        sum.accumulate::<Autodiff<B>>(model, of_part.gradients);
        loss += of_part.loss;
        tokens += of_part.tokens;
    }
    StepGradients { gradients: sum.grads(), loss, tokens }
}
