//! To and from Hugging Face's `config.json`.

use serde_json::{Map, Value, json};

use super::{LlamaConfig, not_supported, unknown_architecture, wrong};
use crate::error::ModelError;

impl LlamaConfig {
    /// Reads a `config.json`, of transformers 5 (`rope_parameters`) or before (`rope_theta`, `rope_scaling`).
    ///
    /// # Errors
    /// If it is not JSON, not a Llama's, lacks a size, contradicts itself, or asks for something that this crate
    /// does not compute.
    pub fn from_hf_json(text: &str) -> Result<Self, ModelError> {
        let fields: Map<String, Value> = serde_json::from_str(text)
            .map_err(|source| ModelError::Json { what: "config.json".to_owned(), source })?;
        let fields = Fields(&fields);
        let model_type = fields.text("model_type")?.unwrap_or_default();
        if model_type != "llama" {
            return Err(unknown_architecture(model_type));
        }
        for (field, plain) in [("attention_bias", false), ("mlp_bias", false)] {
            if fields.boolean(field)?.unwrap_or(plain) != plain {
                return Err(not_supported(format!("`{field}: true`")));
            }
        }
        if let Some(other) = fields.text("hidden_act")?.filter(|&name| name != "silu") {
            return Err(not_supported(format!("the activation `{other}` (`hidden_act`)")));
        }
        let [d_model, n_heads] = [fields.size("hidden_size")?, fields.size("num_attention_heads")?];
        let config = Self {
            vocab_size: fields.size("vocab_size")?,
            d_model,
            d_ff: fields.size("intermediate_size")?,
            n_layers: fields.size("num_hidden_layers")?,
            n_heads,
            n_kv_heads: fields.size_or("num_key_value_heads", n_heads)?,
            d_head: fields.size_or("head_dim", d_model / n_heads.max(1))?,
            rms_norm_eps: fields.float("rms_norm_eps")?.unwrap_or(1e-6),
            rope_theta: rope_theta(&fields)?,
            max_positions: fields.size_or("max_position_embeddings", 2048)?,
            tie_embeddings: fields.boolean("tie_word_embeddings")?.unwrap_or(false),
            bos: fields.ids("bos_token_id", 1)?.first().copied(),
            eos: fields.ids("eos_token_id", 2)?,
            initializer_range: fields.float("initializer_range")?.unwrap_or(0.02),
        };
        config.validate()?;
        Ok(config)
    }

    /// The `config.json` that transformers needs to load a checkpoint of this config, whatever its version.
    pub fn to_hf_json(&self) -> Value {
        let eos = match self.eos[..] {
            [] => Value::Null,
            [one] => one.into(),
            _ => self.eos.clone().into(),
        };
        json!({
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "vocab_size": self.vocab_size,
            "hidden_size": self.d_model,
            "intermediate_size": self.d_ff,
            "num_hidden_layers": self.n_layers,
            "num_attention_heads": self.n_heads,
            "num_key_value_heads": self.n_kv_heads,
            "head_dim": self.d_head,
            "hidden_act": "silu",
            "attention_bias": false,
            "mlp_bias": false,
            "rms_norm_eps": self.rms_norm_eps,
            "rope_theta": self.rope_theta,
            "rope_parameters": { "rope_type": "default", "rope_theta": self.rope_theta },
            "max_position_embeddings": self.max_positions,
            "tie_word_embeddings": self.tie_embeddings,
            "bos_token_id": self.bos,
            "eos_token_id": eos,
            "initializer_range": self.initializer_range,
            "torch_dtype": "float32",
        })
    }
}

/// The base frequency; every kind of scaling is refused.
fn rope_theta(fields: &Fields<'_>) -> Result<f64, ModelError> {
    let mut theta = fields.float("rope_theta")?;
    for name in ["rope_parameters", "rope_scaling"] {
        let Some(rope) = fields.object(name)? else { continue };
        let kind = rope.text("rope_type")?.or(rope.text("type")?).unwrap_or("default");
        if kind != "default" {
            return Err(not_supported(format!("rope scaling `{kind}` (`{name}`)")));
        }
        if rope.float("partial_rotary_factor")?.is_some_and(|part| part != 1.0) {
            return Err(not_supported(format!(
                "rotating a part of each head (`{name}.partial_rotary_factor`)"
            )));
        }
        match (theta, rope.float("rope_theta")?) {
            (Some(outer), Some(inner)) if outer != inner => {
                let why = format!("is {outer}, but {inner} in `{name}`; make them equal");
                return Err(wrong("rope_theta", why));
            }
            (outer, inner) => theta = inner.or(outer),
        }
    }
    Ok(theta.unwrap_or(10_000.0))
}

/// The fields of a JSON object; null counts as missing.
struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn get<T>(
        &self,
        field: &str,
        wanted: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ModelError> {
        let value = self.0.get(field).filter(|value| !value.is_null());
        let bad = |value: &Value| wrong(field, format!("is {value}, must be {wanted}"));
        value.map(|value| read(value).ok_or_else(|| bad(value))).transpose()
    }

    fn text(&self, field: &str) -> Result<Option<&'a str>, ModelError> {
        self.get(field, "a string", Value::as_str)
    }

    fn boolean(&self, field: &str) -> Result<Option<bool>, ModelError> {
        self.get(field, "true or false", Value::as_bool)
    }

    fn float(&self, field: &str) -> Result<Option<f64>, ModelError> {
        self.get(field, "a number", Value::as_f64)
    }

    fn object(&self, field: &str) -> Result<Option<Fields<'a>>, ModelError> {
        self.get(field, "an object", |value| value.as_object().map(Fields))
    }

    fn optional_size(&self, field: &str) -> Result<Option<usize>, ModelError> {
        self.get(field, "a whole number", |value| value.as_u64()?.try_into().ok())
    }

    fn size(&self, field: &str) -> Result<usize, ModelError> {
        self.optional_size(field)?.ok_or_else(|| wrong(field, "is missing".to_owned()))
    }

    fn size_or(&self, field: &str, default: usize) -> Result<usize, ModelError> {
        Ok(self.optional_size(field)?.unwrap_or(default))
    }

    /// One id, several, or none (null); a missing field is transformers' default.
    fn ids(&self, field: &str, default: u32) -> Result<Vec<u32>, ModelError> {
        if !self.0.contains_key(field) {
            return Ok(vec![default]);
        }
        let id = |value: &Value| u32::try_from(value.as_u64()?).ok();
        let ids = self.get(field, "an id or a list of ids", |value| match value.as_array() {
            Some(several) => several.iter().map(id).collect(),
            None => id(value).map(|id| vec![id]),
        })?;
        Ok(ids.unwrap_or_default())
    }
}
