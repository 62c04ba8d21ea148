//! Where a model runs: the one place that maps a device's name to a backend of burn.

use std::{fmt, str::FromStr};

use burn::tensor::backend::Backend;

/// The backend of `cpu`: pure Rust, no library to install.
#[cfg(feature = "cpu")]
pub type Cpu = burn::backend::Flex;

/// A device that this build can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Device {
    /// The processor.
    #[cfg(feature = "cpu")]
    Cpu,
}

/// Why a device's name cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The name is known, but its backend is not part of this build.
    #[error("this build cannot use the device `{name}`: {missing}; use `cpu`")]
    NotBuilt {
        /// The name.
        name: String,
        /// What the build lacks.
        missing: &'static str,
    },
    /// No device has such a name.
    #[error("there is no device `{name}`; the names are {}", names().join(", "))]
    Unknown {
        /// The name.
        name: String,
    },
}

/// A device's name and whether this build can use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceKind {
    /// The name; a GPU's number may follow after a colon, such as `cuda:0`.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// What this build lacks for it; nothing if it can be used.
    pub missing: Option<&'static str>,
}

/// Every kind of device that has a name.
pub const DEVICE_KINDS: &[DeviceKind] = &[
    DeviceKind {
        name: "cpu",
        what: "the processor, pure Rust (burn-flex)",
        missing: if cfg!(feature = "cpu") { None } else { Some("it was made without the feature `cpu`") },
    },
    DeviceKind {
        name: "cuda",
        what: "NVIDIA GPUs (CubeCL)",
        missing: Some("it was made without a CUDA backend"),
    },
    DeviceKind {
        name: "wgpu",
        what: "GPUs by WebGPU, Metal or DirectX",
        missing: Some("it was made without a WebGPU backend"),
    },
    DeviceKind {
        name: "vulkan",
        what: "GPUs by Vulkan",
        missing: Some("it was made without a Vulkan backend"),
    },
    DeviceKind {
        name: "tch",
        what: "the processor, by LibTorch",
        missing: Some("it was made without LibTorch"),
    },
    DeviceKind {
        name: "tch-cuda",
        what: "NVIDIA GPUs, by LibTorch",
        missing: Some("it was made without LibTorch"),
    },
];

fn names() -> Vec<&'static str> {
    DEVICE_KINDS.iter().map(|kind| kind.name).collect()
}

impl FromStr for Device {
    type Err = DeviceError;

    fn from_str(name: &str) -> Result<Self, DeviceError> {
        let (kind, number) = name.split_once(':').map_or((name, None), |(kind, number)| (kind, Some(number)));
        let unknown = || DeviceError::Unknown { name: name.to_owned() };
        // Only GPUs are numbered.
        let numbered = matches!(kind, "cuda" | "wgpu" | "vulkan" | "tch-cuda");
        if number.is_some_and(|number| !numbered || number.parse::<usize>().is_err()) {
            return Err(unknown());
        }
        let kind = DEVICE_KINDS.iter().find(|known| known.name == kind).ok_or_else(unknown)?;
        match (kind.name, kind.missing) {
            #[cfg(feature = "cpu")]
            ("cpu", None) => Ok(Self::Cpu),
            (_, missing) => Err(DeviceError::NotBuilt {
                name: name.to_owned(),
                missing: missing.unwrap_or("its backend has no device here"),
            }),
        }
    }
}

impl fmt::Display for Device {
    #[cfg_attr(
        not(feature = "cpu"),
        expect(unused_variables, reason = "a build without a device names none")
    )]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            #[cfg(feature = "cpu")]
            Self::Cpu => f.write_str("cpu"),
        }
    }
}

/// Work that runs on whatever backend a [`Device`] names.
pub trait OnDevice {
    /// What it gives.
    type Output;

    /// Does the work.
    fn run<B: Backend>(self, device: &B::Device) -> Self::Output;
}

impl Device {
    /// Does the work on this device.
    #[cfg_attr(
        not(feature = "cpu"),
        expect(unused_variables, reason = "a build without a device runs nothing")
    )]
    pub fn run<W: OnDevice>(self, work: W) -> W::Output {
        match self {
            #[cfg(feature = "cpu")]
            Self::Cpu => work.run::<Cpu>(&burn::tensor::Device::<Cpu>::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "cpu")]
    fn the_processor_is_there() {
        assert_eq!("cpu".parse(), Ok(Device::Cpu));
        assert_eq!(Device::Cpu.to_string(), "cpu");
    }

    #[track_caller]
    fn check_error(name: &str, part: &str) {
        let error = name.parse::<Device>().unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn others_are_named_with_what_is_missing() {
        check_error("cuda:0", "without a CUDA backend");
        check_error("wgpu", "without a WebGPU backend");
        check_error("vulkan", "without a Vulkan backend");
        check_error("tch", "without LibTorch");
        check_error("tch-cuda:1", "without LibTorch");
    }

    #[test]
    fn wrong_names_are_told_the_right_ones() {
        for name in ["gpu", "cpu:0", "cuda:x", "tch:1", ""] {
            check_error(name, "the names are cpu, cuda, wgpu");
        }
    }
}
