//! The gate of SwiGLU in one pass.

use burn::tensor::{DType, Tensor, backend::Backend};
use pulp::{Arch, Simd, WithSimd};

use super::{exp::exp, numbers::Numbers};

/// What is greater as an exponent overflows.
pub(super) const GREATEST: f32 = 88.0;

/// `silu(gate) * up`, written over `gate` where nobody else has it; the gate itself if it is not burn-flex's in single
/// precision.
///
/// # Shapes
/// - `gate`, `up`: `[n, features]`
/// - returns the same
pub(crate) fn silu_times<B: Backend>(
    gate: Tensor<B, 2>,
    up: &Tensor<B, 2>,
) -> Result<Tensor<B, 2>, Tensor<B, 2>> {
    if gate.dtype() != DType::F32 || up.dtype() != DType::F32 || Numbers::of(&gate).is_none() {
        return Err(gate);
    }
    let Some(factors) = Numbers::of(up) else { return Err(gate) };
    let ([_, features], device, dtype) = (gate.dims(), gate.device(), gate.dtype());
    let mut data = gate.into_data();
    let Ok(numbers) = data.as_mut_slice::<f32>() else { unreachable!("the gate is in single precision") };
    let arch = Arch::new();
    for (row, gate) in numbers.chunks_exact_mut(features).enumerate() {
        arch.dispatch(SiluTimes { gate, up: &factors.from([row, 0])[..features] });
    }
    Ok(Tensor::from_data(data, (&device, dtype)))
}

// A function and not a closure, which would not be compiled for the instructions that were chosen.
#[inline(always)]
fn of<S: Simd>(simd: S, gate: S::f32s, up: S::f32s) -> S::f32s {
    let (exponent, greatest) = (simd.neg_f32s(gate), simd.splat_f32s(GREATEST));
    let exponent = simd.select_f32s(simd.less_than_f32s(greatest, exponent), greatest, exponent);
    let divisor = simd.add_f32s(simd.splat_f32s(1.0), exp(simd, exponent));
    simd.mul_f32s(simd.div_f32s(gate, divisor), up)
}

struct SiluTimes<'a> {
    gate: &'a mut [f32],
    up: &'a [f32],
}

impl WithSimd for SiluTimes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (gates, rest) = S::as_mut_simd_f32s(self.gate);
        let (ups, rest_of_ups) = S::as_simd_f32s(self.up);
        for (gate, &up) in gates.iter_mut().zip(ups) {
            *gate = of(simd, *gate, up);
        }
        if !rest.is_empty() {
            let product = of(simd, simd.partial_load_f32s(rest), simd.partial_load_f32s(rest_of_ups));
            simd.partial_store_f32s(rest, product);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::{
        backend::{Autodiff, Flex},
        tensor::{Distribution, TensorData, activation::silu},
    };

    use super::*;

    #[track_caller]
    fn check(gate: Tensor<Flex, 2>, up: &Tensor<Flex, 2>) {
        let before = gate.clone().into_data();
        let expected = silu(gate.clone()) * up.clone();
        // Once where it is shared, which must not change, and once in place.
        let shared = silu_times(gate.clone(), up).unwrap();
        assert_eq!(gate.clone().into_data(), before);
        for found in [shared, silu_times(gate, up).unwrap()] {
            let off = (found - expected.clone()).abs() / (expected.clone().abs() + 1.0);
            let off = off.max().into_scalar();
            assert!(off < 1e-6, "{off}");
        }
    }

    #[test]
    fn it_is_silu_times_up() {
        let random = |size: [usize; 2]| {
            Tensor::<Flex, 2>::random(size, Distribution::Normal(0.0, 3.0), &Default::default())
        };
        check(random([3, 50]), &random([3, 50]));
        check(random([1, 64]), &random([1, 64]));
        check(random([4, 60]).narrow(1, 5, 20), &random([4, 60]).narrow(1, 33, 20));
        let extremes = [0.0, -1e4, -90.0, -88.0, 88.0, 1e4];
        let one = Tensor::ones([1, 6], &Default::default());
        check(Tensor::from_data([extremes], &Default::default()), &one);
    }

    #[test]
    fn no_number_stays_none() {
        let data = TensorData::new(vec![f32::NAN, 1.0], [1, 2]);
        let gate = Tensor::<Flex, 2>::from_data(data, &Default::default());
        let found =
            silu_times(gate.clone(), &gate.ones_like()).unwrap().into_data().into_vec::<f32>().unwrap();
        assert!(found[0].is_nan() && !found[1].is_nan(), "{found:?}");
    }

    #[test]
    fn others_keep_their_gate() {
        let gate = Tensor::<Autodiff<Flex>, 2>::ones([1, 2], &Default::default());
        assert!(silu_times(gate.clone(), &gate).is_err());
    }
}
