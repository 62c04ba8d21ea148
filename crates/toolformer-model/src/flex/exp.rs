//! The exponential function of many numbers at once; the C library's takes them one by one.

use pulp::Simd;

/// Below, the result is that of this number, which is all but nothing.
const LEAST: f32 = -87.0;
/// Added and taken away again, it leaves a number rounded to a whole one, with that in its last bits.
const ROUNDING: f32 = 12_582_912.0;
/// The logarithm of two in two parts, of which the first has few bits.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// The polynomial of Cephes' `expf` for `(exp(r) - 1 - r) / r^2`, highest power first.
const POLYNOMIAL: [f32; 6] =
    [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5];

/// `exp(x)` for `x <= 88`, off by two units in the last place at most; of NaN, NaN.
#[inline(always)]
pub(super) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // Unlike a maximum, this leaves NaN.
    let x = simd.select_f32s(simd.less_than_f32s(x, simd.splat_f32s(LEAST)), simd.splat_f32s(LEAST), x);
    let rounded = simd.mul_add_f32s(x, simd.splat_f32s(std::f32::consts::LOG2_E), simd.splat_f32s(ROUNDING));
    let n = simd.sub_f32s(rounded, simd.splat_f32s(ROUNDING));
    let r = simd.mul_add_f32s(n, simd.splat_f32s(-LN_2[0]), x);
    let r = simd.mul_add_f32s(n, simd.splat_f32s(-LN_2[1]), r);
    let mut sum = simd.splat_f32s(POLYNOMIAL[0]);
    for &c in &POLYNOMIAL[1..] {
        sum = simd.mul_add_f32s(sum, r, simd.splat_f32s(c));
    }
    let sum = simd.add_f32s(simd.mul_add_f32s(simd.mul_f32s(r, r), sum, r), simd.splat_f32s(1.0));
    // Times 2^n, by way of the exponent's bits.
    let power = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(rounded), simd.splat_u32s(23));
    let power = simd.add_u32s(power, simd.splat_u32s(127 << 23));
    simd.mul_f32s(sum, simd.transmute_f32s_u32s(power))
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, WithSimd};

    use super::*;

    struct Exp<'a>(&'a mut [f32]);

    impl WithSimd for Exp<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for part in self.0.chunks_mut(S::F32_LANES) {
                let x = simd.partial_load_f32s(part);
                simd.partial_store_f32s(part, exp(simd, x));
            }
        }
    }

    fn of(x: &[f32]) -> Vec<f32> {
        let mut found = x.to_vec();
        Arch::new().dispatch(Exp(&mut found));
        let mut scalar = x.to_vec();
        Exp(&mut scalar).with_simd(pulp::Scalar);
        for (found, scalar) in found.iter().zip(&scalar) {
            assert!(found.is_nan() && scalar.is_nan() || (found - scalar).abs() <= 1e-6 * scalar);
        }
        found
    }

    #[test]
    fn it_is_off_by_little() {
        let x: Vec<f32> = (-86_000..=88_000).map(|n| n as f32 * 1e-3).collect();
        for (x, found) in x.iter().zip(of(&x)) {
            let expected = f64::from(*x).exp();
            let off = (f64::from(found) - expected).abs() / expected;
            assert!(off < 2.5e-7, "exp({x}) is off by {off}");
        }
    }

    #[test]
    fn limits() {
        let found = of(&[0.0, f32::NEG_INFINITY, -1e30, f32::NAN]);
        assert_eq!(found[0], 1.0);
        assert!(found[1] < 1e-37 && found[2] < 1e-37, "{found:?}");
        assert!(found[3].is_nan());
    }
}
