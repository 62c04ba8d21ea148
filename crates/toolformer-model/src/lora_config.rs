//! What a LoRA adapter looks like.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    config_checks::wrong,
    error::ModelError,
    lora_targets::{TargetModules, block_number, whole},
};

/// What a LoRA adapter looks like; the field names are PEFT's `adapter_config.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoraConfig {
    /// Rank of the updates.
    pub r: usize,
    /// The updates are scaled by `lora_alpha / r`.
    pub lora_alpha: f64,
    /// The projections that get an update. Default all linear layers between embedding and head.
    pub target_modules: TargetModules,
    /// The part of an update's input that is dropped while it learns, see
    /// [`LanguageModel::with_lora_dropout`](crate::LanguageModel::with_lora_dropout). Default 0.
    #[serde(default)]
    pub lora_dropout: f64,
    /// Scale by `lora_alpha / sqrt(r)` instead (rsLoRA: Kalajdzievski, 2023). Default no.
    #[serde(default)]
    pub use_rslora: bool,
    /// What is trained and saved as a whole besides, by the ends of its names: the embedding (`embed_tokens`), the head
    /// (`lm_head`), norms (`norm`), in the numbers that the model holds them in. Linear layers between them cannot be.
    /// Default nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules_to_save: Vec<String>,
    /// Numbers of the only blocks that get updates, the first is 0; not where the targets are one regular expression.
    /// Default all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers_to_transform: Option<Vec<usize>>,
    /// Other ranks for some projections, by regular expressions that match the end of a name from a dot on. Default none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rank_pattern: BTreeMap<String, usize>,
    /// Other values of `lora_alpha`, likewise. Default none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub alpha_pattern: BTreeMap<String, f64>,
}

impl Default for LoraConfig {
    /// Rank 16, alpha 32, on all linear layers: what the QLoRA paper (Dettmers et al., 2023) found to match full
    /// fine-tuning.
    fn default() -> Self {
        Self {
            r: 16,
            lora_alpha: 32.0,
            target_modules: TargetModules::default(),
            lora_dropout: 0.0,
            use_rslora: false,
            modules_to_save: Vec::new(),
            layers_to_transform: None,
            rank_pattern: BTreeMap::new(),
            alpha_pattern: BTreeMap::new(),
        }
    }
}

impl LoraConfig {
    /// # Errors
    /// If a value is out of range, a regular expression is none, or there is no target.
    pub fn validate(&self) -> Result<(), ModelError> {
        if self.r == 0 || self.rank_pattern.values().any(|&rank| rank == 0) {
            return Err(wrong("r", "the rank must be at least 1".into()));
        }
        let alphas = std::iter::once(&self.lora_alpha).chain(self.alpha_pattern.values());
        if let Some(alpha) = alphas.into_iter().find(|alpha| !(alpha.is_finite() && **alpha > 0.0)) {
            return Err(wrong("lora_alpha", format!("must be above 0, is {alpha}")));
        }
        if !(0.0..1.0).contains(&self.lora_dropout) {
            return Err(wrong(
                "lora_dropout",
                format!("must be from 0 to below 1, is {}", self.lora_dropout),
            ));
        }
        self.target_modules.matcher().map(drop)?;
        self.rank_of("")?;
        self.scale_of("").map(drop)
    }

    /// Whether it leaves a projection out that its targets name: because it is in another block, or saved as a whole.
    pub(crate) fn leaves_out(&self, name: &str) -> bool {
        let dotted = format!(".{name}.");
        if self.modules_to_save.iter().any(|module| dotted.contains(&format!(".{module}."))) {
            return true;
        }
        let blocks = self.layers_to_transform.as_ref().filter(|blocks| !blocks.is_empty());
        let one_pattern =
            matches!(self.target_modules, TargetModules::Pattern(_)) && !self.target_modules.is_all();
        let is_among = |blocks: &Vec<usize>| block_number(name).is_some_and(|at| blocks.contains(&at));
        !one_pattern && blocks.is_some_and(|blocks| !is_among(blocks))
    }

