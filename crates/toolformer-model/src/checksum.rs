//! What a model's content is, in one short string.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{checkpoint::is_weight_file, error::ModelError, regular_file};

/// SHA-256, in hexadecimal: of a file's bytes, or of a folder's `config.json`, `tokenizer.json` and weights with
/// their names. To a file of weights alone belong the other two, which lie beside it.
///
/// # Errors
/// If a file cannot be read.
pub fn model_checksum(path: &Path) -> Result<String, ModelError> {
    let mut hash = Sha256::new();
    if path.is_file() {
        if is_weight_file(path) {
            let beside = ["config.json", "tokenizer.json"].map(|name| path.with_file_name(name));
            beside.iter().filter(|file| file.exists()).try_for_each(|file| add(&mut hash, file))?;
        }
        add(&mut hash, path)?;
        return Ok(format!("{:x}", hash.finalize()));
    }
    for file in content(path)? {
        hash.update(file.file_name().unwrap_or_default().to_string_lossy().as_bytes());
        hash.update([0]);
        add(&mut hash, &file)?;
    }
    Ok(format!("{:x}", hash.finalize()))
}

/// The files of a folder that make the model, sorted.
fn content(folder: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let entries =
        std::fs::read_dir(folder).map_err(|source| ModelError::io(folder, "give a model's path", source))?;
    let is_content = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let pytorch = name.starts_with("pytorch_model") && name.ends_with(".bin");
        matches!(&*name, "config.json" | "tokenizer.json") || name.ends_with(".safetensors") || pytorch
    };
    let mut files: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).filter(is_content).collect();
    files.sort();
    Ok(files)
}

fn add(hash: &mut Sha256, path: &Path) -> Result<(), ModelError> {
    let mut file = regular_file::open(path, "give a model's path")?;
    let mut read = || -> io::Result<()> {
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(()),
                n => hash.update(&buffer[..n]),
            }
        }
    };
    read().map_err(|source| ModelError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_own_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m.gguf");
        std::fs::write(&file, "abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(model_checksum(&file).unwrap(), expected);
        assert!(model_checksum(&folder.path().join("none")).is_err());
    }

    #[test]
    fn a_folder_is_what_its_model_is() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("config.json", "{}");
        write("model.safetensors", "abc");
        let first = model_checksum(folder.path()).unwrap();
        write("README.md", "text");
        assert_eq!(model_checksum(folder.path()).unwrap(), first);
        write("model.safetensors", "abd");
        assert_ne!(model_checksum(folder.path()).unwrap(), first);
    }
}
