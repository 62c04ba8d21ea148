//! Whether a device computes what the processor does: `cargo xtask test-backend NAME`.
//!
//! The device is the one that the environment variable `TOOLFORMER_DEVICE` names, `cpu` where it is not set: then
//! everything is compared with itself, which shows that the suite runs.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod device;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod precision;
#[cfg(test)]
mod training;
