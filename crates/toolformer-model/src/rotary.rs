//! Rotary position embedding in the half-split layout (RoFormer, section 3.4; Hugging Face's `rotate_half`).

use burn::tensor::{Tensor, TensorData, backend::Backend};

/// Cosines and signed sines of one forward pass, laid out so that applying them is three contiguous products.
#[derive(Clone, Debug)]
pub(crate) struct Rotary<B: Backend> {
    cos: Tensor<B, 2>,
    sin: Tensor<B, 2>,
}

impl<B: Backend> Rotary<B> {
    /// Tables for `positions` (one entry per flattened token), for heads that are each scaled by its own factor.
    pub(crate) fn new(
        positions: &[usize],
        scales: &[f32],
        d_head: usize,
        theta: f64,
        device: &B::Device,
    ) -> Self {
        let half = d_head / 2;
        // Single precision from here on, as the reference implementations do it.
        let frequencies: Vec<f32> =
            (0..half).map(|i| (1.0 / theta.powf((2 * i) as f64 / d_head as f64)) as f32).collect();
        let width = scales.len() * d_head;
        let mut cos = vec![0.0f32; positions.len() * width];
        let mut sin = vec![0.0f32; positions.len() * width];
        for (row, &position) in positions.iter().enumerate() {
            let (cos, sin) = (&mut cos[row * width..][..width], &mut sin[row * width..][..width]);
            for (i, &frequency) in frequencies.iter().enumerate() {
                let (s, c) = (position as f32 * frequency).sin_cos();
                for (head, scale) in scales.iter().enumerate() {
                    let at = head * d_head + i;
                    (cos[at], cos[at + half]) = (c * scale, c * scale);
                    (sin[at], sin[at + half]) = (-s * scale, s * scale);
                }
            }
        }
        let tensor = |data| Tensor::from_data(TensorData::new(data, [positions.len(), width]), device);
        Self { cos: tensor(cos), sin: tensor(sin) }
    }

    /// Rotates and scales every head of `x`: `x * cos + rotate_half(x) * sin`.
    ///
    /// # Shapes
    /// - `x`: `[batch * seq, heads * d_head]`
    /// - returns the same
    pub(crate) fn apply(&self, x: Tensor<B, 2>, heads: usize) -> Tensor<B, 2> {
        let [n, width] = x.dims();
        let d_head = width / heads;
        let split = x.clone().reshape([n * heads, d_head]); // [batch * seq * heads, d_head]
        let first = split.clone().narrow(1, 0, d_head / 2); // [batch * seq * heads, d_head / 2]
        let second = split.narrow(1, d_head / 2, d_head / 2); // [batch * seq * heads, d_head / 2]
        let rotated = Tensor::cat(vec![second, first], 1).reshape([n, width]); // [batch * seq, heads * d_head]
        x * self.cos.clone() + rotated * self.sin.clone()
    }
}
