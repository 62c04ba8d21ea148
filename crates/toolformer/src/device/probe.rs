//! Whether a device works on this machine.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, PoisonError},
};

use burn::tensor::{Tensor, backend::Backend};

use super::{Device, DeviceError, DeviceKind, OnDevice};

/// A sum, there and back.
struct Sum;

impl OnDevice for Sum {
    type Output = Option<f32>;

    fn run<B: Backend>(self, device: &B::Device) -> Option<f32> {
        let data = Tensor::<B, 1>::from_floats([1.0, 2.0], device).sum().try_into_data().ok()?;
        data.convert::<f32>().into_vec::<f32>().ok()?.first().copied()
    }
}

impl Device {
    /// Computes a sum on the device.
    ///
    /// Backends panic where a driver or a library is missing. While this runs no panic of the process is printed: the
    /// first one's message goes into the error.
    ///
    /// # Errors
    /// If the device does not work here.
    pub fn check(self) -> Result<(), DeviceError> {
        let said = Arc::new(Mutex::new(None));
        let hook = panic::take_hook();
        let hears = said.clone();
        panic::set_hook(Box::new(move |info| {
            let said = info.payload_as_str().unwrap_or("it gave up").to_owned();
            hears.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(said);
        }));
        let sum = panic::catch_unwind(AssertUnwindSafe(|| self.run(Sum)));
        panic::set_hook(hook);
        if matches!(sum, Ok(Some(3.0))) {
            return Ok(());
        }
        let said = said.lock().unwrap_or_else(PoisonError::into_inner).take();
        let why = said.unwrap_or_else(|| format!("1 + 2 came out as {:?}", sum.ok().flatten()));
        let needs = DeviceKind::named(self.kind()).map_or("another machine", |kind| kind.needs);
        Err(DeviceError::NotWorking { name: self.to_string(), why: first_line(&why), needs })
    }
}

/// Backends put backtraces and lists of paths into their messages.
fn first_line(message: &str) -> String {
    const MOST: usize = 160;
    let line = message.split(['\n', '\r']).next().unwrap_or_default();
    let line = line.split("\\n").next().unwrap_or_default();
    let mut cut: String = line.chars().take(MOST).collect();
    if cut.len() < line.len() {
        cut.push_str(" ...");
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "cpu")]
    fn the_processor_works() {
        assert_eq!(Device::Cpu.check(), Ok(()));
    }

    #[test]
    fn long_messages_are_cut() {
        assert_eq!(first_line("no driver\nframe #0"), "no driver");
        assert_eq!(first_line(r#"Err: Torch("no driver\nframe #0")"#), r#"Err: Torch("no driver"#);
        let long = first_line(&"é".repeat(500));
        assert!(long.ends_with("é ...") && long.chars().count() == 164);
    }

    /// Only where there is no NVIDIA GPU.
    #[test]
    #[cfg(feature = "cuda")]
    fn a_missing_driver_is_an_error() {
        if !std::path::Path::new("/dev/nvidia0").exists() {
            let error = Device::Cuda(0).check().unwrap_err().to_string();
            assert!(error.contains("it needs NVIDIA's driver"), "{error}");
        }
    }
}
