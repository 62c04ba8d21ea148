//! PEFT's `adapter_config.json`, read and written.

use serde_json::{Map, Value, json};

use crate::{config_checks::wrong, error::ModelError, lora_config::LoraConfig, lora_targets::TargetModules};

/// Fields of PEFT that change what an adapter computes and are not computed here, unless they are false or empty.
/// `fan_in_fan_out` is not among them: it only says how the base's weights lie, which the model knows.
const NOT_COMPUTED: [&str; 16] = [
    "alora_invocation_tokens",
    "arrow_config",
    "exclude_modules",
    "kasa_config",
    "layer_replication",
    "layers_pattern",
    "lora_bias",
    "megatron_config",
    "monteclora_config",
    "target_parameters",
    "trainable_token_indices",
    "use_bdlora",
    "use_dora",
    "use_qalora",
    "velora_config",
    "ensure_weight_tying",
];

/// Ways to begin that change the base's weights too (PiSSA and others), so that the file alone is not the adapter.
const CHANGE_THE_BASE: [&str; 5] = ["pissa", "olora", "corda", "loftq", "lora_ga"];

impl LoraConfig {
    /// Reads the fields of PEFT's file for an adapter of a `task`.
    ///
    /// # Errors
    /// If a value is out of range, the adapter is for another task, or of a variant that is not computed here.
    pub(crate) fn from_peft_json(fields: Value, task: &str) -> Result<Self, ModelError> {
        refuse_variants(&fields)?;
        let is_classifier = |task: &str| task == "SEQ_CLS";
        if let Some(found) =
            fields["task_type"].as_str().filter(|&found| is_classifier(found) != is_classifier(task))
        {
            return Err(wrong("task_type", format!("the adapter is for {found}, the model for {task}")));
        }
        let mut fields: Map<String, Value> = match fields {
            Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            _ => return Err(wrong("target_modules", "the file holds no object".into())),
        };
        if let Some(block @ Value::Number(_)) = fields.get("layers_to_transform").cloned() {
            fields.insert("layers_to_transform".into(), json!([block]));
        }
        let what = "adapter_config.json".to_owned();
        serde_json::from_value(Value::Object(fields)).map_err(|source| ModelError::Json { what, source })
    }

    /// The JSON that PEFT reads.
    pub(crate) fn peft_json(
        &self,
        task: &str,
        base_model: &str,
        fan_in_fan_out: bool,
        all: &[&str],
    ) -> Value {
        let targets = match &self.target_modules {
            targets if targets.is_all() => json!(all),
            TargetModules::Names(names) => json!(names),
            TargetModules::Pattern(pattern) => json!(pattern),
        };
        json!({
            "peft_type": "LORA",
            "task_type": task,
            "base_model_name_or_path": base_model,
            "r": self.r,
            "lora_alpha": self.lora_alpha,
            "lora_dropout": self.lora_dropout,
            "bias": "none",
            "fan_in_fan_out": fan_in_fan_out,
            "inference_mode": true,
            "init_lora_weights": true,
            "use_rslora": self.use_rslora,
            "use_dora": false,
            "target_modules": targets,
            "modules_to_save": (!self.modules_to_save.is_empty()).then_some(&self.modules_to_save),
            "layers_to_transform": self.layers_to_transform,
            "layers_pattern": null,
            "rank_pattern": self.rank_pattern,
            "alpha_pattern": self.alpha_pattern,
        })
    }
}

fn refuse_variants(fields: &Value) -> Result<(), ModelError> {
    let not_supported = |what: String| Err(ModelError::NotSupported { what });
    if let Some(kind) = fields["peft_type"].as_str().filter(|&kind| kind != "LORA") {
        return not_supported(format!("`peft_type` {kind}"));
    }
    if let Some(bias) = fields["bias"].as_str().filter(|&bias| bias != "none") {
        return not_supported(format!("`bias` {bias}"));
    }
    if let Some(begun) = fields["init_lora_weights"].as_str()
        && CHANGE_THE_BASE.iter().any(|way| begun.starts_with(way))
    {
        return not_supported(format!(
            "`init_lora_weights` {begun}, which changes the base's weights (save the adapter as plain LoRA)"
        ));
    }
    let set = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => true,
    };
    match NOT_COMPUTED.iter().find(|&&field| set(&fields[field])) {
        Some(field) => not_supported(format!("`{field}`")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(changed: Value, part: &str) {
        let mut fields = LoraConfig::default().peft_json("CAUSAL_LM", "base", false, &["q_proj"]);
        fields.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        let error = LoraConfig::from_peft_json(fields, "CAUSAL_LM").unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn variants_are_refused() {
        check_refused(json!({"peft_type": "IA3"}), "IA3");
        check_refused(json!({"use_dora": true}), "use_dora");
        check_refused(json!({"bias": "all"}), "bias");
        check_refused(json!({"exclude_modules": "q_proj"}), "exclude_modules");
        check_refused(json!({"trainable_token_indices": [1]}), "trainable_token_indices");
        check_refused(json!({"init_lora_weights": "pissa_niter_4"}), "pissa_niter_4");
        check_refused(json!({"task_type": "SEQ_CLS"}), "SEQ_CLS");
    }

    #[test]
    fn what_is_written_is_read() {
        let config = LoraConfig {
            target_modules: TargetModules::Pattern(".*q_proj".into()),
            lora_dropout: 0.25,
            use_rslora: true,
            modules_to_save: vec!["lm_head".into()],
            rank_pattern: [("q_proj".to_owned(), 3)].into(),
            ..LoraConfig::default()
        };
        let json = config.peft_json("CAUSAL_LM", "base", false, &[]);
        assert_eq!(LoraConfig::from_peft_json(json, "CAUSAL_LM").unwrap(), config);
        let mut json = config.peft_json("CAUSAL_LM", "base", false, &[]);
        json["layers_to_transform"] = json!(1);
        let read = LoraConfig::from_peft_json(json, "CAUSAL_LM").unwrap();
        assert_eq!(read.layers_to_transform, Some(vec![1]));
    }
}
