//! Metadata that make another model of the same architecture: they are refused where they change what it computes.

use super::GgufKeys;
use crate::{config_checks::not_supported, error::ModelError};

/// Factors, of which llama.cpp takes 0 for none.
const FACTORS: [&str; 3] = ["logit_scale", "embedding_scale", "residual_scale"];
const SOFTCAPS: [&str; 2] = ["final_logit_softcapping", "attn_logit_softcapping"];
const WINDOW: &str = "attention.sliding_window";

impl GgufKeys<'_> {
    /// Refuses attention that sees what comes after, experts, scales and soft caps.
    pub(crate) fn refuse_variants(&self) -> Result<(), ModelError> {
        let causal = self.key("attention.causal");
        if self.file.has_key(&causal) && !self.file.get_bool(&causal)? {
            return Err(not_supported(format!("attention to what comes after (`{causal}: false`)")));
        }
        if self.size_or("expert_count", 0)? > 0 {
            let key = self.key("expert_count");
            return Err(not_supported(format!("a mixture of experts (`{key}`)")));
        }
        for name in FACTORS {
            self.refuse_unless(name, |value| value == 0.0 || value == 1.0)?;
        }
        for name in SOFTCAPS {
            self.refuse_unless(name, |value| value == 0.0)?;
        }
        let scale = "attention.scale";
        if self.float_or(scale, 0.0)? != 0.0 {
            let d_head =
                self.head_width(self.size("embedding_length")?, self.size("attention.head_count")?)? as f64;
            self.refuse_unless(scale, |value| (value * d_head.sqrt() - 1.0).abs() < 1e-5)?;
        }
        Ok(())
    }

    /// Refuses a window in an architecture that has none: one shorter than the longest context.
    pub(crate) fn refuse_window(&self, max_positions: usize) -> Result<(), ModelError> {
        match self.size_or(WINDOW, 0)? {
            window if window == 0 || window >= max_positions => Ok(()),
            window => {
                let key = self.key(WINDOW);
                Err(not_supported(format!("a sliding window (`{key}: {window}`)")))
            }
        }
    }

    fn refuse_unless(&self, name: &str, neutral: impl Fn(f64) -> bool) -> Result<(), ModelError> {
        if !self.has(name) {
            return Ok(());
        }
        let value = self.float(name)?;
        if neutral(value) {
            return Ok(());
        }
        let key = self.key(name);
        Err(not_supported(format!("`{key}: {value}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gguf::blob::Blob;

    #[track_caller]
    fn refused(blob: Blob, expected: &str) {
        let error = GgufKeys::new(&blob.open().unwrap(), "gemma3").refuse_variants().unwrap_err();
        assert!(matches!(error, ModelError::NotSupported { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[track_caller]
    fn read(blob: Blob) {
        GgufKeys::new(&blob.open().unwrap(), "gemma3").refuse_variants().unwrap();
    }

    fn scaled(name: &str, value: f32) -> Blob {
        let sizes = Blob::new(0, 3).key("gemma3.embedding_length", 4).u32(64);
        let sizes = sizes.key("gemma3.attention.head_count", 4).u32(4);
        sizes.f32_key(&format!("gemma3.{name}"), value).padded()
    }

    #[test]
    fn variants_are_refused() {
        let causal = |causal| Blob::new(0, 1).key("gemma3.attention.causal", 7).bytes(&[causal]).padded();
        read(causal(1));
        refused(causal(0), "`gemma3.attention.causal: false`");
        refused(Blob::new(0, 1).key("gemma3.expert_count", 4).u32(8).padded(), "`gemma3.expert_count`");
    }

    #[test]
    fn scales_and_caps_are_refused_unless_they_change_nothing() {
        for name in FACTORS {
            read(scaled(name, 0.0));
            read(scaled(name, 1.0));
            refused(scaled(name, 3.0), &format!("`gemma3.{name}: 3`"));
        }
        for name in SOFTCAPS {
            read(scaled(name, 0.0));
            refused(scaled(name, 30.0), &format!("`gemma3.{name}: 30`"));
        }
        read(scaled("attention.scale", 0.0));
        read(scaled("attention.scale", 0.25));
        refused(scaled("attention.scale", 1.0), "`gemma3.attention.scale: 1`");
    }

    #[test]
    fn windows_are_refused_where_a_text_is_longer() {
        let file = Blob::new(0, 1).key("llama.attention.sliding_window", 4).u32(32).padded().open().unwrap();
        let keys = GgufKeys::new(&file, "llama");
        assert!(keys.refuse_window(32).is_ok());
        let error = keys.refuse_window(33).unwrap_err().to_string();
        assert!(error.contains("`llama.attention.sliding_window: 32`"), "{error}");
    }
}
