//! Opening a LoRA adapter's folder in PEFT's layout.

use std::path::Path;

use burn::tensor::backend::Backend;
use serde_json::Value;

use crate::{
    error::ModelError, families::LanguageModel, lora::LoraConfig, regular_file::read_text,
    safetensors_files::SafetensorsFolder,
};

/// Adds the updates of a folder with `adapter_config.json` and `adapter_model.safetensors` to a model; see
/// [`LanguageModel::merge_lora`] to fold them in.
///
/// # Errors
/// If a file is missing or damaged, does not belong to this model, or is of a variant that is not computed here.
pub fn load_adapter<B: Backend>(
    model: &mut LanguageModel<B>,
    folder: &Path,
) -> Result<LoraConfig, ModelError> {
    let path = folder.join("adapter_config.json");
    let advice = "give a folder with adapter_config.json and adapter_model.safetensors";
    let text = read_text(&path, advice)?;
    let json = |source| ModelError::Json { what: path.display().to_string(), source };
    let fields: Value = serde_json::from_str(&text).map_err(json)?;
    refuse_variants(&fields).map_err(|error| error.in_file(&path))?;
    let config: LoraConfig = serde_json::from_value(fields).map_err(json)?;
    let weights = SafetensorsFolder::open_file(folder.join("adapter_model.safetensors"))?;
    model.load_lora(&config, &weights).map_err(|error| error.in_file(folder))?;
    Ok(config)
}

/// Settings of PEFT that change what an adapter computes and that are not computed here.
fn refuse_variants(fields: &Value) -> Result<(), ModelError> {
    let not_supported = |what: String| Err(ModelError::NotSupported { what });
    if let Some(kind) = fields["peft_type"].as_str().filter(|&kind| kind != "LORA") {
        return not_supported(format!("`peft_type` {kind}"));
    }
    // `fan_in_fan_out` only says how the base's weights lie, which the model knows, as PEFT's layers do.
    for field in ["use_rslora", "use_dora"] {
        if fields[field] == true {
            return not_supported(format!("`{field}`"));
        }
    }
    if let Some(bias) = fields["bias"].as_str().filter(|&bias| bias != "none") {
        return not_supported(format!("`bias` {bias}"));
    }
    for field in ["rank_pattern", "alpha_pattern", "modules_to_save", "layers_to_transform"] {
        let empty = match &fields[field] {
            Value::Null => true,
            Value::Object(map) => map.is_empty(),
            Value::Array(list) => list.is_empty(),
            _ => false,
        };
        if !empty {
            return not_supported(format!("`{field}`"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;
    use serde_json::json;

    use super::*;
    use crate::{pretrained::Pretrained, save::save_adapter};

    fn tiny() -> LanguageModel<Flex> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny_llama");
        Pretrained::open_model(folder.as_ref(), &Default::default()).unwrap().0
    }

    #[test]
    fn a_saved_adapter_opens() {
        let (folder, config) = (tempfile::tempdir().unwrap(), LoraConfig { r: 3, ..Default::default() });
        let mut model = tiny();
        model.attach_lora(&config, 5).unwrap();
        save_adapter(folder.path(), &model, &config, "base").unwrap();
        let mut again = tiny();
        let names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
        let named = LoraConfig { target_modules: names.map(str::to_owned).to_vec(), ..config };
        assert_eq!(load_adapter(&mut again, folder.path()).unwrap(), named);
        for (a, b) in model.lora_tensors().iter().zip(&again.lora_tensors()) {
            assert_eq!(a.0, b.0);
            a.2.to_data().assert_eq(&b.2.to_data(), true);
        }
    }

    #[test]
    fn a_folder_without_an_adapter_says_what_it_lacks() {
        let error = load_adapter(&mut tiny(), "/none".as_ref()).unwrap_err().to_string();
        assert!(error.contains("adapter_config.json does not exist"), "{error}");
    }

    #[track_caller]
    fn check_refused(fields: Value, part: &str) {
        let error = refuse_variants(&fields).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn variants_are_refused() {
        check_refused(json!({"peft_type": "IA3"}), "IA3");
        check_refused(json!({"use_dora": true}), "use_dora");
        check_refused(json!({"bias": "all"}), "bias");
        check_refused(json!({"rank_pattern": {"q_proj": 4}}), "rank_pattern");
        assert!(refuse_variants(&LoraConfig::default().to_peft_json(&tiny(), "base")).is_ok());
    }
}
