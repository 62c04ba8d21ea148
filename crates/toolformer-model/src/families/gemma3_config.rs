//! The sizes and constants of a Gemma 3 model.

use serde_json::{Value, json};

use crate::{
    config_checks::{
        check_divides, check_even, check_ids, check_layers, check_positive, check_sizes, not_supported, wrong,
    },
    error::ModelError,
    gguf::GgufFile,
    gguf_keys::GgufKeys,
    json_fields::{Fields, ids_json},
    rope_fields::RopeFields,
    rope_scaling::RopeScaling,
    weights::{Change, GgufLayout},
};

/// A Gemma 3 text model's config; defaults are those of transformers' `Gemma3TextConfig`.
#[derive(Debug, Clone, PartialEq)]
pub struct Gemma3Config {
    /// Number of token ids (`vocab_size`). Default 262,208.
    pub vocab_size: usize,
    /// Width of the residual stream (`hidden_size`). Default 2,304.
    pub d_model: usize,
    /// Width of the feed-forward layer (`intermediate_size`). Default 9,216.
    pub d_ff: usize,
    /// Number of query heads (`num_attention_heads`). Default 8.
    pub n_heads: usize,
    /// Number of key and value heads (`num_key_value_heads`); divides `n_heads`. Default 4.
    pub n_kv_heads: usize,
    /// Width of a head (`head_dim`); even. Default 256.
    pub d_head: usize,
    /// Scores are divided by its root (`query_pre_attn_scalar`). Default 256.
    pub query_pre_attn_scalar: f64,
    /// For every block whether it sees a window only (`layer_types`, `sliding_window_pattern`). Default all but every
    /// sixth.
    pub sliding_layers: Vec<bool>,
    /// How many tokens such a block sees, the own one counted (`sliding_window`). Default 4,096.
    pub sliding_window: usize,
    /// Added to the mean square in RMS norm (`rms_norm_eps`). Default 1e-6.
    pub rms_norm_eps: f64,
    /// Base of the rotary frequencies where the whole context is seen (`rope_theta`). Default 1,000,000.
    pub rope_theta: f64,
    /// How those frequencies are stretched (`rope_parameters`, `rope_scaling`). Default not at all.
    pub rope_scaling: RopeScaling,
    /// Base of the rotary frequencies where a window is seen (`rope_local_base_freq`). Default 10,000.
    pub local_rope_theta: f64,
    /// How those frequencies are stretched (`rope_parameters`). Default not at all.
    pub local_rope_scaling: RopeScaling,
    /// Longest context in training, tokens (`max_position_embeddings`). Default 131,072.
    pub max_positions: usize,
    /// Whether the output head is the embedding (`tie_word_embeddings`). Default true.
    pub tie_embeddings: bool,
    /// The id that begins a text (`bos_token_id`). Default 2.
    pub bos: Option<u32>,
    /// The ids that end a text (`eos_token_id`). Default 1.
    pub eos: Vec<u32>,
    /// Standard deviation of new weights (`initializer_range`). Default 0.02.
    pub initializer_range: f64,
}

const SLIDING: &str = "sliding_attention";
const FULL: &str = "full_attention";

impl Gemma3Config {
    /// Reads a `config.json`; [`ModelConfig::from_hf_json`](crate::ModelConfig::from_hf_json) says which errors.
    pub(crate) fn from_fields(fields: &Fields<'_>) -> Result<Self, ModelError> {
        fields.activation("hidden_activation", &["gelu_pytorch_tanh", "gelu_new", "gelu_fast"])?;
        fields.refuse_unless("attention_bias", false)?;
        fields.refuse_unless("use_bidirectional_attention", false)?;
        for field in ["final_logit_softcapping", "attn_logit_softcapping"] {
            if fields.float(field)?.is_some() {
                return Err(not_supported(format!("`{field}`")));
            }
        }
        let n_layers = fields.size_or("num_hidden_layers", 26)?;
        check_layers("num_hidden_layers", n_layers)?;
        let max_positions = fields.size_or("max_position_embeddings", 131_072)?;
        let [global, local] = ropes(fields, max_positions)?;
        let config = Self {
            vocab_size: fields.size_or("vocab_size", 262_208)?,
            d_model: fields.size_or("hidden_size", 2304)?,
            d_ff: fields.size_or("intermediate_size", 9216)?,
            n_heads: fields.size_or("num_attention_heads", 8)?,
            n_kv_heads: fields.size_or("num_key_value_heads", 4)?,
            d_head: fields.size_or("head_dim", 256)?,
            query_pre_attn_scalar: fields.float("query_pre_attn_scalar")?.unwrap_or(256.0),
            sliding_layers: sliding_layers(fields, n_layers)?,
            sliding_window: fields.size_or("sliding_window", 4096)?,
            rms_norm_eps: fields.float("rms_norm_eps")?.unwrap_or(1e-6),
            rope_theta: global.theta.unwrap_or(1_000_000.0),
            rope_scaling: global.scaling,
            local_rope_theta: local.theta.unwrap_or(10_000.0),
            local_rope_scaling: local.scaling,
            max_positions,
            tie_embeddings: fields.boolean("tie_word_embeddings")?.unwrap_or(true),
            bos: fields.ids("bos_token_id", Some(2))?.first().copied(),
            eos: fields.ids("eos_token_id", Some(1))?,
            initializer_range: fields.float("initializer_range")?.unwrap_or(0.02),
        };
        config.validate()?;
        Ok(config)
    }

