//! A checkpoint of `torch.save` is read or refused with a message: every tensor.

#![no_main]

use libfuzzer_sys::fuzz_target;
use toolformer_model::{PytorchFiles, WeightSource};

fuzz_target!(|bytes: &[u8]| {
    match PytorchFiles::from_bytes("fuzz.pt", bytes.to_vec()) {
        Ok(weights) => {
            for name in weights.names() {
                if let Ok((shape, values)) = weights.tensor_f32(&name) {
                    assert_eq!(shape.iter().product::<usize>(), values.len());
                }
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
