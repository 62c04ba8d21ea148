//! A GGUF model as a folder that Hugging Face's libraries read.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::process;

/// The folder beside the GGUF file with its weights in f32; it takes a minute to make and never changes.
pub(super) fn hf_folder(python: &Path, model: &Path) -> Result<PathBuf> {
    let folder = model.with_extension("hf-f32");
    if !folder.join("config.json").exists() {
        let (from, name) = (model.parent().context("a model lies in a folder")?, model.file_name());
        let name = name.context("a model has a name")?;
        let mut convert = process::command(python);
        process::run_quietly(convert.arg("xtask/peers/gguf_to_hf.py").arg(from).arg(name).arg(&folder))
            .context(
                "the peer needs `pip install torch transformers gguf accelerate safetensors`; see --python",
            )?;
    }
    Ok(folder)
}
