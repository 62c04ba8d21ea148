//! Work that is generic over backends, on the backend that a device's name stands for.

use burn::tensor::backend::Backend;

use super::Device;
#[cfg(any(feature = "wgpu", feature = "vulkan"))]
use super::GraphicsDevice;

/// Work that runs on whatever backend a [`Device`] names.
pub trait OnDevice {
    /// What it gives.
    type Output;

    /// Does the work.
    fn run<B: Backend>(self, device: &B::Device) -> Self::Output;
}

impl Device {
    /// Does the work on this device; [`Device::check`] says beforehand whether it works at all.
    #[cfg_attr(
        not(any(feature = "cpu", feature = "cuda", feature = "tch", feature = "wgpu", feature = "vulkan")),
        expect(unused_variables, reason = "a build without a device runs nothing")
    )]
    pub fn run<W: OnDevice>(self, work: W) -> W::Output {
        match self {
            #[cfg(feature = "cpu")]
            Self::Cpu => work.run::<super::Cpu>(&Default::default()),
            #[cfg(feature = "cuda")]
            Self::Cuda(number) => work.run::<super::Cuda>(&burn::backend::cuda::CudaDevice::new(number)),
            #[cfg(any(feature = "wgpu", feature = "vulkan"))]
            Self::Graphics(device) => work.run::<super::Graphics>(&device.into()),
            #[cfg(feature = "tch")]
            Self::LibTorch => work.run::<super::LibTorch>(&burn::backend::libtorch::LibTorchDevice::Cpu),
            #[cfg(feature = "tch")]
            Self::LibTorchCuda(number) => {
                work.run::<super::LibTorch>(&burn::backend::libtorch::LibTorchDevice::Cuda(number))
            }
        }
    }
}

#[cfg(any(feature = "wgpu", feature = "vulkan"))]
impl From<GraphicsDevice> for burn::backend::wgpu::WgpuDevice {
    fn from(device: GraphicsDevice) -> Self {
        match device {
            GraphicsDevice::Best => Self::DefaultDevice,
            GraphicsDevice::Discrete(number) => Self::DiscreteGpu(number),
            GraphicsDevice::Integrated => Self::IntegratedGpu(0),
            GraphicsDevice::Software => Self::Cpu,
        }
    }
}
