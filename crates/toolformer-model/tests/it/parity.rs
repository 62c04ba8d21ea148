//! Logits of every family against its reference: whole, token by token and in chunks from a cache, and in batches
//! of unequal rows.
//!
//! `cargo xtask parity` prints the differences as a table.

use toolformer_model::{CausalLm, LanguageModel, ModelConfig, TokenBatch};

use crate::{
    prefixes,
    reference::{B, assert_close, difference, empty_cache, expected, fixture, logits, open, run},
};

const TOLERANCE: f32 = 1e-4;

/// Every fixture with reference logits.
pub(crate) const FIXTURES: [&str; 27] = [
    "llama",
    "qwen2",
    "gpt2",
    "gptj",
    "gpt_neox",
    "gemma3",
    "palm",
    "palm_rlhf",
    "variant1/llama",
    "variant1/qwen2",
    "variant1/gpt2",
    "variant1/gptj",
    "variant1/gpt_neox",
    "variant1/gemma3",
    "variant1/palm",
    "variant1/palm_rlhf",
    "switches/llama3",
    "switches/linear",
    "switches/yarn",
    "switches/yarn_all",
    "switches/gemma3",
    "switches/llama_biases",
    "switches/gpt2_gelu",
    "switches/gptj_relu",
    "switches/gpt2_quick_gelu",
    "switches/gptj_silu",
    "switches/gemma3_multimodal",
];

/// A model and what it should give.
struct Case {
    model: LanguageModel<B>,
    ids: Vec<Vec<u32>>,
    reference: Vec<Vec<f32>>,
}

impl Case {
    fn new(name: &str) -> Self {
        let (ids, reference) = expected(name);
        Self { model: open(name).0, ids, reference }
    }

    fn plain(&self) -> f32 {
        let found = run(&self.model, &self.ids);
        let rows = found.iter().zip(&self.reference);
        rows.map(|(found, reference)| difference(found, reference)).fold(0.0, f32::max)
    }

    /// `chunk` tokens at a time, from a cache that is small, so that it must grow.
    fn chunked(&self, chunk: usize) -> f32 {
        let vocab = self.model.vocab_size();
        let mut cache = empty_cache(&self.model, self.ids.len(), 4);
        let (mut worst, seq) = (0.0f32, self.ids[0].len());
        for start in (0..seq).step_by(chunk) {
            let end = seq.min(start + chunk);
            let rows: Vec<&[u32]> = self.ids.iter().map(|row| &row[start..end]).collect();
            let found = logits(&self.model, self.model.forward(&TokenBatch::new(&rows), &mut cache));
            for (found, reference) in found.iter().zip(&self.reference) {
                worst = worst.max(difference(found, &reference[start * vocab..end * vocab]));
            }
        }
        worst
    }

    /// Rows of 5 and 11 tokens, which then go on together.
    fn batched(&self) -> f32 {
        let vocab = self.model.vocab_size();
        let split = [5, 11];
        let mut cache = empty_cache(&self.model, 2, 32);
        let mut worst = 0.0f32;
        let mut feed = |from: [usize; 2], to: [usize; 2]| {
            let rows: Vec<&[u32]> = (0..2).map(|row| &self.ids[row][from[row]..to[row]]).collect();
            let found = logits(&self.model, self.model.forward(&TokenBatch::new(&rows), &mut cache));
            for row in 0..2 {
                let reference = &self.reference[row][from[row] * vocab..to[row] * vocab];
                worst = worst.max(difference(&found[row], reference));
            }
        };
        feed([0, 0], split);
        (0..6).for_each(|step| feed(split.map(|at| at + step), split.map(|at| at + step + 1)));
        worst
    }

    /// The first rows as prefixes that others go on from.
    fn prefixed(&self) -> f32 {
        prefixes::SHAPES.iter().map(|shape| prefixes::difference_on(&self.model, shape)).fold(0.0, f32::max)
    }

    /// The columns of the table.
    fn differences(&self) -> [(&'static str, f32); 5] {
        [
            ("plain", self.plain()),
            ("cached", self.chunked(1)),
            ("batched", self.batched()),
            ("chunked", [3, 7, 17].map(|chunk| self.chunked(chunk)).into_iter().fold(0.0, f32::max)),
            ("prefixes", self.prefixed()),
        ]
    }
}

#[test]
fn every_family_gives_its_reference() {
    let mut table = format!(
        "{:<24}{:>10}{:>10}{:>10}{:>10}{:>10}\n",
        "greatest difference", "plain", "cached", "batched", "chunked", "prefixes"
    );
    let mut wrong = Vec::new();
    for name in FIXTURES {
        let differences = Case::new(name).differences();
        let cells = differences.map(|(_, difference)| format!("{difference:>10.1e}"));
        table += &format!("{name:<24}{}\n", cells.concat());
        let bad = differences.iter().filter(|(_, difference)| *difference > TOLERANCE);
        wrong.extend(bad.map(|(column, difference)| format!("{name}, {column}: {difference}")));
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{wrong:#?}\n{table}");
}

#[test]
fn both_styles_of_config_give_the_same() {
    let mut legacy = 0;
    for name in FIXTURES {
        let read = |file: &str| {
            let text = std::fs::read_to_string(fixture(name).join(file)).ok()?;
            Some(ModelConfig::from_hf_json(&text).unwrap())
        };
        if let Some(old) = read("config.legacy.json") {
            assert_eq!(read("config.json").unwrap(), old, "{name}");
            legacy += 1;
        }
    }
    assert!(legacy > 0);
}

#[test]
fn a_wrong_reference_is_noticed() {
    let mut case = Case::new("llama");
    case.reference[1][40] += 0.01;
    assert!(case.differences()[..4].iter().all(|(_, difference)| *difference > TOLERANCE));
    assert_close(&[1.0, 2.0], &[1.0], TOLERANCE);
}
