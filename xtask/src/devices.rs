//! What a build for a device needs: the feature of our crates, and LibTorch's place.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process;

/// A device's name, without a number, and the feature that it needs; the processor needs none.
pub(crate) const FEATURES: [(&str, Option<&str>); 6] = [
    ("cpu", None),
    ("cuda", Some("cuda")),
    ("wgpu", Some("wgpu")),
    ("vulkan", Some("vulkan")),
    ("tch", Some("tch")),
    ("tch-cuda", Some("tch")),
];

/// The features of the command line's crate for a device, such as `cuda:1`.
pub(crate) fn feature(device: &str) -> Result<Option<&'static str>> {
    let kind = device.split(':').next().unwrap_or(device);
    match FEATURES.iter().find(|(name, _)| *name == kind) {
        Some((_, feature)) => Ok(*feature),
        None => {
            let names = FEATURES.map(|(name, _)| name).join(", ");
            bail!("there is no device `{device}`; the names are {names}")
        }
    }
}

/// Where LibTorch comes from.
#[derive(Debug, clap::Args)]
pub(crate) struct LibTorchArgs {
    /// For tch: a Python with torch 2.9, whose LibTorch is used; else LIBTORCH names a folder with it
    #[arg(long, value_name = "PROGRAM")]
    python: Option<String>,
}

/// Prints the folders with LibTorch's libraries and those that they load, one a line.
const FOLDERS: &str = "
import pathlib, torch
site = pathlib.Path(torch.__file__).parent.parent
for folder in [site / 'torch' / 'lib', *sorted((site / 'nvidia').glob('*/lib'))]:
    print(folder)
";

impl LibTorchArgs {
    /// The Python that was named.
    pub(crate) fn python(&self) -> Option<&str> {
        self.python.as_deref()
    }

    /// Lets `command` build and run with LibTorch, if `feature` needs it; returns what `LD_LIBRARY_PATH` must hold.
    pub(crate) fn prepare(&self, command: &mut Command, feature: Option<&str>) -> Result<Option<String>> {
        if feature != Some("tch") {
            return Ok(None);
        }
        let Some(python) = &self.python else {
            if std::env::var_os("LIBTORCH").is_none() && std::env::var_os("LIBTORCH_USE_PYTORCH").is_none() {
                bail!(
                    "tch needs LibTorch 2.9: give --python PROGRAM with torch 2.9.0 (`pip install torch==2.9.0`), \
                     or set LIBTORCH to its folder"
                );
            }
            return Ok(None);
        };
        let found = process::command(python).args(["-c", FOLDERS]).output();
        let found = found.with_context(|| format!("cannot start `{python}`"))?;
        if !found.status.success() {
            bail!("`{python}` has no torch: {}", String::from_utf8_lossy(&found.stderr).trim());
        }
        let mut folders: Vec<PathBuf> = String::from_utf8(found.stdout)?.lines().map(PathBuf::from).collect();
        let known = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        folders.extend(std::env::split_paths(&known).filter(|folder| !folder.as_os_str().is_empty()));
        let libraries = std::env::join_paths(folders)?;
        // The build scripts ask `python3`, or in a virtual environment `python`.
        let program = which(python)?;
        let bin = program.parent().unwrap_or(&program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(bin.to_owned()).chain(std::env::split_paths(&path)))?;
        command.env("PATH", path).env("LIBTORCH_USE_PYTORCH", "1").env("LD_LIBRARY_PATH", &libraries);
        Ok(Some(libraries.to_string_lossy().into_owned()))
    }
}

/// The file of a program.
fn which(program: &str) -> Result<PathBuf> {
    if program.contains('/') {
        return std::path::absolute(program).with_context(|| format!("`{program}`"));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    found.with_context(|| format!("there is no `{program}` on the PATH"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_features() {
        assert_eq!(feature("cuda:1").unwrap(), Some("cuda"));
        assert_eq!(feature("tch-cuda").unwrap(), Some("tch"));
        assert_eq!(feature("cpu").unwrap(), None);
        assert!(feature("gpu").unwrap_err().to_string().contains("cpu, cuda, wgpu"));
    }
}
