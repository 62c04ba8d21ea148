//! Rotary position embedding (Su et al., 2021), in the layouts and with the scalings that checkpoints use.

use burn::tensor::{DType, Int, Tensor, TensorData, backend::Backend};

#[cfg(feature = "flex")]
use crate::flex::rotate;
use crate::rope_scaling::RopeScaling;

/// Which features of a head are rotated together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pairing {
    /// Feature `i` with feature `i + rotary width / 2`: Hugging Face's `rotate_half`.
    Halves,
    /// Feature `2i` with feature `2i + 1`: GPT-J.
    Neighbours,
}

/// How fast the features of a head are rotated.
#[derive(Clone, Debug)]
pub(crate) struct Rope {
    d_head: usize,
    pairing: Pairing,
    /// One a pair of rotated features, radians a position; features behind the rotated ones stay as they are.
    frequencies: Vec<f32>,
    /// Queries and keys are both scaled by it (YaRN).
    attention_factor: f32,
    decay: Option<Decay>,
}

/// xPos (Sun et al., 2022): queries are scaled by a power of their position and keys by its inverse, so that their
/// product depends on the distance alone and fades with it.
#[derive(Clone, Debug)]
pub(crate) struct Decay {
    /// `ln` of the factor a position, one a pair of rotated features.
    pub(crate) log_factors: Vec<f64>,
    /// The position where the factor is 1. It cancels out of every product and only keeps the factors in range.
    pub(crate) origin: usize,
}

impl Rope {
    /// The first `rotary_dim` features of a head of `d_head` are rotated.
    pub(crate) fn new(
        d_head: usize,
        rotary_dim: usize,
        pairing: Pairing,
        theta: f64,
        scaling: &RopeScaling,
    ) -> Self {
        let (frequencies, attention_factor) = scaling.frequencies(rotary_dim, theta);
        Self { d_head, pairing, frequencies, attention_factor, decay: None }
    }

    /// Whole heads, in halves, unscaled.
    pub(crate) fn plain(d_head: usize, theta: f64) -> Self {
        Self::new(d_head, d_head, Pairing::Halves, theta, &RopeScaling::None)
    }

    /// Radians a position, one a pair of rotated features.
    pub(crate) fn frequencies(&self) -> Vec<f32> {
        self.frequencies.clone()
    }

    pub(crate) fn with_decay(mut self, decay: Decay) -> Self {
        self.decay = Some(decay);
        self
    }

    /// Tables for `positions` (one entry per flattened token), for `n_heads` query heads, which are scaled by
    /// `query_scale`, and `n_kv_heads` key heads behind them; on the device and in the numbers of what is rotated.
    pub(crate) fn tables<B: Backend>(
        &self,
        positions: &[usize],
        [n_heads, n_kv_heads]: [usize; 2],
        query_scale: f32,
        (device, dtype): (&B::Device, DType),
    ) -> RotaryTables<B> {
        let (d_head, pairs) = (self.d_head, self.frequencies.len());
        let width = (n_heads + n_kv_heads) * d_head;
        let mut cos = vec![0.0f32; positions.len() * width];
        let mut sin = vec![0.0f32; positions.len() * width];
        let scales: Vec<f32> = (0..n_heads + n_kv_heads)
            .map(|head| if head < n_heads { query_scale } else { 1.0 } * self.attention_factor)
            .collect();
        for (row, &position) in positions.iter().enumerate() {
            let (cos, sin) = (&mut cos[row * width..][..width], &mut sin[row * width..][..width]);
            if 2 * pairs < d_head {
                // What is not rotated is scaled all the same.
                for head in 0..n_heads {
                    cos[head * d_head + 2 * pairs..(head + 1) * d_head].fill(query_scale);
                }
                for head in n_heads..n_heads + n_kv_heads {
                    cos[head * d_head + 2 * pairs..(head + 1) * d_head].fill(1.0);
                }
            }
            for (pair, &frequency) in self.frequencies.iter().enumerate() {
                // Single precision, as the reference implementations do it.
                let (s, c) = (position as f32 * frequency).sin_cos();
                let [first, second] = self.features(pair);
                let [of_query, of_key] =
                    self.decay.as_ref().map_or([1.0; 2], |decay| decay.at(position, pair));
                for (head, scale) in scales.iter().enumerate() {
                    let scale = scale * if head < n_heads { of_query } else { of_key };
                    let at = head * d_head;
                    (cos[at + first], cos[at + second]) = (c * scale, c * scale);
                    (sin[at + first], sin[at + second]) = (-s * scale, s * scale);
                }
            }
        }
        let tensor = |data| {
            let data = TensorData::new(data, [positions.len(), width]).convert_dtype(dtype);
            Tensor::from_data(data, (device, dtype))
        };
        RotaryTables { cos: tensor(cos), sin: tensor(sin), partners: self.partners(width, device), d_head }
    }

