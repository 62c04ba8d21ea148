//! `cargo xtask check-features`: each feature of each crate alone.

use anyhow::{Context as _, Result};
use toml::Table;

use crate::devices::{FEATURES, LibTorchArgs};
use crate::process::{self, cargo, root};

/// Check that every crate compiles without features, with each one alone, and with its default ones
///
/// Those of devices are left out unless they are asked for: they compile tens of minutes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask check-features
  cargo xtask check-features --devices --python ~/venv/bin/python")]
pub(crate) struct Args {
    /// The devices' features too
    #[arg(long)]
    devices: bool,
    #[command(flatten)]
    libtorch: LibTorchArgs,
}

/// Whether a feature brings a device.
fn is_device(feature: &str) -> bool {
    FEATURES.iter().any(|(_, of_device)| *of_device == Some(feature))
}

/// Checks them in turn.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut checked = 0;
    for (package, features) in packages()? {
        let features = features.iter().map(String::as_str);
        let features = features.filter(|feature| args.devices || !is_device(feature));
        let alone = features.map(|feature| format!("--no-default-features --features {feature}"));
        for which in ["--no-default-features".to_owned(), String::new()].into_iter().chain(alone) {
            let mut command = cargo(&format!("check --release -p {package} {which}"));
            let needs_torch = which.ends_with(" tch").then_some("tch");
            args.libtorch.prepare(&mut command, needs_torch)?;
            println!("== {}", process::shell_line(&command));
            process::run(&mut command)?;
            checked += 1;
        }
    }
    println!("== {checked} sets of features compile");
    Ok(())
}

/// Every published crate and the names of its features.
fn packages() -> Result<Vec<(String, Vec<String>)>> {
    let mut packages = Vec::new();
    for folder in std::fs::read_dir(root().join("crates"))? {
        let folder = folder?;
        let path = folder.path().join("Cargo.toml");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let manifest: Table = toml::from_str(&text).with_context(|| path.display().to_string())?;
        let features = manifest.get("features").and_then(|features| features.as_table());
        let names = features.into_iter().flat_map(Table::keys).filter(|name| *name != "default").cloned();
        packages.push((folder.file_name().to_string_lossy().into_owned(), names.collect()));
    }
    packages.sort();
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_found() {
        let packages = packages().unwrap();
        let of = |name: &str| &packages.iter().find(|(package, _)| package == name).unwrap().1;
        let there = |feature: &str| of("toolformer").iter().any(|name| name == feature);
        assert!(FEATURES.iter().filter_map(|(_, feature)| *feature).all(there));
        assert!(of("toolformer-tools").iter().any(|feature| feature == "mcp"));
        assert!(of("toolformer-filter").is_empty());
    }
}
