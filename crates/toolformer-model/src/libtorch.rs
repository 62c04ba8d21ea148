//! What LibTorch does in place, where burn's operations make a tensor each.

use std::any::Any;

use burn::tensor::{DType, Tensor, TensorPrimitive, backend::Backend};
use burn_tch::{LibTorch, LibTorchDevice, TchTensor};

use crate::adamw::{AdamWStep, Factors};

/// Numbers of a piece on the processor: four tensors of it stay in a core's cache from the first operation to the last.
const PIECE: usize = 64 * 1024;

/// Weights and both moments after a step, written over them where nobody else has them; as they were if they are not
/// LibTorch's in single precision.
///
/// # Shapes
/// - all: `[numbers]`
pub(crate) fn adamw<B: Backend>(
    step: AdamWStep,
    gradient: &Tensor<B, 1>,
    tensors: [Tensor<B, 1>; 3],
) -> Result<[Tensor<B, 1>; 3], [Tensor<B, 1>; 3]> {
    let is_ours = |tensor: &Tensor<B, 1>| tensor.dtype() == DType::F32 && of(tensor).is_some();
    if !tensors.iter().all(is_ours) || !is_ours(gradient) {
        return Err(tensors);
    }
    let Some(gradient) = of(gradient) else { return Err(tensors) };
    let on_processor = matches!(gradient.device(), LibTorchDevice::Cpu);
    let gradient = gradient.into_primitive().tensor().tensor;
    let numbers = gradient.numel();
    let piece = if on_processor { PIECE } else { numbers.max(1) };
    let Some(own) = each::<B, LibTorch>(&tensors) else { return Err(tensors) };
    drop(tensors);
    let own = own.map(|tensor| writable(tensor.into_primitive().tensor()));
    let Factors { beta_1, beta_2, keep, rate, root, epsilon } = step.factors();
    for first in (0..numbers).step_by(piece) {
        let part = |tensor: &TchTensor| tensor.tensor.narrow(0, int(first), int(piece.min(numbers - first)));
        let [mut weights, mut moment_1, mut moment_2] = [&own[0], &own[1], &own[2]].map(part);
        let gradient = gradient.narrow(0, int(first), int(piece.min(numbers - first)));
        let _ = moment_1.g_mul_scalar_(beta_1);
        let _ = moment_1.g_add_(&gradient.g_mul_scalar((1.0 - beta_1) * step.gradient_factor));
        let scaled = gradient.g_mul_scalar((1.0 - beta_2).sqrt() * step.gradient_factor);
        let _ = moment_2.g_mul_scalar_(beta_2);
        let _ = moment_2.addcmul_(&scaled, &scaled);
        let mut divisor = moment_2.sqrt();
        let _ = divisor.g_mul_scalar_(root);
        let _ = divisor.g_add_scalar_(epsilon);
        let _ = weights.g_mul_scalar_(keep);
        let _ = weights.addcdiv_(&moment_1.g_mul_scalar(-rate), &divisor);
    }
    let own = own.map(|tensor| Tensor::<LibTorch, 1>::from_primitive(TensorPrimitive::Float(tensor)));
    each(&own).ok_or_else(|| unreachable!("the backend is LibTorch"))
}

/// The sum of the squares of all numbers in single precision; none if they are not LibTorch's.
pub(crate) fn sum_of_squares<B: Backend>(x: &Tensor<B, 1>) -> Option<f64> {
    let x = of(x).filter(|x| x.dtype() == DType::F32)?.into_primitive().tensor().tensor;
    let pieces = (0..x.numel()).step_by(PIECE * 16);
    let of_piece = |first: usize| {
        let piece = x.narrow(0, int(first), int((PIECE * 16).min(x.numel() - first)));
        piece.dot(&piece).double_value(&[])
    };
    Some(pieces.map(of_piece).sum())
}

/// The same tensor, if it is LibTorch's.
fn of<B: Backend>(tensor: &Tensor<B, 1>) -> Option<Tensor<LibTorch, 1>> {
    (tensor as &dyn Any).downcast_ref().cloned()
}

/// The same tensors on another name of their backend.
fn each<A: Backend, B: Backend>(tensors: &[Tensor<A, 1>; 3]) -> Option<[Tensor<B, 1>; 3]> {
    (tensors as &dyn Any).downcast_ref().cloned()
}

/// A tensor that nobody else has: this one, or a copy.
fn writable(tensor: TchTensor) -> TchTensor {
    if tensor.can_mut() { tensor } else { TchTensor::new(tensor.tensor.copy()) }
}

fn int(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Distribution;

    use super::*;

    fn random(len: usize) -> Tensor<LibTorch, 1> {
        Tensor::random([len], Distribution::Normal(0.0, 1.0), &LibTorchDevice::Cpu)
    }

    #[test]
    fn steps_in_place_are_those_by_operations() {
        let len = 5 * PIECE / 2;
        let zeros = || Tensor::<LibTorch, 1>::zeros([len], &LibTorchDevice::Cpu);
        let mut own = [random(len), zeros(), zeros()];
        // A copy: a clone shares its numbers.
        let mut others = own.clone().map(|tensor| tensor.mul_scalar(1.0));
        let kept = own[0].clone();
        let before = kept.to_data();
        for time in 1..=3 {
            let step = AdamWStep {
                rate: 1e-2,
                gradient_factor: 0.5,
                beta_1: 0.9,
                beta_2: 0.999,
                epsilon: 1e-8,
                weight_decay: 0.1,
                time,
            };
            let gradient = random(len);
            own = adamw(step, &gradient, own).unwrap();
            others = step.by_operations(&gradient, others);
            for (own, other) in own.iter().zip(&others) {
                let off = (own.clone() - other.clone()).abs().max().into_scalar();
                assert!(off < 1e-5, "{off} after {time}");
            }
        }
        // What somebody else has stays.
        assert_eq!(kept.to_data(), before);
    }

    #[test]
    fn squares_are_added_over_all_pieces() {
        let x = random(40 * PIECE + 3);
        let expected = f64::from(x.clone().square().sum().into_scalar());
        assert!((sum_of_squares(&x).unwrap() / expected - 1.0).abs() < 1e-5);
    }
}
