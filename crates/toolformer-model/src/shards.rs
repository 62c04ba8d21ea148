//! Work on wide layers split by their inner features, where the backend does not split it by itself.
//!
//! burn-flex computes small products, and all element-wise operations, on one thread. A feed-forward layer is a sum over
//! its inner features, so shards of these are computed beside each other, each from its input to its part of the sum.

use std::ops::Range;

use burn::tensor::{Tensor, backend::Backend};
use rayon::prelude::*;

/// Shards of a layer. Always so many, so that the last bits do not depend on how many threads there are.
const SHARDS: usize = 4;
/// Fewest features of a shard: for less, handing it to another thread costs more than it saves.
const NARROWEST: usize = 128;

/// Whether the backend is burn-flex itself, not under autodiff.
pub(crate) fn is_flex<B: Backend>(device: &B::Device) -> bool {
    B::name(device) == "flex"
}

/// The shards of `features` inner features; one where splitting is of no use.
pub(crate) fn shards<B: Backend>(features: usize, device: &B::Device) -> Vec<Range<usize>> {
    let wide = features >= SHARDS * NARROWEST && features.is_multiple_of(SHARDS);
    let count = if wide && is_flex::<B>(device) { SHARDS } else { 1 };
    let width = features / count;
    (0..count).map(|shard| shard * width..(shard + 1) * width).collect()
}

/// What every shard gives, computed beside each other.
pub(crate) fn of_shards<T: Send>(
    shards: Vec<Range<usize>>,
    of: impl Fn(Range<usize>) -> T + Sync + Send,
) -> Vec<T> {
    shards.into_par_iter().map(of).collect()
}

/// The sum of what every shard gives, in their order.
pub(crate) fn sum_of_shards<B: Backend, const D: usize>(
    shards: Vec<Range<usize>>,
    of: impl Fn(Range<usize>) -> Tensor<B, D> + Sync + Send,
) -> Option<Tensor<B, D>> {
    of_shards(shards, of).into_iter().reduce(|sum, part| sum + part)
}

#[cfg(test)]
mod tests {
    use burn::{
        backend::{Autodiff, Flex},
        tensor::Distribution,
    };

    use super::*;

    #[track_caller]
    fn check(features: usize, expected: usize) {
        assert_eq!(shards::<Autodiff<Flex>>(features, &Default::default()), vec![0..features]);
        let shards = shards::<Flex>(features, &Default::default());
        assert_eq!(shards.len(), expected);
        assert_eq!(
            shards.iter().flat_map(Clone::clone).collect::<Vec<_>>(),
            (0..features).collect::<Vec<_>>()
        );
        let random =
            |size: [usize; 2]| Tensor::<Flex, 2>::random(size, Distribution::Default, &Default::default());
        let (x, weight) = (random([3, features]), random([features, 5]));
        let whole = x.clone().matmul(weight.clone());
        let sum = sum_of_shards(shards, |shard| {
            let part = weight.clone().narrow(0, shard.start, shard.len());
            x.clone().narrow(1, shard.start, shard.len()).matmul(part)
        });
        let off = (sum.unwrap() - whole).abs().max().into_scalar();
        assert!(off < 1e-3, "{off}");
    }

    #[test]
    fn shards_add_up_to_the_whole() {
        check(512, 4);
        check(1536, 4);
        check(511, 1);
        check(514, 1);
        check(64, 1);
    }
}
