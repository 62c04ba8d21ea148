//! Parameters whose identity is their checkpoint name.

use burn::{
    module::{Param, ParamId},
    tensor::{Tensor, backend::Backend},
};

/// The parameter id that belongs to a checkpoint name.
///
/// burn keys optimiser records by [`ParamId`]; ids drawn at random would make a resumed run start with an empty
/// optimiser without saying so. An id made from the name (64-bit FNV-1a) is the same in every process.
pub fn param_id(name: &str) -> ParamId {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    ParamId::from(hash)
}

/// A parameter with the id of its name.
pub(crate) fn named_param<B: Backend, const D: usize>(
    name: &str,
    value: Tensor<B, D>,
) -> Param<Tensor<B, D>> {
    Param::initialized(param_id(name), value)
}
