//! How rotary frequencies are stretched for contexts longer than those of the training.

use std::f64::consts::TAU;

use serde_json::{Value, json};

use crate::{
    config_checks::{check_positive, not_supported, wrong},
    error::ModelError,
    json_fields::Fields,
};

/// A change of the rotary frequencies, by its name in `rope_parameters` (before transformers 5, `rope_scaling`).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum RopeScaling {
    /// `default`: none.
    #[default]
    None,
    /// `linear` (Chen et al., 2023): positions divided by a factor.
    Linear {
        /// The divisor.
        factor: f64,
    },
    /// `llama3`: slow frequencies divided by a factor, fast ones kept, those between interpolated.
    Llama3 {
        /// The divisor.
        factor: f64,
        /// Wavelengths above `original_context / low_freq_factor` are slow.
        low_freq_factor: f64,
        /// Wavelengths below `original_context / high_freq_factor` are fast.
        high_freq_factor: f64,
        /// Longest context of the first training, tokens (`original_max_position_embeddings`).
        original_context: f64,
    },
    /// A divisor for every frequency, as GGUF files of Llama 3.1 and later hold them (`rope_freqs.weight`); in a
    /// `config.json` it is a `longrope` that does not depend on the length.
    Divisors(Vec<f32>),
    /// `yarn` (Peng et al., 2023): as `llama3` with a ramp over the features, and scores scaled up.
    Yarn {
        /// The divisor.
        factor: f64,
        /// Queries and keys are scaled by it.
        attention_factor: f64,
        /// Rotations over the original context from which on a feature keeps its frequency.
        beta_fast: f64,
        /// Rotations up to which a feature's frequency is divided whole.
        beta_slow: f64,
        /// Whether the ends of the ramp are rounded to whole features.
        truncate: bool,
        /// Longest context of the first training, tokens (`original_max_position_embeddings`).
        original_context: f64,
    },
}

impl RopeScaling {
    /// Reads `rope_parameters` or `rope_scaling`, which `name` says.
    pub(crate) fn from_fields(
        rope: &Fields<'_>,
        name: &str,
        max_positions: usize,
    ) -> Result<Self, ModelError> {
        let need = |field: &str| {
            let missing = || wrong(&format!("{name}.{field}"), "is missing".to_owned());
            rope.float(field)?.ok_or_else(missing)
        };
        let original_context = || {
            let original = rope.float("original_max_position_embeddings")?;
            Ok::<_, ModelError>(original.unwrap_or(max_positions as f64))
        };
        let scaling = match rope.text("rope_type")?.or(rope.text("type")?).unwrap_or("default") {
            "default" => Self::None,
            "linear" => Self::Linear { factor: need("factor")? },
            "llama3" => Self::Llama3 {
                factor: need("factor")?,
                low_freq_factor: need("low_freq_factor")?,
                high_freq_factor: need("high_freq_factor")?,
                original_context: original_context()?,
            },
            "longrope" => Self::Divisors(same_divisors(rope, name)?),
            "yarn" => {
                let factor = need("factor")?;
                let [mscale, mscale_all_dim] = [rope.float("mscale")?, rope.float("mscale_all_dim")?];
                let scale = |by: f64| if factor <= 1.0 { 1.0 } else { 0.1 * by * factor.ln() + 1.0 };
                let inferred = match (mscale.filter(|&m| m != 0.0), mscale_all_dim.filter(|&m| m != 0.0)) {
                    (Some(mscale), Some(all)) => scale(mscale) / scale(all),
                    _ => scale(1.0),
                };
                Self::Yarn {
                    factor,
                    attention_factor: rope.float("attention_factor")?.unwrap_or(inferred),
                    beta_fast: rope.float("beta_fast")?.unwrap_or(32.0),
                    beta_slow: rope.float("beta_slow")?.unwrap_or(1.0),
                    truncate: rope.boolean("truncate")?.unwrap_or(true),
                    original_context: original_context()?,
                }
            }
            other => return Err(not_supported(format!("rope scaling `{other}` (`{name}`)"))),
        };
        scaling.check(name)?;
        Ok(scaling)
    }

