//! Devices by their names.

use std::{fmt, str::FromStr};

use super::{DeviceError, DeviceKind};

/// A device that this build can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Device {
    /// The processor.
    #[cfg(feature = "cpu")]
    Cpu,
    /// The NVIDIA GPU of this number.
    #[cfg(feature = "cuda")]
    Cuda(usize),
    /// A GPU by Vulkan or another API for graphics.
    #[cfg(any(feature = "wgpu", feature = "vulkan"))]
    Graphics(GraphicsDevice),
    /// The processor, by LibTorch.
    #[cfg(feature = "tch")]
    LibTorch,
    /// The NVIDIA GPU of this number, by LibTorch.
    #[cfg(feature = "tch")]
    LibTorchCuda(usize),
}

/// A device that an API for graphics shows.
#[cfg(any(feature = "wgpu", feature = "vulkan"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphicsDevice {
    /// The best one.
    Best,
    /// The GPU of this number among those on a card of their own.
    Discrete(usize),
    /// The first one that is part of the processor.
    Integrated,
    /// A driver that computes on the processor.
    Software,
}

/// The name of [`Device::Graphics`]; a build has one of the two.
#[cfg(any(feature = "wgpu", feature = "vulkan"))]
const GRAPHICS: &str = if cfg!(feature = "vulkan") { "vulkan" } else { "wgpu" };

impl Device {
    /// The name without a number, such as `cuda`.
    pub fn kind(self) -> &'static str {
        match self {
            #[cfg(feature = "cpu")]
            Self::Cpu => "cpu",
            #[cfg(feature = "cuda")]
            Self::Cuda(_) => "cuda",
            #[cfg(any(feature = "wgpu", feature = "vulkan"))]
            Self::Graphics(_) => GRAPHICS,
            #[cfg(feature = "tch")]
            Self::LibTorch => "tch",
            #[cfg(feature = "tch")]
            Self::LibTorchCuda(_) => "tch-cuda",
        }
    }
}

impl FromStr for Device {
    type Err = DeviceError;

    fn from_str(name: &str) -> Result<Self, DeviceError> {
        let (kind, which) = name.split_once(':').map_or((name, None), |(kind, which)| (kind, Some(which)));
        let unknown = || DeviceError::Unknown { name: name.to_owned() };
        let kind = DeviceKind::named(kind).ok_or_else(unknown)?;
        let number = which.map(str::parse::<usize>).transpose();
        let right = match (kind.name, which) {
            (_, None) => true,
            ("cuda" | "tch-cuda", _) => number.is_ok(),
            ("wgpu" | "vulkan", Some(which)) => number.is_ok() || matches!(which, "integrated" | "cpu"),
            _ => false,
        };
        if !right {
            return Err(unknown());
        }
        let missing = |missing| DeviceError::NotBuilt { name: name.to_owned(), kind: kind.name, missing };
        if let Some(what) = kind.missing {
            return Err(missing(what));
        }
        #[cfg_attr(
            not(any(feature = "cuda", feature = "tch", feature = "wgpu", feature = "vulkan")),
            expect(unused_variables, reason = "only GPUs are numbered")
        )]
        let number = number.ok().flatten();
        match kind.name {
            #[cfg(feature = "cpu")]
            "cpu" => Ok(Self::Cpu),
            #[cfg(feature = "cuda")]
            "cuda" => Ok(Self::Cuda(number.unwrap_or(0))),
            #[cfg(any(feature = "wgpu", feature = "vulkan"))]
            "wgpu" | "vulkan" => Ok(Self::Graphics(match (which, number) {
                (_, Some(number)) => GraphicsDevice::Discrete(number),
                (Some("integrated"), _) => GraphicsDevice::Integrated,
                (Some(_), _) => GraphicsDevice::Software,
                (None, _) => GraphicsDevice::Best,
            })),
            #[cfg(feature = "tch")]
            "tch" => Ok(Self::LibTorch),
            #[cfg(feature = "tch")]
            "tch-cuda" => Ok(Self::LibTorchCuda(number.unwrap_or(0))),
            _ => Err(missing("its backend has no device here")),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        match *self {
            #[cfg(feature = "cpu")]
            Self::Cpu => Ok(()),
            #[cfg(feature = "cuda")]
            Self::Cuda(number) => write!(f, ":{number}"),
            #[cfg(any(feature = "wgpu", feature = "vulkan"))]
            Self::Graphics(device) => match device {
                GraphicsDevice::Best => Ok(()),
                GraphicsDevice::Discrete(number) => write!(f, ":{number}"),
                GraphicsDevice::Integrated => f.write_str(":integrated"),
                GraphicsDevice::Software => f.write_str(":cpu"),
            },
            #[cfg(feature = "tch")]
            Self::LibTorch => Ok(()),
            #[cfg(feature = "tch")]
            Self::LibTorchCuda(number) => write!(f, ":{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a device that this build has, the name that it prints; of another, what is missing.
    #[track_caller]
    fn check(name: &str, printed: &str) {
        let kind = name.split(':').next().and_then(DeviceKind::named).unwrap();
        match (name.parse::<Device>(), kind.missing) {
            (Ok(device), None) => {
                assert_eq!((device.to_string().as_str(), device.kind()), (printed, kind.name))
            }
            (Err(error), Some(missing)) => {
                let error = error.to_string();
                let build = format!("cargo xtask build --device {}`", kind.name);
                assert!(error.contains(missing) && error.contains(&build), "{error}");
            }
            (parsed, missing) => panic!("{parsed:?}, {missing:?}"),
        }
    }

    #[test]
    fn devices_have_names() {
        check("cpu", "cpu");
        check("cuda", "cuda:0");
        check("cuda:1", "cuda:1");
        check("wgpu", "wgpu");
        check("wgpu:2", "wgpu:2");
        check("vulkan:integrated", "vulkan:integrated");
        check("vulkan:cpu", "vulkan:cpu");
        check("tch", "tch");
        check("tch-cuda:3", "tch-cuda:3");
    }

    #[test]
    fn wrong_names_are_told_the_right_ones() {
        for name in ["gpu", "cpu:0", "cuda:x", "cuda:cpu", "tch:1", "wgpu:one", "cuda:", ""] {
            let error = name.parse::<Device>().unwrap_err().to_string();
            assert!(error.contains("the names are cpu, cuda, wgpu"), "{error}");
        }
    }

    #[test]
    #[cfg(feature = "cpu")]
    fn the_processor_is_there() {
        assert_eq!("cpu".parse(), Ok(Device::Cpu));
    }
}
