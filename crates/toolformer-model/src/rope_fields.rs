//! The rotary settings of a `config.json`, in the style of transformers 5 (`rope_parameters`) or before
//! (`rope_theta`, `rope_scaling`).

use crate::{
    config_checks::{not_supported, wrong},
    error::ModelError,
    json_fields::Fields,
    rope_scaling::RopeScaling,
};

/// The context of the first training; some configs have it beside the rotary settings, not in them.
const ORIGINAL: &str = "original_max_position_embeddings";

/// What a `config.json` says about rotation.
pub(crate) struct RopeFields {
    pub(crate) theta: Option<f64>,
    /// The share of each head that is rotated.
    pub(crate) partial: Option<f64>,
    pub(crate) scaling: RopeScaling,
}

impl RopeFields {
    /// Both styles in one: fields outside are called `theta` and `partial`, if the family has them.
    pub(crate) fn read(
        fields: &Fields<'_>,
        theta: &str,
        partial: Option<&str>,
        max_positions: usize,
    ) -> Result<Self, ModelError> {
        let original = fields.optional_size(ORIGINAL)?;
        let outer_theta = fields.float(theta)?;
        let outer_partial = partial.map(|partial| fields.float(partial)).transpose()?.flatten();
        let mut found = Self { theta: outer_theta, partial: outer_partial, scaling: RopeScaling::None };
        for name in ["rope_parameters", "rope_scaling"] {
            let Some(rope) = fields.object(name)? else { continue };
            let scaling = RopeScaling::from_fields(&rope, name, original.unwrap_or(max_positions))?;
            if let (Some(outer), Some(inner)) = (original, rope.optional_size(ORIGINAL)?)
                && outer != inner
            {
                return Err(wrong(ORIGINAL, format!("is {outer}, but {inner} in `{name}`; make them equal")));
            }
            if found.scaling != RopeScaling::None && scaling != found.scaling {
                return Err(wrong("rope_scaling", "contradicts `rope_parameters`; keep one of them".into()));
            }
            found.scaling = scaling;
            found.theta = Self::agreed(theta, found.theta, name, rope.float("rope_theta")?)?;
            let inner = rope.float("partial_rotary_factor")?;
            let inner = inner.filter(|&share| partial.is_some() || share != 1.0);
            if partial.is_none() && inner.is_some() {
                return Err(not_supported(format!(
                    "rotating a part of each head (`{name}.partial_rotary_factor`)"
                )));
            }
            found.partial = Self::agreed(partial.unwrap_or_default(), found.partial, name, inner)?;
        }
        Ok(found)
    }

    /// The one value that is given outside or inside; two must be equal.
    pub(crate) fn agreed(
        field: &str,
        outer: Option<f64>,
        name: &str,
        inner: Option<f64>,
    ) -> Result<Option<f64>, ModelError> {
        match (outer, inner) {
            (Some(outer), Some(inner)) if outer != inner => {
                Err(wrong(field, format!("is {outer}, but {inner} in `{name}`; make them equal")))
            }
            (outer, inner) => Ok(inner.or(outer)),
        }
    }
}
