//! Logits and greedy ids of every family's tiny model.

use toolformer::{
    burn::tensor::backend::Backend,
    device::OnDevice,
    model::{CausalLm, KvCache, LanguageModel, Pretrained, TokenBatch},
};

use crate::device::{both, difference, fixture};

const TOLERANCE: f32 = 1e-3;

const FIXTURES: [&str; 12] = [
    "llama",
    "qwen2",
    "gpt2",
    "gptj",
    "gpt_neox",
    "gemma3",
    "palm",
    "palm_rlhf",
    "variant1/palm_rlhf",
    "switches/llama3",
    "switches/yarn",
    "switches/gemma3",
];

/// Two rows of unequal length, over ids that every fixture has.
fn rows() -> [Vec<u32>; 2] {
    let ids = |n: u32, step: u32| (0..n).map(|i| 3 + i * step % 41).collect();
    [ids(19, 7), ids(11, 5)]
}

/// Tokens decoded after each row.
const GREEDY: usize = 12;

#[derive(Clone)]
struct Logits(&'static str);

struct Found {
    whole: Vec<f32>,
    chunked: Vec<f32>,
    greedy: Vec<Vec<u32>>,
}

impl OnDevice for Logits {
    type Output = Found;

    fn run<B: Backend>(self, device: &B::Device) -> Found {
        let (model, _) = Pretrained::<B>::open_model(&fixture(self.0), device).unwrap();
        Found { whole: whole(&model), chunked: chunked(&model), greedy: greedy(&model) }
    }
}

fn feed<B: Backend>(model: &LanguageModel<B>, rows: &[&[u32]], cache: &mut KvCache<B>) -> Vec<Vec<f32>> {
    let hidden = model.forward(&TokenBatch::new(rows), cache);
    let [batch, seq, d_model] = hidden.dims();
    let logits = model.logits(hidden.reshape([batch * seq, d_model])).into_data();
    let logits = logits.convert::<f32>().into_vec::<f32>().unwrap();
    let of_row =
        |row: usize| &logits[row * seq * model.vocab_size()..][..rows[row].len() * model.vocab_size()];
    (0..batch).map(|row| of_row(row).to_vec()).collect()
}

fn empty<B: Backend>(model: &LanguageModel<B>, batch: usize) -> KvCache<B> {
    KvCache::new(model.cache_shape(), batch, 4, &model.device())
}

fn whole<B: Backend>(model: &LanguageModel<B>) -> Vec<f32> {
    let rows = rows();
    let rows: Vec<&[u32]> = rows.iter().map(Vec::as_slice).collect();
    feed(model, &rows, &mut empty(model, 2)).concat()
}

/// Five tokens at a time, behind a cache that must grow.
fn chunked<B: Backend>(model: &LanguageModel<B>) -> Vec<f32> {
    let [row, _] = rows();
    let mut cache = empty(model, 1);
    row.chunks(5).flat_map(|chunk| feed(model, &[chunk], &mut cache).concat()).collect()
}

fn greedy<B: Backend>(model: &LanguageModel<B>) -> Vec<Vec<u32>> {
    let mut rows = rows().to_vec();
    let starts = rows.iter().map(Vec::len).collect::<Vec<_>>();
    let mut cache = empty(model, rows.len());
    let mut fed = vec![0; rows.len()];
    for _ in 0..GREEDY {
        let news: Vec<&[u32]> = rows.iter().zip(&fed).map(|(row, &fed)| &row[fed..]).collect();
        let logits = feed(model, &news, &mut cache);
        fed = rows.iter().map(Vec::len).collect();
        for (row, logits) in rows.iter_mut().zip(logits) {
            let last = &logits[logits.len() - model.vocab_size()..];
            let best = (0..).zip(last).max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
            row.push(best);
        }
    }
    rows.iter().zip(starts).map(|(row, start)| row[start..].to_vec()).collect()
}

#[test]
fn golden_models() {
    let mut table =
        format!("{:<24}{:>10}{:>10}{:>14}\n", "greatest difference", "whole", "chunked", "greedy ids");
    let mut wrong = Vec::new();
    for name in FIXTURES {
        let [found, expected] = both(&Logits(name));
        let whole = difference(&found.whole, &expected.whole);
        let chunked = difference(&found.chunked, &expected.chunked);
        let same = found.greedy == expected.greedy;
        let greedy = if same { "equal" } else { "OTHER" };
        table += &format!("{name:<24}{whole:>10.1e}{chunked:>10.1e}{greedy:>14}\n");
        if whole > TOLERANCE || chunked > TOLERANCE || !same {
            wrong.push(name);
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{wrong:?} differ from the processor by more than {TOLERANCE}\n{table}");
}
