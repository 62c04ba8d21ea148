//! File and folder names that say nothing, and files too big for the repository.

use super::{Finding, Repo};

/// Names under which anything could be filed.
const BANNED: &[&str] = &["utils", "helpers", "common", "base", "misc"];

/// The largest file that belongs into the repository, in bytes.
const MAX_BYTES: u64 = 1 << 20;

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let names = repo.files.iter().filter_map(|file| check_name(file));
    let sizes = repo.files.iter().filter_map(|file| {
        let bytes = std::fs::metadata(repo.root.join(file)).ok()?.len();
        check_size(file, bytes)
    });
    names.chain(sizes).collect()
}

fn check_name(file: &str) -> Option<Finding> {
    let bad = file.split('/').find(|part| {
        let stem = part.split('.').next().unwrap_or(part).to_lowercase();
        BANNED.contains(&stem.as_str())
    })?;
    Some(Finding::error(file, 1, format!("`{bad}` says nothing: name it after what it holds")))
}

fn check_size(file: &str, bytes: u64) -> Option<Finding> {
    let text = format!("{bytes} bytes, over {MAX_BYTES}: fetch it (`cargo xtask fetch`) or make it smaller");
    (bytes > MAX_BYTES).then(|| Finding::error(file, 1, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_found_as_file_and_as_folder() {
        for bad in
            ["crates/x/src/utils.rs", "crates/x/src/common/mod.rs", "docs/Misc.md", "tests/helpers/a.json"]
        {
            assert!(check_name(bad).is_some(), "{bad}");
        }
        for good in ["crates/x/src/database.rs", "docs/base_model.md", "crates/x/src/common_prefix.rs"] {
            assert_eq!(check_name(good), None, "{good}");
        }
    }

    #[test]
    fn big_files_are_found() {
        assert_eq!(check_size("a.bin", MAX_BYTES), None);
        assert!(check_size("a.bin", MAX_BYTES + 1).is_some());
    }
}