    /// Reads the text model's part of a multimodal Gemma 3's `config.json`. The ids that begin and end a text may stand
    /// outside of it.
    pub(crate) fn from_multimodal_fields(fields: &Fields<'_>) -> Result<Self, ModelError> {
        let missing = || wrong("text_config", "is missing".to_owned());
        let mut config = Self::from_fields(&fields.object("text_config")?.ok_or_else(missing)?)?;
        if let [bos, ..] = fields.ids("bos_token_id", None)?[..] {
            config.bos = Some(bos);
        }
        let eos = fields.ids("eos_token_id", None)?;
        if !eos.is_empty() {
            config.eos = eos;
        }
        config.validate()?;
        Ok(config)
    }

    /// Reads the metadata of a `gemma3` GGUF file.
    pub(crate) fn from_gguf(file: &GgufFile) -> Result<Self, ModelError> {
        let keys = GgufKeys::new(file, "gemma3");
        keys.refuse_variants()?;
        let [d_model, n_heads] = [keys.size("embedding_length")?, keys.size("attention.head_count")?];
        let (n_layers, d_head) = (keys.size("block_count")?, keys.head_width(d_model, n_heads)?);
        check_layers("gemma3.block_count", n_layers)?;
        // The files do not say it; of the published models only the one with 62 blocks divides by another root.
        let scalar = if n_layers == 62 { d_model / n_heads.max(1) } else { d_head };
        let pattern = keys.size_or("attention.sliding_window_pattern", 6)?;
        let rope_theta = keys.float_or("rope.freq_base", 1_000_000.0)?;
        let max_positions = keys.size("context_length")?;
        let config = Self {
            vocab_size: keys.vocab_size()?,
            d_model,
            d_ff: keys.size("feed_forward_length")?,
            n_heads,
            n_kv_heads: keys.size_or("attention.head_count_kv", n_heads)?,
            d_head,
            query_pre_attn_scalar: scalar as f64,
            sliding_layers: every_nth_whole(n_layers, pattern)?,
            sliding_window: keys.size("attention.sliding_window")?,
            rms_norm_eps: keys.float("attention.layer_norm_rms_epsilon")?,
            rope_theta,
            rope_scaling: keys.rope_scaling(d_head, rope_theta, max_positions)?,
            local_rope_theta: keys.float_or("rope.freq_base_swa", 10_000.0)?,
            local_rope_scaling: RopeScaling::None,
            max_positions,
            tie_embeddings: file.tensor("output.weight").is_none(),
            bos: keys.bos()?,
            eos: keys.eos()?,
            initializer_range: 0.02,
        };
        config.validate()?;
        Ok(config)
    }

    /// Norms hold whole gains.
    pub(crate) fn gguf_layout(&self) -> GgufLayout {
        GgufLayout {
            in_block: &[
                ("self_attn.q_norm.weight", "attn_q_norm.weight"),
                ("self_attn.k_norm.weight", "attn_k_norm.weight"),
                ("post_attention_layernorm.weight", "post_attention_norm.weight"),
                ("pre_feedforward_layernorm.weight", "ffn_norm.weight"),
                ("post_feedforward_layernorm.weight", "post_ffw_norm.weight"),
            ],
            changes: vec![("norm.weight", Change::OneAdded)],
        }
    }

    /// The `config.json` that transformers needs to load a checkpoint of this config, whatever its version.
    pub(crate) fn to_hf_json(&self) -> Value {
        let kind = |&sliding: &bool| if sliding { SLIDING } else { FULL };
        json!({
            "architectures": ["Gemma3ForCausalLM"],
            "model_type": "gemma3_text",
            "vocab_size": self.vocab_size,
            "hidden_size": self.d_model,
            "intermediate_size": self.d_ff,
            "num_hidden_layers": self.sliding_layers.len(),
            "num_attention_heads": self.n_heads,
            "num_key_value_heads": self.n_kv_heads,
            "head_dim": self.d_head,
            "hidden_activation": "gelu_pytorch_tanh",
            "attention_bias": false,
            "query_pre_attn_scalar": whole(self.query_pre_attn_scalar),
            "layer_types": self.sliding_layers.iter().map(kind).collect::<Vec<_>>(),
            "sliding_window": self.sliding_window,
            "rms_norm_eps": self.rms_norm_eps,
            "rope_theta": self.rope_theta,
            "rope_local_base_freq": self.local_rope_theta,
            "rope_scaling": self.rope_scaling.to_legacy_json(),
            "rope_parameters": {
                SLIDING: self.local_rope_scaling.to_json(self.local_rope_theta),
                FULL: self.rope_scaling.to_json(self.rope_theta),
            },
            "max_position_embeddings": self.max_positions,
            "tie_word_embeddings": self.tie_embeddings,
            "bos_token_id": self.bos,
            "eos_token_id": ids_json(&self.eos),
            "initializer_range": self.initializer_range,
            "torch_dtype": "float32",
        })
    }

