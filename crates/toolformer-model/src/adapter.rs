//! LoRA adapters' folders in PEFT's layout.

use std::path::Path;

use burn::tensor::backend::Backend;

use crate::{
    adaptable::Adaptable,
    error::ModelError,
    families::LanguageModel,
    lora::{peft_json, tensors},
    lora_config::LoraConfig,
    regular_file::read_text,
    replace_file::write_json,
    safetensors_files::SafetensorsFolder,
    save::save_tensors,
    sequence_classifier::SequenceClassifier,
    weights_writer::make_folder,
};

const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";

/// Adds the updates of a folder with `adapter_config.json` and `adapter_model.safetensors` to a model; see
/// [`LanguageModel::merge_lora`] to fold them in.
///
/// # Errors
/// If a file is missing or damaged, does not belong to this model, or is of a variant that is not computed here.
pub fn load_adapter<B: Backend>(
    model: &mut LanguageModel<B>,
    folder: &Path,
) -> Result<LoraConfig, ModelError> {
    let (config, weights) = open_adapter(folder, LanguageModel::<B>::TASK)?;
    model.load_lora(&config, &weights).map_err(|error| error.in_file(folder))?;
    Ok(config)
}

/// As [`load_adapter`], for a classifier, whose head is in the file too.
///
/// # Errors
/// As [`load_adapter`].
pub fn load_classifier_adapter<B: Backend>(
    model: &mut SequenceClassifier<B>,
    folder: &Path,
) -> Result<LoraConfig, ModelError> {
    let (config, weights) = open_adapter(folder, SequenceClassifier::<B>::TASK)?;
    model.load_lora(&config, &weights).map_err(|error| error.in_file(folder))?;
    Ok(config)
}

/// Reads the config of a folder and opens its weights.
pub(crate) fn open_adapter(folder: &Path, task: &str) -> Result<(LoraConfig, SafetensorsFolder), ModelError> {
    let path = folder.join(CONFIG);
    let advice = "give a folder with adapter_config.json and adapter_model.safetensors";
    let text = read_text(&path, advice)?;
    let json = |source| ModelError::Json { what: path.display().to_string(), source };
    let fields = serde_json::from_str(&text).map_err(json)?;
    let config = LoraConfig::from_peft_json(fields, task).map_err(|error| error.in_file(&path))?;
    Ok((config, SafetensorsFolder::open_file(folder.join(WEIGHTS))?))
}

/// Writes a model's LoRA updates, and what the config saves as a whole, as a PEFT adapter: `adapter_config.json`,
/// `adapter_model.safetensors`.
///
/// # Errors
/// If the folder cannot be written, or `modules_to_save` does not fit the model.
pub fn save_adapter<B: Backend>(
    folder: &Path,
    model: &LanguageModel<B>,
    config: &LoraConfig,
    base_model: &str,
) -> Result<(), ModelError> {
    save(folder, model, config, base_model)
}

/// As [`save_adapter`], for a classifier, whose head is always saved as a whole.
///
/// # Errors
/// As [`save_adapter`].
pub fn save_classifier_adapter<B: Backend>(
    folder: &Path,
    model: &SequenceClassifier<B>,
    config: &LoraConfig,
    base_model: &str,
) -> Result<(), ModelError> {
    save(folder, model, config, base_model)
}

fn save<B: Backend, M: Adaptable<B>>(
    folder: &Path,
    model: &M,
    config: &LoraConfig,
    base_model: &str,
) -> Result<(), ModelError> {
    let tensors = tensors(model, config)?;
    make_folder(folder)?;
    save_tensors(&folder.join(WEIGHTS), &tensors)?;
    write_json(&folder.join(CONFIG), &peft_json(model, config, base_model))
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;

    use super::*;
    use crate::{lora_targets::TargetModules, pretrained::Pretrained};

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
        let named = LoraConfig { target_modules: TargetModules::names(&names), ..config };
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
}
