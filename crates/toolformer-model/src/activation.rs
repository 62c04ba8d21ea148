//! The activation functions of feed-forward layers, by their names in a `config.json`.

use burn::tensor::{
    Tensor,
    activation::{gelu, gelu_approximate, relu, sigmoid, silu},
    backend::Backend,
};

#[cfg(feature = "flex")]
use crate::flex;
use crate::{config_checks::not_supported, error::ModelError, json_fields::Fields};

/// An activation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// GELU by the normal distribution (Hendrycks and Gimpel, 2016): `gelu`.
    Gelu,
    /// GELU by its approximation with tanh: `gelu_new`, `gelu_pytorch_tanh`, `gelu_fast`.
    GeluTanh,
    /// `max(x, 0)`: `relu`.
    Relu,
    /// `x` times the sigmoid of `x`: `silu`, `swish`.
    Silu,
    /// `x` times the sigmoid of `1.702 x`, an approximation of GELU: `quick_gelu`.
    QuickGelu,
}

impl Activation {
    /// Reads a field; a missing one is `default`.
    pub(crate) fn read(fields: &Fields<'_>, field: &str, default: Self) -> Result<Self, ModelError> {
        Ok(match fields.text(field)? {
            None => default,
            Some("gelu") => Self::Gelu,
            Some("gelu_new" | "gelu_pytorch_tanh" | "gelu_fast") => Self::GeluTanh,
            Some("relu") => Self::Relu,
            Some("silu" | "swish") => Self::Silu,
            Some("quick_gelu") => Self::QuickGelu,
            Some(other) => return Err(not_supported(format!("the activation `{other}` (`{field}`)"))),
        })
    }

    /// Its name in a `config.json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gelu => "gelu",
            Self::GeluTanh => "gelu_new",
            Self::Relu => "relu",
            Self::Silu => "silu",
            Self::QuickGelu => "quick_gelu",
        }
    }

    pub(crate) fn apply<B: Backend>(self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        match self {
            Self::Gelu => gelu(x),
            Self::GeluTanh => gelu_approximate(x),
            Self::Relu => relu(x),
            Self::Silu => silu(x),
            Self::QuickGelu => x.clone() * sigmoid(x * 1.702),
        }
    }
}

/// The gate of SwiGLU (Shazeer, 2020): `silu(gate) * up`.
///
/// # Shapes
/// - `gate`, `up`: `[n, features]`
/// - returns the same
pub(crate) fn silu_times<B: Backend>(gate: Tensor<B, 2>, up: Tensor<B, 2>) -> Tensor<B, 2> {
    #[cfg(feature = "flex")]
    let gate = match flex::silu_times(gate, &up) {
        Ok(product) => return product,
        Err(gate) => gate,
    };
    #[cfg(feature = "flex")]
    if let Some(product) = flex::silu_times_tracked(&gate, &up) {
        return product;
    }
    silu(gate) * up
}