    /// Checks what the model's arithmetic needs. Configs that were read are checked already.
    ///
    /// # Errors
    /// Names the first field that cannot be, and why.
    pub fn validate(&self) -> Result<(), ModelError> {
        check_sizes(&[
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.d_model),
            ("intermediate_size", self.d_ff),
            ("num_attention_heads", self.n_heads),
            ("num_key_value_heads", self.n_kv_heads),
            ("head_dim", self.d_head),
            ("sliding_window", self.sliding_window),
            ("max_position_embeddings", self.max_positions),
        ])?;
        check_layers("num_hidden_layers", self.sliding_layers.len())?;
        check_divides("num_key_value_heads", self.n_kv_heads, self.n_heads, "attention heads")?;
        check_even("head_dim", self.d_head)?;
        self.rope_scaling.check_width(self.d_head)?;
        self.local_rope_scaling.check_width(self.d_head)?;
        check_positive(&[
            ("query_pre_attn_scalar", self.query_pre_attn_scalar),
            ("rms_norm_eps", self.rms_norm_eps),
            ("rope_theta", self.rope_theta),
            ("rope_local_base_freq", self.local_rope_theta),
            ("initializer_range", self.initializer_range),
        ])?;
        check_ids(self.bos, &self.eos, self.vocab_size)
    }
}

/// Of the blocks that see all, and of those that see a window.
fn ropes(fields: &Fields<'_>, max_positions: usize) -> Result<[RopeFields; 2], ModelError> {
    let Some(kinds) = fields.object("rope_parameters")? else {
        let global = RopeFields::read(fields, "rope_theta", None, max_positions)?;
        let theta = fields.float("rope_local_base_freq")?;
        return Ok([global, RopeFields { theta, partial: None, scaling: RopeScaling::None }]);
    };
    if let Some(old) = fields.object("rope_scaling")?
        && let Some(new) = kinds.object(FULL)?
        && RopeScaling::from_fields(&old, "rope_scaling", max_positions)?
            != RopeScaling::from_fields(&new, FULL, max_positions)?
    {
        return Err(wrong("rope_scaling", "contradicts `rope_parameters`; keep one of them".into()));
    }
    let of = |kind: &str, outer: &str| {
        let rope = kinds.object(kind)?;
        let rope = rope.ok_or_else(|| wrong(&format!("rope_parameters.{kind}"), "is missing".to_owned()))?;
        let name = format!("rope_parameters.{kind}");
        let scaling = RopeScaling::from_fields(&rope, &name, max_positions)?;
        let theta = RopeFields::agreed(outer, fields.float(outer)?, &name, rope.float("rope_theta")?)?;
        Ok::<_, ModelError>(RopeFields { theta, partial: None, scaling })
    };
    Ok([of(FULL, "rope_theta")?, of(SLIDING, "rope_local_base_freq")?])
}

fn sliding_layers(fields: &Fields<'_>, n_layers: usize) -> Result<Vec<bool>, ModelError> {
    let Some(types) = fields.texts("layer_types")? else {
        return every_nth_whole(n_layers, fields.size_or("sliding_window_pattern", 6)?);
    };
    if types.len() != n_layers {
        let why = format!("has {} entries, but there are {n_layers} blocks", types.len());
        return Err(wrong("layer_types", why));
    }
    let is_sliding = |&kind: &&str| match kind {
        SLIDING => Ok(true),
        FULL => Ok(false),
        other => Err(not_supported(format!("blocks of kind `{other}` (`layer_types`)"))),
    };
    types.iter().map(is_sliding).collect()
}

/// Every `pattern`-th block sees the whole context.
fn every_nth_whole(n_layers: usize, pattern: usize) -> Result<Vec<bool>, ModelError> {
    check_sizes(&[("sliding_window_pattern", pattern)])?;
    Ok((1..=n_layers).map(|number| !number.is_multiple_of(pattern)).collect())
}

/// Whole numbers stand without a point in published configs, and some readers insist on it.
fn whole(value: f64) -> Value {
    if value.fract() == 0.0 { (value as i64).into() } else { value.into() }
}
