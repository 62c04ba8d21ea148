//! Clipping by the norm of the whole gradient (Pascanu et al., 2013); burn's own is per tensor.

use burn::{
    backend::Autodiff,
    module::{AutodiffModule, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{Tensor, backend::Backend},
};
use toolformer_model::sum_of_squares;

/// The common norm of all gradients, over all parameters together.
pub(super) fn global_norm<B: Backend, M: AutodiffModule<Autodiff<B>>>(
    module: &M,
    gradients: &GradientsParams,
) -> f64 {
    let mut squares = Squares { gradients, sum: 0.0 };
    module.visit(&mut squares);
    squares.sum.sqrt()
}

/// What gradients of this norm are multiplied by, so that it is at most `max_norm`.
pub(super) fn clipping_factor(norm: f64, max_norm: f64) -> f64 {
    if norm > max_norm { max_norm / norm } else { 1.0 }
}

struct Squares<'a> {
    gradients: &'a GradientsParams,
    sum: f64,
}

impl<B: Backend> ModuleVisitor<Autodiff<B>> for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Autodiff<B>, D>>) {
        if let Some(gradient) = self.gradients.get::<B, D>(param.id) {
            self.sum += sum_of_squares(&gradient.reshape([-1]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_gradients_are_shortened() {
        assert_eq!(clipping_factor(4.0, 1.0), 0.25);
        assert_eq!(clipping_factor(0.5, 1.0), 1.0);
        assert_eq!(clipping_factor(1e9, f64::INFINITY), 1.0);
    }
}
