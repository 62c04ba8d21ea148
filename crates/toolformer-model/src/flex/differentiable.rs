//! Functions on burn-flex's memory that autodiff knows the derivative of.
//!
//! burn's autodiff takes such a function apart into operations, each of which keeps or copies a tensor, on one thread. Here it is one
//! step of the graph, with the derivative written by hand.

use std::{
    any::{Any, TypeId},
    fmt::Debug,
};

use burn::{
    backend::{
        Autodiff,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::NoCheckpointing},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
    },
    tensor::{DType, Tensor, TensorPrimitive, backend::Backend},
};
use burn_flex::{Flex, FlexTensor};

/// A matrix of burn-flex, outside autodiff.
pub(super) type Inner = Tensor<Flex, 2>;

/// What a function of `N` matrices keeps to compute its derivative.
pub(super) trait Derivative<const N: usize>: Clone + Debug + Send + 'static {
    /// Gradients of the inputs, where they are wanted, from that of the output.
    fn gradients(self, output: Inner, wanted: [bool; N]) -> [Option<Inner>; N];
}

/// Computes a function and, under autodiff, remembers its derivative. None if the tensors are not burn-flex's in single
/// precision.
pub(super) fn differentiable<B: Backend, D: Derivative<N>, const N: usize>(
    inputs: [&Tensor<B, 2>; N],
    function: impl FnOnce([Inner; N]) -> (Inner, D),
) -> Option<Tensor<B, 2>> {
    if inputs.iter().any(|input| input.dtype() != DType::F32) {
        return None;
    }
    if let Some(inputs) = all(inputs.map(same::<_, Inner>)) {
        return same(&function(inputs).0);
    }
    let inputs = all(inputs.map(same::<_, Tensor<Autodiff<Flex>, 2>>))?;
    let inputs = inputs.map(|input| input.into_primitive().tensor());
    let nodes = inputs.each_ref().map(|input| input.node.clone());
    let (output, derivative) = function(inputs.map(|input| inner(input.primitive)));
    let output = output.into_primitive().tensor();
    let output = match OfFunction::<D>::default().prepare::<NoCheckpointing>(nodes).compute_bound().stateful()
    {
        OpsKind::Tracked(prepared) => prepared.finish(derivative, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    };
    same(&Tensor::<Autodiff<Flex>, 2>::from_primitive(TensorPrimitive::Float(output)))
}

/// Whether the backend is burn-flex under autodiff.
pub(crate) fn is_tracked_flex<B: Backend>() -> bool {
    TypeId::of::<B>() == TypeId::of::<Autodiff<Flex>>()
}

/// The same value, if it is of that type.
fn same<T: Any, U: Any + Clone>(value: &T) -> Option<U> {
    (value as &dyn Any).downcast_ref::<U>().cloned()
}

fn all<T, const N: usize>(of: [Option<T>; N]) -> Option<[T; N]> {
    of.iter().all(Option::is_some).then(|| of.map(|value| value.unwrap_or_else(|| unreachable!())))
}

fn inner(primitive: FlexTensor) -> Inner {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

/// The step backwards of a function.
#[derive(Debug)]
struct OfFunction<D>(std::marker::PhantomData<fn() -> D>);

impl<D> Default for OfFunction<D> {
    fn default() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<D: Derivative<N>, const N: usize> Backward<Flex, N> for OfFunction<D> {
    type State = D;

    fn backward(self, ops: Ops<D, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let output = inner(gradients.consume::<Flex>(&ops.node));
        let wanted = ops.parents.each_ref().map(Option::is_some);
        for (parent, gradient) in ops.parents.into_iter().zip(ops.state.gradients(output, wanted)) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                gradients.register::<Flex>(parent.id, gradient.into_primitive().tensor());
            }
        }
    }
}
