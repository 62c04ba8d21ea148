//! The table of devices.

/// A device's name and whether this build can use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceKind {
    /// The name; a GPU's number may follow after a colon, such as `cuda:0`.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// What the machine needs for it, beside the hardware.
    pub needs: &'static str,
    /// What this build lacks for it; nothing if it can be used.
    pub missing: Option<&'static str>,
}

/// Nothing if the feature is on, else what to say.
macro_rules! missing {
    ($feature:literal) => {
        if cfg!(feature = $feature) {
            None
        } else {
            Some(concat!("it was made without the feature `", $feature, "`"))
        }
    };
}

/// Every kind of device that has a name.
pub const DEVICE_KINDS: &[DeviceKind] = &[
    DeviceKind {
        name: "cpu",
        what: "the processor, pure Rust (burn-flex)",
        needs: "nothing",
        missing: missing!("cpu"),
    },
    DeviceKind {
        name: "cuda",
        what: "NVIDIA GPUs, by CubeCL",
        needs: "NVIDIA's driver (libcuda.so) and CUDA's run-time compiler (libnvrtc.so), version 12 or later",
        missing: missing!("cuda"),
    },
    DeviceKind {
        name: "wgpu",
        what: "GPUs by Vulkan, Metal or DirectX, in WGSL",
        needs: "a driver of one of these",
        missing: if cfg!(feature = "vulkan") {
            Some("its feature `vulkan` takes the place of `wgpu`")
        } else {
            missing!("wgpu")
        },
    },
    DeviceKind {
        name: "vulkan",
        what: "GPUs by Vulkan, in SPIR-V",
        needs: "a Vulkan driver",
        missing: missing!("vulkan"),
    },
    DeviceKind {
        name: "tch",
        what: "the processor, by LibTorch",
        needs: "LibTorch 2.9 on the library path",
        missing: missing!("tch"),
    },
    DeviceKind {
        name: "tch-cuda",
        what: "NVIDIA GPUs, by LibTorch",
        needs: "LibTorch 2.9 with CUDA on the library path, and NVIDIA's driver",
        missing: missing!("tch"),
    },
];

impl DeviceKind {
    /// The kind of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        DEVICE_KINDS.iter().find(|kind| kind.name == name)
    }
}