    /// The two features of a pair.
    fn features(&self, pair: usize) -> [usize; 2] {
        match self.pairing {
            Pairing::Halves => [pair, pair + self.frequencies.len()],
            Pairing::Neighbours => [2 * pair, 2 * pair + 1],
        }
    }

    /// Where each feature's partner stands; none where whole heads are rotated in halves, which is two slices.
    fn partners<B: Backend>(&self, width: usize, device: &B::Device) -> Option<Tensor<B, 1, Int>> {
        let pairs = self.frequencies.len();
        if self.pairing == Pairing::Halves && 2 * pairs == self.d_head {
            return None;
        }
        let mut head: Vec<usize> = (0..self.d_head).collect();
        for [first, second] in (0..pairs).map(|pair| self.features(pair)) {
            (head[first], head[second]) = (second, first);
        }
        let index = (0..width).step_by(self.d_head).flat_map(|start| head.iter().map(move |i| start + i));
        let index: Vec<i32> = index.map(|i| i32::try_from(i).unwrap_or(i32::MAX)).collect();
        Some(Tensor::from_ints(index.as_slice(), device))
    }
}

impl Decay {
    /// The factors of a query and of a key.
    fn at(&self, position: usize, pair: usize) -> [f32; 2] {
        let power = (position as f64 - self.origin as f64) * self.log_factors[pair];
        [power.exp() as f32, (-power).exp() as f32]
    }
}

/// Cosines and signed sines of one forward pass, laid out so that applying them is three contiguous products.
#[derive(Clone, Debug)]
pub(crate) struct RotaryTables<B: Backend> {
    cos: Tensor<B, 2>,
    sin: Tensor<B, 2>,
    partners: Option<Tensor<B, 1, Int>>,
    d_head: usize,
}

impl<B: Backend> RotaryTables<B> {
    /// Rotates and scales every head of `x`: `x * cos + partners of x * sin`.
    ///
    /// # Shapes
    /// - `x`: `[tokens, heads * d_head]`
    /// - returns the same
    pub(crate) fn apply(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let [n, width] = x.dims();
        let (d_head, heads) = (self.d_head, width / self.d_head);
        #[cfg(feature = "flex")]
        if self.partners.is_none()
            && let Some(y) = rotate(&x, [&self.cos, &self.sin], d_head)
        {
            return y;
        }
        let rotated = match &self.partners {
            Some(partners) => x.clone().select(1, partners.clone()),
            None => {
                let split = x.clone().reshape([n * heads, d_head]); // [tokens * heads, d_head]
                let first = split.clone().narrow(1, 0, d_head / 2); // [tokens * heads, d_head / 2]
                let second = split.narrow(1, d_head / 2, d_head / 2); // [tokens * heads, d_head / 2]
                Tensor::cat(vec![second, first], 1).reshape([n, width]) // [tokens, heads * d_head]
            }
        };
        x * self.cos.clone() + rotated * self.sin.clone()
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;

    use super::*;

    fn rotate(rope: &Rope, x: [f32; 8], position: usize) -> Vec<f32> {
        let x = Tensor::<Flex, 2>::from_data(TensorData::new(x.to_vec(), [1, 8]), &Default::default());
        let tables = rope.tables(&[position], [1, 1], 0.5, (&Default::default(), DType::F32));
        tables.apply(x).into_data().into_vec().unwrap()
    }

    #[track_caller]
    fn check(pairing: Pairing, rotary_dim: usize, features: [usize; 2]) {
        let rope = Rope::new(4, rotary_dim, pairing, 10_000.0, &RopeScaling::None);
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let found = rotate(&rope, x, 3);
        let [first, second] = features;
        let (s, c) = 3f32.sin_cos();
        assert!((found[first] - 0.5 * (x[first] * c - x[second] * s)).abs() < 1e-5, "{found:?}");
        assert!((found[second] - 0.5 * (x[second] * c + x[first] * s)).abs() < 1e-5, "{found:?}");
        assert!((found[4 + first] - (x[4 + first] * c - x[4 + second] * s)).abs() < 1e-5, "{found:?}");
        if rotary_dim == 2 {
            assert_eq!(found[2..4], [1.5, 2.0]); // scaled as the rest of the query, not rotated
            assert_eq!(found[6..], [7.0, 8.0]);
        }
    }

    #[test]
    fn pairs_are_rotated_by_their_position() {
        check(Pairing::Halves, 4, [0, 2]);
        check(Pairing::Halves, 2, [0, 1]);
        check(Pairing::Neighbours, 4, [0, 1]);
        check(Pairing::Neighbours, 2, [0, 1]);
    }
}
