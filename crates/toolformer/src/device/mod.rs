//! Where a model runs: the one place that maps a device's name to a backend of burn.

mod error;
mod kinds;
mod name;
mod precisions;
mod probe;
mod run;

pub use error::DeviceError;
pub use kinds::{DEVICE_KINDS, DeviceKind};
pub use name::Device;
#[cfg(any(feature = "wgpu", feature = "vulkan"))]
pub use name::GraphicsDevice;
pub use run::OnDevice;

/// The backend of `cpu`: pure Rust, no library to install.
#[cfg(feature = "cpu")]
pub type Cpu = burn::backend::Flex;

/// The backend of `cuda`: NVIDIA's GPUs by CubeCL's own kernels.
#[cfg(feature = "cuda")]
pub type Cuda = burn::backend::Cuda;

/// The backend of `vulkan`: GPUs by CubeCL's own kernels in SPIR-V.
#[cfg(feature = "vulkan")]
pub type Graphics = burn::backend::Vulkan;

/// The backend of `wgpu`: GPUs by CubeCL's own kernels in WGSL.
#[cfg(all(feature = "wgpu", not(feature = "vulkan")))]
pub type Graphics = burn::backend::WebGpu;

/// The backend of `tch` and `tch-cuda`: LibTorch.
#[cfg(feature = "tch")]
pub type LibTorch = burn::backend::LibTorch;