    /// The rank of a projection's update.
    pub(crate) fn rank_of(&self, name: &str) -> Result<usize, ModelError> {
        Ok(of_pattern("rank_pattern", &self.rank_pattern, name)?.unwrap_or(self.r))
    }

    /// What a projection's update is multiplied by.
    pub(crate) fn scale_of(&self, name: &str) -> Result<f64, ModelError> {
        let alpha = of_pattern("alpha_pattern", &self.alpha_pattern, name)?.unwrap_or(self.lora_alpha);
        let rank = self.rank_of(name)? as f64;
        Ok(alpha / if self.use_rslora { rank.sqrt() } else { rank })
    }
}

/// What the expression that fits a name says; the files have an order of expressions, which is lost here, so that two that
/// say different things are refused.
fn of_pattern<T: Copy + PartialEq>(
    field: &str,
    patterns: &BTreeMap<String, T>,
    name: &str,
) -> Result<Option<T>, ModelError> {
    let mut found = None;
    for (pattern, &value) in patterns {
        if !whole(field, pattern, &format!(r"(?:.*\.)?(?:{pattern})"))?.is_match(name) {
            continue;
        }
        if found.is_some_and(|other| other != value) {
            return Err(wrong(field, format!("two expressions fit `{name}`, with different values")));
        }
        found = Some(value);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_wrong(config: LoraConfig, part: &str) {
        let error = config.validate().unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn values_out_of_range_are_refused() {
        let usual = LoraConfig::default;
        assert!(usual().validate().is_ok());
        check_wrong(LoraConfig { r: 0, ..usual() }, "`r`");
        check_wrong(LoraConfig { lora_alpha: 0.0, ..usual() }, "lora_alpha");
        check_wrong(LoraConfig { lora_alpha: f64::NAN, ..usual() }, "lora_alpha");
        check_wrong(LoraConfig { lora_dropout: 1.0, ..usual() }, "lora_dropout");
        check_wrong(LoraConfig { rank_pattern: BTreeMap::from([("q".into(), 0)]), ..usual() }, "`r`");
        check_wrong(
            LoraConfig { alpha_pattern: BTreeMap::from([("(".into(), 1.0)]), ..usual() },
            "alpha_pattern",
        );
    }

    #[test]
    fn patterns_say_ranks_and_alphas() {
        let config = LoraConfig {
            r: 4,
            lora_alpha: 8.0,
            rank_pattern: BTreeMap::from([("q_proj".into(), 2), (r"0\.mlp\.down_proj".into(), 16)]),
            alpha_pattern: BTreeMap::from([("v_proj".into(), 4.0)]),
            ..LoraConfig::default()
        };
        let of = |name| (config.rank_of(name).unwrap(), config.scale_of(name).unwrap());
        assert_eq!(of("layers.0.self_attn.q_proj"), (2, 4.0));
        assert_eq!(of("layers.0.self_attn.v_proj"), (4, 1.0));
        assert_eq!(of("layers.0.mlp.down_proj"), (16, 0.5));
        assert_eq!(of("layers.1.mlp.down_proj"), (4, 2.0));
        let rooted = LoraConfig { use_rslora: true, ..config };
        assert_eq!(rooted.scale_of("layers.0.mlp.down_proj").unwrap(), 2.0);
    }

    #[test]
    fn two_patterns_must_agree() {
        let ranks = [("q_proj".to_owned(), 2), ("._proj".to_owned(), 3)];
        let config = LoraConfig { rank_pattern: BTreeMap::from(ranks), ..LoraConfig::default() };
        assert_eq!(config.rank_of("k_proj").unwrap(), 3);
        assert!(config.rank_of("q_proj").unwrap_err().to_string().contains("two expressions"));
    }

    #[test]
    fn a_config_is_read_as_it_was_written() {
        let config =
            LoraConfig { lora_dropout: 0.1, layers_to_transform: Some(vec![1]), ..Default::default() };
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<LoraConfig>(&json).unwrap(), config);
        let old = r#"{"r": 16, "lora_alpha": 32.0, "target_modules": ["all-linear"]}"#;
        assert!(serde_json::from_str::<LoraConfig>(old).unwrap().target_modules.is_all());
    }
}
