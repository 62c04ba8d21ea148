//! Rotary embedding of heads in halves, in one pass, with its derivative.

use burn::tensor::{Tensor, backend::Backend};

use super::{
    differentiable::{Derivative, Inner, differentiable},
    numbers::{Numbers, known},
    rows::filled,
};

/// `x * cos + partners of x * sin`, where a feature's partner stands half a head away; none if it is not burn-flex's in
/// single precision.
///
/// # Shapes
/// - `x`, `cos`, `sin`: `[tokens, heads * d_head]`
/// - returns the same
pub(crate) fn rotate<B: Backend>(
    x: &Tensor<B, 2>,
    [cos, sin]: [&Tensor<B, 2>; 2],
    d_head: usize,
) -> Option<Tensor<B, 2>> {
    differentiable([x, cos, sin], |[x, cos, sin]| {
        let y = rotated(&x, [&cos, &sin], d_head, Way::Forward);
        (y, OfRotation { cos, sin, d_head })
    })
}

#[derive(Clone, Debug)]
struct OfRotation {
    cos: Inner,
    sin: Inner,
    d_head: usize,
}

impl Derivative<3> for OfRotation {
    /// Of the input alone: the tables are not learnt.
    fn gradients(self, output: Inner, [of_x, ..]: [bool; 3]) -> [Option<Inner>; 3] {
        let dx = of_x.then(|| rotated(&output, [&self.cos, &self.sin], self.d_head, Way::Backward));
        [dx, None, None]
    }
}

#[derive(Clone, Copy)]
enum Way {
    Forward,
    /// The partner's number comes with the partner's sine.
    Backward,
}

fn rotated(x: &Inner, tables: [&Inner; 2], d_head: usize, way: Way) -> Inner {
    let [n, width] = x.dims();
    let x = known(Numbers::of(x));
    let [cos, sin] = tables.map(|table| known(Numbers::of(table)));
    filled([n, width], |first, out| {
        for (row, out) in out.chunks_exact_mut(width).enumerate() {
            let [x, cos, sin] = [&x, &cos, &sin].map(|of| &of.from([first + row, 0])[..width]);
            for start in (0..width).step_by(d_head) {
                let (halves, middle) = (start..start + d_head, d_head / 2);
                let [x, cos, sin] = [x, cos, sin].map(|of| of[halves.clone()].split_at(middle));
                let (first, second) = out[halves].split_at_mut(middle);
                match way {
                    Way::Forward => {
                        combine(first, x.0, cos.0, x.1, sin.0);
                        combine(second, x.1, cos.1, x.0, sin.1);
                    }
                    Way::Backward => {
                        combine(first, x.0, cos.0, x.1, sin.1);
                        combine(second, x.1, cos.1, x.0, sin.0);
                    }
                }
            }
        }
    })
}

/// `out = a b + c d`
fn combine(out: &mut [f32], a: &[f32], b: &[f32], c: &[f32], d: &[f32]) {
    for ((((out, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *out = a * b + c * d;
    }
}
