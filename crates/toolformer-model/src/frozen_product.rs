//! The product with a quantised weight in a model that learns.
//!
//! burn's autodiff has no quantised operations. A quantised weight never learns, so only the gradient of the other factor
//! is needed: `dx = dy W^T`. What is kept for it is the weight as it is held; it is dequantised for the product, for the
//! backward pass once more, and given up each time. So training takes the memory of the quantised weights and of one
//! dequantised one, not of all of them.

use std::any::Any;

use burn::{
    backend::{
        Autodiff,
        autodiff::{
            checkpoint::{
                base::Checkpointer,
                strategy::{BalancedCheckpointing, CheckpointStrategy, NoCheckpointing},
            },
            grads::Gradients,
            ops::{Backward, Ops, OpsKind, unary},
        },
    },
    tensor::{
        Tensor, TensorPrimitive,
        backend::{AutodiffBackend, Backend},
    },
};

use crate::precision::dequantised;

/// `x W`, where `W` is quantised and does not learn.
///
/// # Shapes
/// - `x`: `[n, d_in]`
/// - `weight`: `[d_in, d_out]`
/// - returns `[n, d_out]`
pub(crate) fn frozen_product<A: AutodiffBackend>(x: Tensor<A, 2>, weight: Tensor<A, 2>) -> Tensor<A, 2> {
    let weight = weight.inner();
    let product = by_burn::<A, NoCheckpointing>(&x, &weight)
        .or_else(|| by_burn::<A, BalancedCheckpointing>(&x, &weight));
    // An autodiff that is not burn's: right as well, but all dequantised weights are kept until the backward pass.
    product.unwrap_or_else(|| x.matmul(Tensor::from_inner(dequantised(weight))))
}

/// The product, if `A` is burn's autodiff with this strategy.
fn by_burn<A: AutodiffBackend, C: CheckpointStrategy>(
    x: &Tensor<A, 2>,
    weight: &Tensor<A::InnerBackend, 2>,
) -> Option<Tensor<A, 2>> {
    let x = (x as &dyn Any).downcast_ref::<Tensor<Autodiff<A::InnerBackend, C>, 2>>()?;
    let product = recomputed(x.clone(), weight.clone());
    (&product as &dyn Any).downcast_ref::<Tensor<A, 2>>().cloned()
}

#[derive(Debug)]
struct FrozenProduct;

impl<B: Backend> Backward<B, 1> for FrozenProduct {
    /// The weight as it is held.
    type State = B::QuantizedTensorPrimitive;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        unary::<B, _>(ops.parents, ops.node, grads, |grad| {
            let grad: Tensor<B, 2> = Tensor::from_primitive(TensorPrimitive::Float(grad)); // [n, d_out]
            let weight = Tensor::from_primitive(TensorPrimitive::QFloat(ops.state)).dequantize(); // [d_in, d_out]
            grad.matmul(weight.transpose()).into_primitive().tensor() // [n, d_in]
        });
    }
}

fn recomputed<B: Backend, C: CheckpointStrategy>(
    x: Tensor<Autodiff<B, C>, 2>,
    weight: Tensor<B, 2>,
) -> Tensor<Autodiff<B, C>, 2> {
    let TensorPrimitive::QFloat(held) = weight.clone().into_primitive() else {
        return x.matmul(Tensor::from_inner(weight));
    };
    let product = x.clone().inner().matmul(weight).into_primitive().tensor(); // [n, d_out]
    let x = x.into_primitive().tensor();
    let product = match FrozenProduct.prepare::<C>([x.node.clone()]).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(held, product),
        OpsKind::UnTracked(prep) => prep.finish(product),
    };
    Tensor::from_primitive(TensorPrimitive::Float(product))
}
