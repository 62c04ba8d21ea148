//! Which precisions a device has, and what they take there.

use burn::tensor::backend::Backend;
use toolformer_model::Precision;

use super::{Device, OnDevice};

/// Asks for a precision.
struct Has(Precision);

impl OnDevice for Has {
    type Output = bool;

    fn run<B: Backend>(self, device: &B::Device) -> bool {
        self.0.check::<B>(device).is_ok()
    }
}

impl Device {
    /// Whether the device has a precision; it must [work](Device::check).
    pub fn has(self, precision: Precision) -> bool {
        self.run(Has(precision))
    }

    /// The precision whose bits a model in `precision` takes in the device's memory: burn-flex keeps 4 bits in a byte.
    pub fn takes(self, precision: Precision) -> Precision {
        match (self.kind(), precision) {
            ("cpu", Precision::Int4) => Precision::Int8,
            (_, precision) => precision,
        }
    }
}

#[cfg(test)]
#[cfg(feature = "cpu")]
mod tests {
    use super::*;

    #[test]
    fn the_processor_has_all_and_keeps_4_bits_in_a_byte() {
        assert!(Precision::ALL.into_iter().all(|precision| Device::Cpu.has(precision)));
        let takes = Precision::ALL.map(|precision| Device::Cpu.takes(precision).name());
        assert_eq!(takes, ["f32", "f16", "bf16", "int8", "int8"]);
    }
}
