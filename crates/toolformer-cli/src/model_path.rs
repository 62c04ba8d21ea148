//! Where a model is that was named by its path or by its hub id.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use toolformer::model::HubModel;

use crate::{hub_environment::hub, output::shown, pull_progress::PullProgress};

/// Ends of names of files that hold weights.
const WEIGHTS: [&str; 5] = ["gguf", "safetensors", "bin", "pt", "pth"];

/// The hub id that a name is, if nothing here has that path and it does not look like a mistyped one.
pub(crate) fn as_hub_id(name: &Path) -> Option<HubModel> {
    if name.exists() || is_mistyped(name) { None } else { name.to_str()?.parse().ok() }
}

/// Whether a name that is not there was meant as a path: it lies in a folder that is there, or is named as a file of
/// weights is and not as `ORG/NAME/FILE.gguf`.
fn is_mistyped(name: &Path) -> bool {
    let is_weights =
        name.extension().is_some_and(|end| WEIGHTS.iter().any(|weights| end.eq_ignore_ascii_case(weights)));
    let folder = name.iter().next().filter(|_| name.iter().count() > 1);
    (is_weights && name.iter().count() <= 2) || folder.is_some_and(|folder| Path::new(folder).is_dir())
}

/// The path of a model, which is pulled if its name is a hub id. Other names are paths, whatever is there.
pub(crate) fn model_path(name: &Path) -> Result<PathBuf> {
    let Some(model) = as_hub_id(name) else { return Ok(name.to_owned()) };
    let mut progress = PullProgress::new();
    let found = hub(false)?.find(&model, &mut |event| progress.show(event));
    progress.end();
    found.with_context(|| {
        let name = shown(&name.to_string_lossy());
        format!(
            "there is no file or folder {name} here, and the model of that name cannot be had from the hub"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, is_hub_id: bool) {
        assert_eq!(as_hub_id(name.as_ref()).is_some(), is_hub_id, "{name}");
    }

    /// The tests run in the folder of the crate, which holds `src`.
    #[test]
    fn what_looks_like_a_path_is_none_of_a_hub() {
        check("models/Smol.gguf", false);
        check("models/model.SAFETENSORS", false);
        check("models/pytorch_model.bin", false);
        check("models/weights.pt", false);
        check("models/weights.pth", false);
        check("src/model", false);
        check("src/model/file.gguf", false);
        check("src", false);
        check("org/name", true);
        check("org/name-GGUF:Q4_K_M@main", true);
        check("org/name/file.gguf", true);
        check("org/v1.0", true);
    }
}
