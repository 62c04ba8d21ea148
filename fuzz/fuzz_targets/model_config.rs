//! A `config.json` or `generation_config.json` is read or refused with a message; what is read is written as it was
//! understood.

#![no_main]

use libfuzzer_sys::fuzz_target;
use toolformer_model::{ClassifierConfig, GenerationConfig, ModelConfig};

fuzz_target!(|text: &str| {
    match ModelConfig::from_hf_json(text) {
        Ok(config) => {
            let written = config.to_hf_json().to_string();
            assert_eq!(ModelConfig::from_hf_json(&written).ok(), Some(config));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let _ = (ClassifierConfig::from_hf_json(text, 2), GenerationConfig::from_json(text));
});