    /// Checks what is divided by; `name` is what errors put before a field.
    pub(crate) fn check(&self, name: &str) -> Result<(), ModelError> {
        let values = match self {
            Self::None => vec![],
            Self::Linear { factor } => vec![("factor", *factor)],
            Self::Divisors(divisors) => divisors.iter().map(|&by| ("long_factor", f64::from(by))).collect(),
            Self::Llama3 { factor, low_freq_factor, high_freq_factor, original_context } => {
                if high_freq_factor <= low_freq_factor {
                    let why = format!("is {high_freq_factor}, must be above low_freq_factor");
                    return Err(wrong(&format!("{name}.high_freq_factor"), why));
                }
                vec![
                    ("factor", *factor),
                    ("low_freq_factor", *low_freq_factor),
                    ("original_max_position_embeddings", *original_context),
                ]
            }
            Self::Yarn { factor, attention_factor, beta_fast, beta_slow, original_context, .. } => vec![
                ("factor", *factor),
                ("attention_factor", *attention_factor),
                ("beta_fast", *beta_fast),
                ("beta_slow", *beta_slow),
                ("original_max_position_embeddings", *original_context),
            ],
        };
        let named = |(field, value): (&str, f64)| check_positive(&[(&format!("{name}.{field}"), value)]);
        values.into_iter().try_for_each(named)
    }

    /// There must be a divisor for every pair of `rotary_dim` features.
    pub(crate) fn check_width(&self, rotary_dim: usize) -> Result<(), ModelError> {
        match self {
            Self::Divisors(divisors) if divisors.len() != rotary_dim / 2 => {
                let why = format!("has {} numbers, must have {}", divisors.len(), rotary_dim / 2);
                Err(wrong("long_factor", why))
            }
            _ => Ok(()),
        }
    }

    /// The name that divisors of the frequencies with this base have, if they have one: none, or that of the published
    /// Llama 3.1 and 3.2.
    pub(crate) fn of_divisors(divisors: Vec<f32>, theta: f64) -> Self {
        let rotary_dim = 2 * divisors.len();
        let published = Self::Llama3 {
            factor: divisors.last().map_or(1.0, |&slowest| f64::from(slowest)),
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_context: 8192.0,
        };
        let (plain, _) = Self::None.frequencies(rotary_dim, theta);
        let gives = |scaling: &Self| {
            let (scaled, _) = scaling.frequencies(rotary_dim, theta);
            let mut pairs = plain.iter().zip(scaled).zip(&divisors);
            // Converters compute in single precision.
            pairs.all(|((plain, scaled), by)| (plain / scaled - by).abs() <= 1e-5 * by)
        };
        [Self::None, published].into_iter().find(gives).unwrap_or(Self::Divisors(divisors))
    }

    /// The fields of `rope_scaling`, which transformers had before version 5: none where nothing is scaled.
    pub(crate) fn to_legacy_json(&self) -> Value {
        let mut fields = self.to_json(0.0);
        match (self, fields.as_object_mut()) {
            (Self::None, _) | (_, None) => Value::Null,
            (_, Some(map)) => {
                map.remove("rope_theta");
                fields
            }
        }
    }

