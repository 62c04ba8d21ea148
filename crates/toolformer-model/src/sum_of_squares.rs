//! The square of a tensor's norm.

use burn::tensor::{ElementConversion, FloatDType, Tensor, backend::Backend};

/// The sum of the squares of all numbers.
///
/// # Shapes
/// - `x`: `[numbers]`
pub fn sum_of_squares<B: Backend>(x: &Tensor<B, 1>) -> f64 {
    #[cfg(feature = "flex")]
    if let Some(sum) = crate::flex::sum_of_squares(x) {
        return sum;
    }
    #[cfg(feature = "tch")]
    if let Some(sum) = crate::libtorch::sum_of_squares(x) {
        return sum;
    }
    // In half precision the sum would be of few digits.
    x.clone().cast(FloatDType::F32).square().sum().into_scalar().elem::<f64>()
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;

    use super::*;

    #[test]
    fn it_is_the_sum() {
        let x: Vec<f32> = (0..100_003).map(|i| (i % 7) as f32).collect();
        let expected: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        let x = Tensor::<Flex, 1>::from_floats(x.as_slice(), &Default::default());
        assert!((sum_of_squares(&x) / expected - 1.0).abs() < 1e-6);
        let nothing = Tensor::<Flex, 1>::from_floats([f32::NAN, 1.0], &Default::default());
        assert!(sum_of_squares(&nothing).is_nan());
    }
}
