//! Why a device cannot be used.

use super::DEVICE_KINDS;

/// Why a device cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The name is known, but its backend is not part of this build.
    #[error(
        "this build cannot use the device `{name}`: {missing}; build it with `cargo xtask build --device {kind}`, \
         or use another (`toolformer devices` lists them)"
    )]
    NotBuilt {
        /// The name.
        name: String,
        /// The name without a number.
        kind: &'static str,
        /// What the build lacks.
        missing: &'static str,
    },
    /// The backend is part of this build, but does not work on this machine.
    #[error("the device `{name}` does not work here: {why}; it needs {needs}")]
    NotWorking {
        /// The name.
        name: String,
        /// In the backend's words.
        why: String,
        /// What the machine needs for it.
        needs: &'static str,
    },
    /// No device has such a name.
    #[error("there is no device `{name}`; the names are {}{}", names(), NUMBERED)]
    Unknown {
        /// The name.
        name: String,
    },
}

const NUMBERED: &str =
    "; GPUs may be numbered, as `cuda:1` (and `wgpu` and `vulkan` take `:integrated` and `:cpu`)";

fn names() -> String {
    DEVICE_KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ")
}
