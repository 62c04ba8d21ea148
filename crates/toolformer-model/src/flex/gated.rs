//! The derivative of SwiGLU's gate.

use burn::tensor::{Tensor, backend::Backend};
use pulp::{Arch, Simd, WithSimd};

use super::{
    differentiable::{Derivative, Inner, differentiable},
    exp::exp,
    numbers::{Numbers, known},
    rows::filled,
    silu::{GREATEST, silu_times},
};

/// `silu(gate) * up` under autodiff; none if it is not that of burn-flex in single precision.
///
/// # Shapes
/// - `gate`, `up`: `[n, features]`
/// - returns the same
pub(crate) fn silu_times_tracked<B: Backend>(gate: &Tensor<B, 2>, up: &Tensor<B, 2>) -> Option<Tensor<B, 2>> {
    differentiable([gate, up], |[gate, up]| {
        let product = silu_times(gate.clone(), &up)
            .unwrap_or_else(|_| unreachable!("both are burn-flex's in single precision"));
        (product, OfSiluTimes { gate, up })
    })
}

#[derive(Clone, Debug)]
struct OfSiluTimes {
    gate: Inner,
    up: Inner,
}

impl Derivative<2> for OfSiluTimes {
    fn gradients(self, output: Inner, [of_gate, of_up]: [bool; 2]) -> [Option<Inner>; 2] {
        let [n, width] = self.gate.dims();
        let [gate, up, dy] = [&self.gate, &self.up, &output].map(|tensor| known(Numbers::of(tensor)));
        let of = |part: Part| {
            filled([n, width], |first, out| {
                for (row, out) in out.chunks_exact_mut(width).enumerate() {
                    let [gate, up, dy] = [&gate, &up, &dy].map(|of| &of.from([first + row, 0])[..width]);
                    Arch::new().dispatch(OfRow { gate, up, dy, out, part });
                }
            })
        };
        [of_gate.then(|| of(Part::Gate)), of_up.then(|| of(Part::Up))]
    }
}

#[derive(Clone, Copy)]
enum Part {
    Gate,
    Up,
}

/// With `s` the sigmoid of the gate: `dup = dy gate s`, `dgate = dy up s (1 + gate (1 - s))`.
struct OfRow<'a> {
    gate: &'a [f32],
    up: &'a [f32],
    dy: &'a [f32],
    out: &'a mut [f32],
    part: Part,
}

impl WithSimd for OfRow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { gate, up, dy, out, part } = self;
        let lanes = S::F32_LANES;
        for (((gate, up), dy), out) in
            gate.chunks(lanes).zip(up.chunks(lanes)).zip(dy.chunks(lanes)).zip(out.chunks_mut(lanes))
        {
            let [gate, up, dy] = [gate, up, dy].map(|of| simd.partial_load_f32s(of));
            simd.partial_store_f32s(out, of(simd, gate, up, dy, part));
        }
    }
}

// A function and not a closure, which would not be compiled for the instructions that were chosen.
#[inline(always)]
fn of<S: Simd>(simd: S, gate: S::f32s, up: S::f32s, dy: S::f32s, part: Part) -> S::f32s {
    let (one, greatest) = (simd.splat_f32s(1.0), simd.splat_f32s(GREATEST));
    let exponent = simd.neg_f32s(gate);
    let exponent = simd.select_f32s(simd.less_than_f32s(greatest, exponent), greatest, exponent);
    let sigmoid = simd.div_f32s(one, simd.add_f32s(one, exp(simd, exponent)));
    match part {
        Part::Up => simd.mul_f32s(dy, simd.mul_f32s(gate, sigmoid)),
        Part::Gate => {
            let slope = simd.mul_add_f32s(gate, simd.sub_f32s(one, sigmoid), one);
            simd.mul_f32s(simd.mul_f32s(dy, up), simd.mul_f32s(sigmoid, slope))
        }
    }
}