    /// The fields of `rope_parameters`, with the base frequency.
    pub(crate) fn to_json(&self, theta: f64) -> Value {
        match self {
            Self::None => json!({ "rope_type": "default", "rope_theta": theta }),
            Self::Linear { factor } => {
                json!({ "rope_type": "linear", "rope_theta": theta, "factor": factor })
            }
            Self::Llama3 { factor, low_freq_factor, high_freq_factor, original_context } => json!({
                "rope_type": "llama3",
                "rope_theta": theta,
                "factor": factor,
                "low_freq_factor": low_freq_factor,
                "high_freq_factor": high_freq_factor,
                "original_max_position_embeddings": *original_context as u64,
            }),
            Self::Divisors(divisors) => json!({
                "rope_type": "longrope",
                "rope_theta": theta,
                "factor": 1.0,
                "attention_factor": 1.0,
                "short_factor": divisors,
                "long_factor": divisors,
                // Where the one list follows on the other: both are the same.
                "original_max_position_embeddings": 1,
            }),
            Self::Yarn { factor, attention_factor, beta_fast, beta_slow, truncate, original_context } => {
                json!({
                    "rope_type": "yarn",
                    "rope_theta": theta,
                    "factor": factor,
                    "attention_factor": attention_factor,
                    "beta_fast": beta_fast,
                    "beta_slow": beta_slow,
                    "truncate": truncate,
                    "original_max_position_embeddings": *original_context as u64,
                })
            }
        }
    }

    /// The frequencies of `rotary_dim` features, in radians a position, and what queries and keys are scaled by.
    pub(crate) fn frequencies(&self, rotary_dim: usize, theta: f64) -> (Vec<f32>, f32) {
        let dim = rotary_dim as f64;
        let plain = (0..rotary_dim / 2).map(|i| 1.0 / theta.powf((2 * i) as f64 / dim));
        match *self {
            Self::None => (plain.map(|f| f as f32).collect(), 1.0),
            Self::Linear { factor } => (plain.map(|f| (f / factor) as f32).collect(), 1.0),
            Self::Llama3 { factor, low_freq_factor, high_freq_factor, original_context } => {
                let scaled = plain.map(|frequency| {
                    let wavelength = TAU / frequency;
                    if wavelength < original_context / high_freq_factor {
                        frequency
                    } else if wavelength > original_context / low_freq_factor {
                        frequency / factor
                    } else {
                        let smooth = (original_context / wavelength - low_freq_factor)
                            / (high_freq_factor - low_freq_factor);
                        (1.0 - smooth) * frequency / factor + smooth * frequency
                    }
                });
                (scaled.map(|f| f as f32).collect(), 1.0)
            }
            Self::Divisors(ref divisors) => {
                let divided = plain.zip(divisors).map(|(f, &by)| (f / f64::from(by)) as f32);
                (divided.collect(), 1.0)
            }
            Self::Yarn { factor, attention_factor, beta_fast, beta_slow, truncate, original_context } => {
                // The feature that makes this many rotations over the original context.
                let feature =
                    |rotations: f64| dim * (original_context / (rotations * TAU)).ln() / (2.0 * theta.ln());
                let (mut low, mut high) = (feature(beta_fast), feature(beta_slow));
                if truncate {
                    (low, high) = (low.floor(), high.ceil());
                }
                (low, high) = (low.max(0.0), high.min(dim - 1.0));
                if low == high {
                    high += 0.001; // as the reference does, instead of dividing by zero
                }
                let scaled = plain.enumerate().map(|(i, frequency)| {
                    let divided = ((i as f64 - low) / (high - low)).clamp(0.0, 1.0);
                    frequency / factor * divided + frequency * (1.0 - divided)
                });
                (scaled.map(|f| f as f32).collect(), attention_factor as f32)
            }
        }
    }
}

/// The divisors of a `longrope` that are the same for every length.
fn same_divisors(rope: &Fields<'_>, name: &str) -> Result<Vec<f32>, ModelError> {
    let [short, long] = [rope.floats("short_factor")?, rope.floats("long_factor")?];
    match long {
        Some(divisors)
            if short.as_ref() == Some(&divisors) && rope.float("attention_factor")? == Some(1.0) =>
        {
            Ok(divisors.into_iter().map(|by| by as f32).collect())
        }
        _ => Err(not_supported(format!("rope scaling `longrope` that depends on the length (`{name}`)"))),
    }
}
