//! Root-mean-square normalisation in one pass, with its derivative.

use burn::tensor::{Tensor, TensorData, backend::Backend};
use pulp::{Arch, Simd, WithSimd};

use super::{
    differentiable::{Derivative, Inner, differentiable},
    numbers::{Numbers, known},
    rows::{filled, summed},
};

/// `x / sqrt(mean(x^2) + eps) * gain`, over the last axis; none if it is not burn-flex's in single precision.
///
/// # Shapes
/// - `x`: `[n, width]`
/// - `gain`: `[1, width]`
/// - returns `[n, width]`
pub(crate) fn rms_norm<B: Backend>(x: &Tensor<B, 2>, gain: &Tensor<B, 2>, eps: f32) -> Option<Tensor<B, 2>> {
    differentiable([x, gain], |[x, gain]| {
        let (numbers, gains) = (known(Numbers::of(&x)), known(Numbers::of(&gain)));
        let [n, width] = x.dims();
        let gains = &gains.from([0, 0])[..width];
        let y = filled([n, width], |first, out| {
            for (row, y) in out.chunks_exact_mut(width).enumerate() {
                let x = &numbers.from([first + row, 0])[..width];
                Arch::new().dispatch(Normalise { x, gains, y, eps });
            }
        });
        (y, OfRmsNorm { x, gain, eps })
    })
}

#[derive(Clone, Debug)]
struct OfRmsNorm {
    x: Inner,
    gain: Inner,
    eps: f32,
}

impl Derivative<2> for OfRmsNorm {
    fn gradients(self, output: Inner, [of_x, of_gain]: [bool; 2]) -> [Option<Inner>; 2] {
        let [n, width] = self.x.dims();
        let [x, gain, dy] = [&self.x, &self.gain, &output].map(|tensor| known(Numbers::of(tensor)));
        let gains = &gain.from([0, 0])[..width];
        let dx = of_x.then(|| {
            filled([n, width], |first, out| {
                for (row, dx) in out.chunks_exact_mut(width).enumerate() {
                    let (x, dy) = (&x.from([first + row, 0])[..width], &dy.from([first + row, 0])[..width]);
                    Arch::new().dispatch(OfInput { x, gains, dy, dx, eps: self.eps });
                }
            })
        });
        let dgain = of_gain.then(|| {
            let sums = summed([n, width], |rows| {
                let mut sums = vec![0.0; width];
                for row in rows {
                    let (x, dy) = (&x.from([row, 0])[..width], &dy.from([row, 0])[..width]);
                    Arch::new().dispatch(OfGain { x, dy, sums: &mut sums, eps: self.eps });
                }
                sums
            });
            Tensor::from_data(TensorData::new(sums, [1, width]), &Default::default())
        });
        [dx, dgain]
    }
}

/// The sum of the products of two rows.
#[inline(always)]
fn dot<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let ((a, rest_of_a), (b, rest_of_b)) = (S::as_simd_f32s(a), S::as_simd_f32s(b));
    // Two sums, so that one addition need not wait for the other.
    let mut sums = [simd.splat_f32s(0.0); 2];
    for (i, (&a, &b)) in a.iter().zip(b).enumerate() {
        sums[i % 2] = simd.mul_add_f32s(a, b, sums[i % 2]);
    }
    let rest: f32 = rest_of_a.iter().zip(rest_of_b).map(|(a, b)| a * b).sum();
    simd.reduce_sum_f32s(simd.add_f32s(sums[0], sums[1])) + rest
}

/// What a row is multiplied by.
#[inline(always)]
fn scale<S: Simd>(simd: S, x: &[f32], eps: f32) -> f32 {
    1.0 / (dot(simd, x, x) / x.len() as f32 + eps).sqrt()
}

struct Normalise<'a> {
    x: &'a [f32],
    gains: &'a [f32],
    y: &'a mut [f32],
    eps: f32,
}

impl WithSimd for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let scale = scale(simd, self.x, self.eps);
        for ((y, x), gain) in self.y.iter_mut().zip(self.x).zip(self.gains) {
            *y = x * scale * gain;
        }
    }
}

/// `dx = scale (dy gain - x scale^2 mean(dy gain x))`
struct OfInput<'a> {
    x: &'a [f32],
    gains: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
    eps: f32,
}

impl WithSimd for OfInput<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, gains, dy, dx, eps } = self;
        let scale = scale(simd, x, eps);
        for ((dx, dy), gain) in dx.iter_mut().zip(dy).zip(gains) {
            *dx = dy * gain;
        }
        let mean = dot(simd, dx, x) / x.len() as f32;
        let of_x = scale * scale * mean;
        for (dx, x) in dx.iter_mut().zip(x) {
            *dx = scale * (*dx - x * of_x);
        }
    }
}

/// `dgain = sum(dy x scale)`
struct OfGain<'a> {
    x: &'a [f32],
    dy: &'a [f32],
    sums: &'a mut [f32],
    eps: f32,
}

impl WithSimd for OfGain<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let scale = scale(simd, self.x, self.eps);
        for ((sum, x), dy) in self.sums.iter_mut().zip(self.x).zip(self.dy) {
            *sum += dy * x * scale;
        }
    }
}
