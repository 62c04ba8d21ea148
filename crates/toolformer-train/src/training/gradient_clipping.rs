//! Clipping by the norm of the whole gradient (Pascanu et al., 2013); burn's own is per tensor.

use burn::{
    backend::Autodiff,
    module::{AutodiffModule, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{ElementConversion, Tensor, backend::Backend},
};

/// Scales the gradients so that their common norm is at most `max_norm`; returns the norm before.
pub(super) fn clip_by_global_norm<B: Backend, M: AutodiffModule<Autodiff<B>>>(
    module: &M,
    grads: &mut GradientsParams,
    max_norm: f64,
) -> f64 {
    let mut squares = SumOfSquares { grads, sum: 0.0 };
    module.visit(&mut squares);
    let norm = squares.sum.sqrt();
    if norm > max_norm {
        module.visit(&mut Scale { grads, factor: max_norm / norm });
    }
    norm
}

struct SumOfSquares<'a> {
    grads: &'a GradientsParams,
    sum: f64,
}

impl<B: Backend> ModuleVisitor<Autodiff<B>> for SumOfSquares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Autodiff<B>, D>>) {
        if let Some(grad) = self.grads.get::<B, D>(param.id) {
            self.sum += grad.powi_scalar(2).sum().into_scalar().elem::<f64>();
        }
    }
}

struct Scale<'a> {
    grads: &'a mut GradientsParams,
    factor: f64,
}

impl<B: Backend> ModuleVisitor<Autodiff<B>> for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Autodiff<B>, D>>) {
        if let Some(grad) = self.grads.remove::<B, D>(param.id) {
            self.grads.register::<B, D>(param.id, grad.mul_scalar(self.factor));
        }
    }
}
