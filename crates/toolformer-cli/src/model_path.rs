//! Where a model is that was named by its path or by its hub id.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use toolformer::model::HubModel;

use crate::{hub_environment::hub, output::shown, pull_progress::PullProgress};

/// The hub id that a name is, if nothing here has that path.
pub(crate) fn as_hub_id(name: &Path) -> Option<HubModel> {
    if name.exists() { None } else { name.to_str()?.parse().ok() }
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
