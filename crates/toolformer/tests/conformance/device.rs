//! The device under test, and the fixtures.

use std::path::PathBuf;

use toolformer::device::{Device, OnDevice};

/// The device under test.
pub(crate) fn device() -> Device {
    let name = std::env::var("TOOLFORMER_DEVICE").unwrap_or_else(|_| "cpu".to_owned());
    let device: Device = name.parse().unwrap_or_else(|error| panic!("{error}"));
    device.check().unwrap_or_else(|error| panic!("{error}"));
    device
}

/// What work gives on the device under test, and what on the processor.
pub(crate) fn both<W: OnDevice + Clone>(work: &W) -> [W::Output; 2] {
    [device().run(work.clone()), Device::Cpu.run(work.clone())]
}

/// A folder of the model crate's fixtures; a program that was carried to another machine is told where they are.
pub(crate) fn fixture(name: &str) -> PathBuf {
    let folder = std::env::var_os("TOOLFORMER_FIXTURES").map_or_else(
        || [env!("CARGO_MANIFEST_DIR"), "../toolformer-model/tests/fixtures"].iter().collect(),
        PathBuf::from,
    );
    folder.join(name)
}

/// The greatest difference; numbers that are none count as infinitely far.
#[track_caller]
pub(crate) fn difference(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let distance = |(a, b): (&f32, &f32)| {
        let distance = (a - b).abs();
        if distance.is_finite() { distance } else { f32::INFINITY }
    };
    found.iter().zip(expected).map(distance).fold(0.0, f32::max)
}
