//! A GGUF file is read or refused with a message: its config, its tokenizer, every tensor.

#![no_main]

use libfuzzer_sys::fuzz_target;
use toolformer_model::{GgufFile, ModelConfig, Tokenizer, WeightSource};

fuzz_target!(|bytes: &[u8]| {
    let file = match GgufFile::from_bytes("fuzz.gguf", bytes.to_vec()) {
        Ok(file) => file,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    for tensor in file.tensors() {
        if let Ok((shape, values)) = file.tensor_f32(&tensor.name) {
            assert_eq!(shape.iter().product::<usize>(), values.len());
        }
    }
    if let Ok(config) = ModelConfig::from_gguf(&file)
        && let Ok(weights) = config.gguf_weights(&file)
    {
        for name in weights.names() {
            let _ = weights.tensor_f32(&name);
        }
    }
    if let Ok(tokenizer) = Tokenizer::from_gguf(&file)
        && let Ok(ids) = tokenizer.encode("A crate holds 37 jars. [Calculator(37 * 48) -> 1776]")
    {
        let _ = tokenizer.decode(&ids, false);
    }
});
