//! Models in other numbers than f32: what they take, what LoRA does on top, and what is refused.
//!
//! How far their log-probabilities are off is measured on every device by the facade's conformance suite.

use burn::tensor::DType;
use toolformer_model::{
    LanguageModel, LoraConfig, ModelConfig, Precision, Pretrained, load_adapter, save_adapter,
    save_pretrained,
};

use crate::{
    lora::fill,
    reference::{B, difference, fixture, run},
};

fn open(precision: Precision) -> (LanguageModel<B>, ModelConfig) {
    Pretrained::open_model_in(&fixture("llama"), precision, &Default::default()).unwrap()
}

fn rows() -> Vec<Vec<u32>> {
    vec![vec![5, 9, 30, 7, 2, 11, 4]]
}

#[track_caller]
fn check_bytes(precision: Precision, part: f64) {
    let [whole, held] = [Precision::F32, precision].map(|precision| open(precision).0.weight_bytes() as f64);
    assert!((held / whole - part).abs() < 0.03, "{precision}: {held} of {whole} bytes");
}

/// Half precision halves everything; bits are of linear layers alone.
#[test]
fn weights_take_less() {
    check_bytes(Precision::F16, 0.5);
    check_bytes(Precision::Bf16, 0.5);
    let bytes = Precision::ALL.map(|precision| open(precision).0.weight_bytes());
    let [f32, _, _, int8, int4] = bytes;
    assert!(int4 < int8 && int8 < f32, "{bytes:?}");
}

#[test]
fn what_is_saved_is_what_was_held() {
    for precision in Precision::ALL {
        let (model, config) = open(precision);
        let folder = tempfile::tempdir().unwrap();
        save_pretrained(folder.path(), &model, &config, None).unwrap();
        let (again, _) = Pretrained::<B>::open_model(folder.path(), &Default::default()).unwrap();
        for ((name, _, held), (_, _, saved)) in model.tensors().zip(again.tensors()) {
            assert_eq!(saved.dtype(), DType::F32);
            let [held, saved] = [held, saved].map(|tensor| tensor.into_data().convert::<f32>());
            assert_eq!(held.into_vec::<f32>().unwrap(), saved.into_vec::<f32>().unwrap(), "{name}");
        }
    }
}

/// On quantised weights an adapter stays apart, and gives what it gives folded into the same weights dequantised.
#[test]
fn adapters_stand_on_any_precision() {
    let (config, folder) = (LoraConfig { r: 2, ..LoraConfig::default() }, tempfile::tempdir().unwrap());
    let (mut model, _) = open(Precision::F32);
    model.attach_lora(&config, 1).unwrap();
    save_adapter(folder.path(), &model, &config, "base").unwrap();
    fill(&folder.path().join("adapter_model.safetensors"));
    for (precision, tolerance) in [(Precision::F16, 2e-2), (Precision::Int8, 1e-4), (Precision::Int4, 1e-4)] {
        let (mut model, _) = open(precision);
        let plain = run(&model, &rows()).concat();
        load_adapter(&mut model, folder.path()).unwrap();
        let found = run(&model, &rows()).concat();
        assert!(difference(&found, &plain) > 0.1, "{precision}: the adapter does something");
        assert_eq!(model.is_quantised(), precision.scheme().is_some());
        let merged = model.merge_lora();
        assert!(!merged.is_quantised());
        let apart = difference(&run(&merged, &rows()).concat(), &found);
        assert!(apart <= tolerance, "{precision}: {apart}");
    }
}

#[test]
fn only_f32_can_be_trained() {
    for precision in Precision::ALL {
        assert_eq!(open(precision).0.is_f32(), precision == Precision::F32, "{precision}");
    }
}
