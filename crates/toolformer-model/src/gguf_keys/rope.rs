//! How the metadata of a GGUF file stretch the rotary frequencies, as llama.cpp reads them (`llama-model.cpp`,
//! `llama-context.cpp`, and `rope_yarn` of ggml).

use super::GgufKeys;
use crate::{
    config_checks::{not_supported, wrong},
    error::ModelError,
    rope_scaling::RopeScaling,
    weights::ROPE_FACTORS,
};

/// What may stand behind `rope.scaling.`; `finetuned` changes nothing.
const KNOWN: [&str; 9] = [
    "type",
    "factor",
    "finetuned",
    "original_context_length",
    "attn_factor",
    "yarn_ext_factor",
    "yarn_attn_factor",
    "yarn_beta_fast",
    "yarn_beta_slow",
];

impl GgufKeys<'_> {
    /// How the frequencies of heads of `d_head` features and base `theta` are stretched; `max_positions` is the
    /// longest context in training.
    pub(crate) fn rope_scaling(
        &self,
        d_head: usize,
        theta: f64,
        max_positions: usize,
    ) -> Result<RopeScaling, ModelError> {
        self.refuse_unknown()?;
        let name = self.key("rope.scaling.type");
        // The factor alone means `linear`, and the old key for it is still read.
        let kind = if self.has("rope.scaling.type") { self.file.get_str(&name)? } else { "linear" };
        let factor = self.float_or("rope.scaling.factor", self.float_or("rope.scale_linear", 1.0)?)?;
        let factor = if factor == 0.0 || kind == "none" { 1.0 } else { factor };
        let attention = self.float_or("rope.scaling.attn_factor", 1.0)?;
        let scaling = match kind {
            "none" | "linear" => {
                self.refuse_unless_one("rope.scaling.attn_factor")?;
                if factor == 1.0 { RopeScaling::None } else { RopeScaling::Linear { factor } }
            }
            "yarn" => {
                self.refuse_unless_one("rope.scaling.yarn_ext_factor")?;
                self.refuse_unless_one("rope.scaling.yarn_attn_factor")?;
                let inferred = if factor <= 1.0 { 1.0 } else { 0.1 * factor.ln() + 1.0 };
                RopeScaling::Yarn {
                    factor,
                    attention_factor: attention * inferred,
                    beta_fast: self.float_or("rope.scaling.yarn_beta_fast", 32.0)?,
                    beta_slow: self.float_or("rope.scaling.yarn_beta_slow", 1.0)?,
                    truncate: true,
                    original_context: self.size_or("rope.scaling.original_context_length", max_positions)?
                        as f64,
                }
            }
            other => return Err(not_supported(format!("rope scaling `{other}` (`{name}`)"))),
        };
        scaling.check(&self.key("rope.scaling"))?;
        match self.file.tensor(ROPE_FACTORS) {
            None => Ok(scaling),
            Some(_) if self.architecture == "llama" && scaling == RopeScaling::None => {
                self.divisors(d_head, theta)
            }
            Some(_) => {
                let what = "beside other rope scaling, or in a file of the architecture";
                Err(not_supported(format!("`{ROPE_FACTORS}` {what} `{}`", self.architecture)))
            }
        }
    }

    /// A divisor for every frequency: this is how Llama 3.1 and later are converted.
    fn divisors(&self, d_head: usize, theta: f64) -> Result<RopeScaling, ModelError> {
        let (shape, divisors) = self.file.tensor_f32(ROPE_FACTORS)?;
        if shape != [d_head / 2] {
            let (name, expected) = (ROPE_FACTORS.to_owned(), vec![d_head / 2]);
            return Err(ModelError::Shape { name, expected, found: shape });
        }
        if let Some(bad) = divisors.iter().find(|divisor| !(divisor.is_finite() && **divisor > 0.0)) {
            return Err(wrong(ROPE_FACTORS, format!("holds {bad}, must be positive")));
        }
        Ok(RopeScaling::of_divisors(divisors, theta))
    }

    fn refuse_unknown(&self) -> Result<(), ModelError> {
        let prefix = self.key("rope.scaling.");
        let unknown = |key: &&str| key.strip_prefix(&prefix).is_some_and(|name| !KNOWN.contains(&name));
        match self.file.keys().find(unknown) {
            Some(key) => Err(not_supported(format!("`{key}`"))),
            None => Ok(()),
        }
    }

    fn refuse_unless_one(&self, name: &str) -> Result<(), ModelError> {
        match self.float_or(name, 1.0)? {
            1.0 => Ok(()),
            other => Err(not_supported(format!("`{}` of {other}", self.key(name)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gguf::{GgufFile, blob::Blob};

    /// What a file of this architecture with these floats (and texts for types) asks for.
    fn read(keys: &[(&str, f32)], kind: Option<&str>, factors: &[f32]) -> Result<RopeScaling, ModelError> {
        let blob =
            Blob::new(u64::from(!factors.is_empty()), (keys.len() + usize::from(kind.is_some())) as u64);
        let blob =
            keys.iter().fold(blob, |blob, (key, value)| blob.f32_key(&format!("llama.rope.{key}"), *value));
        let blob = kind.into_iter().fold(blob, |blob, kind| blob.text_key("llama.rope.scaling.type", kind));
        let blob =
            if factors.is_empty() { blob } else { blob.tensor(ROPE_FACTORS, &[factors.len() as u64], 0, 0) };
        let blob = factors.iter().fold(blob.padded(), |blob, factor| blob.u32(factor.to_bits()));
        let file: GgufFile = blob.open()?;
        GgufKeys::new(&file, "llama").rope_scaling(16, 500_000.0, 131_072)
    }

    #[track_caller]
    fn check(keys: &[(&str, f32)], kind: Option<&str>, expected: RopeScaling) {
        assert_eq!(read(keys, kind, &[]).unwrap(), expected);
    }

    #[track_caller]
    fn refused(keys: &[(&str, f32)], kind: Option<&str>, factors: &[f32], expected: &str) {
        let error = read(keys, kind, factors).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_factor_alone_is_linear() {
        let linear = RopeScaling::Linear { factor: 8.0 };
        check(&[], None, RopeScaling::None);
        check(&[("scaling.factor", 8.0)], None, linear.clone());
        check(&[("scale_linear", 8.0)], None, linear.clone());
        check(&[("scale_linear", 2.0), ("scaling.factor", 8.0)], None, linear.clone());
        check(&[("scaling.factor", 8.0)], Some("linear"), linear.clone());
        check(&[("scale_linear", 8.0)], Some("linear"), linear);
        check(&[("scaling.factor", 8.0)], Some("none"), RopeScaling::None);
        check(&[("scaling.factor", 1.0)], None, RopeScaling::None);
        check(&[("scaling.factor", 0.0)], None, RopeScaling::None);
        check(&[("scaling.attn_factor", 1.0)], Some("linear"), RopeScaling::None);
    }

    #[test]
    fn yarn_as_in_a_config_json() {
        let yarn = |attention_factor, [beta_fast, beta_slow]: [f64; 2], original_context| RopeScaling::Yarn {
            factor: 4.0,
            attention_factor,
            beta_fast,
            beta_slow,
            truncate: true,
            original_context,
        };
        let inferred = 0.1 * 4_f64.ln() + 1.0;
        check(&[("scaling.factor", 4.0)], Some("yarn"), yarn(inferred, [32.0, 1.0], 131_072.0));
        let keys = [
            ("scaling.factor", 4.0),
            ("scaling.attn_factor", 0.5),
            ("scaling.yarn_ext_factor", 1.0),
            ("scaling.yarn_beta_fast", 16.0),
            ("scaling.yarn_beta_slow", 2.0),
        ];
        check(&keys, Some("yarn"), yarn(0.5 * inferred, [16.0, 2.0], 131_072.0));
    }

    #[test]
    fn what_is_not_computed_is_refused() {
        refused(&[("scaling.alpha", 1.0)], None, &[], "`llama.rope.scaling.alpha` is not supported");
        refused(
            &[("scaling.yarn_log_multiplier", 0.1)],
            Some("yarn"),
            &[],
            "`llama.rope.scaling.yarn_log_mul",
        );
        refused(&[("scaling.attn_factor", 1.5)], None, &[], "`llama.rope.scaling.attn_factor` of 1.5");
        refused(&[("scaling.yarn_ext_factor", 0.5)], Some("yarn"), &[], "yarn_ext_factor` of 0.5");
        refused(&[("scaling.yarn_attn_factor", 0.5)], Some("yarn"), &[], "yarn_attn_factor` of 0.5");
        refused(&[], Some("longrope"), &[], "rope scaling `longrope`");
        refused(
            &[("scaling.factor", -2.0)],
            None,
            &[],
            "`llama.rope.scaling.factor`: is -2, must be positive",
        );
        refused(&[("scaling.factor", f32::NAN)], None, &[], "must be positive");
        refused(&[("scaling.factor", 2.0)], None, &[1.0; 8], "`rope_freqs.weight` beside other rope scaling");
        refused(&[], None, &[1.0; 7], "`rope_freqs.weight` has shape [7], the config asks for [8]");
        refused(&[], None, &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0], "`rope_freqs.weight`: holds 0");
    }

    /// The published settings are recognised; other divisors are kept as they are.
    #[test]
    fn divisors_of_frequencies() {
        let published = RopeScaling::Llama3 {
            factor: 32.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_context: 8192.0,
        };
        // As llama.cpp's converter computes them.
        let divisors: Vec<f32> = (0..8)
            .map(|i| {
                let wavelength = std::f64::consts::TAU * 500_000_f64.powf(f64::from(2 * i) / 16.0);
                let smooth = ((8192.0 / wavelength - 1.0) / 3.0).clamp(0.0, 1.0);
                (1.0 / ((1.0 - smooth) / 32.0 + smooth)) as f32
            })
            .collect();
        assert!(divisors.iter().any(|&divisor| divisor > 1.0 && divisor < 32.0), "{divisors:?}");
        assert_eq!(read(&[], None, &divisors).unwrap(), published);
        assert_eq!(read(&[], None, &[1.0; 8]).unwrap(), RopeScaling::None);
        let mut other = divisors;
        other[4] *= 1.001;
        assert_eq!(read(&[], None, &other).unwrap(), RopeScaling::Divisors(other));
    }
}
