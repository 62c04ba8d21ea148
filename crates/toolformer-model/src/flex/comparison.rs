//! Attention on burn-flex's memory beside attention by its operations.

use std::sync::Arc;

use burn::{
    backend::Flex,
    tensor::{DType, FloatDType, Tensor, TensorData},
};
use proptest::prelude::*;

use crate::{
    attention::AttentionPlan,
    kv_cache::{CacheShape, KvCache, Prefix},
    token_batch::TokenBatch,
};

type Rows = Vec<usize>;

/// Some passes over one block: prefixes with groups, rows that look at them, and tokens of these rows.
#[derive(Clone, Debug)]
struct Case {
    heads_per_kv: usize,
    n_kv_heads: usize,
    d_head: usize,
    window: Option<usize>,
    /// Tokens of the groups of a first prefix, and of one on it.
    head: Rows,
    text: Rows,
    /// The group of the second prefix, and how much of it, for each row.
    rows: Vec<(usize, usize)>,
    /// Tokens of each row in two passes.
    passes: [Rows; 2],
}

fn case() -> impl Strategy<Value = Case> {
    let sizes = (1usize..4, 1usize..3, prop::sample::select(vec![1usize, 5, 8, 16, 40]), 1usize..4);
    (sizes, prop::option::of(1usize..30)).prop_flat_map(|((per, kv, d_head, texts), window)| {
        let rows = prop::collection::vec((0..texts, 0usize..100), 1..7);
        let head = prop::sample::select(vec![0usize, 1, 7, 150]);
        let texts = prop::collection::vec(1usize..20, texts);
        (head, texts, rows).prop_flat_map(move |(head, text, rows)| {
            let lens = |most: usize| prop::collection::vec(1..most, rows.len());
            let (text, rows) = (text.clone(), rows.clone());
            (lens(140), lens(3)).prop_map(move |(first, second)| Case {
                heads_per_kv: per,
                n_kv_heads: kv,
                d_head,
                window,
                head: if head == 0 { Vec::new() } else { vec![head] },
                rows: rows.iter().map(|&(group, seen)| (group, seen % (text[group] + 1))).collect(),
                text: text.clone(),
                passes: [first, second],
            })
        })
    })
}

struct Run {
    case: Case,
    dtype: DType,
    plan: fn(&TokenBatch, &KvCache<Flex>, usize, Option<usize>) -> AttentionPlan<Flex>,
    seed: u64,
    found: Vec<f32>,
}

impl Run {
    /// A pass of rows of some lengths.
    fn pass(&mut self, cache: &mut KvCache<Flex>, lens: &[usize]) {
        let Case { heads_per_kv, n_kv_heads, d_head, window, .. } = self.case;
        let n_heads = heads_per_kv * n_kv_heads;
        let rows: Vec<Vec<u32>> = lens.iter().map(|&len| vec![0; len]).collect();
        let tokens = TokenBatch::new(&rows);
        cache.reserve(&tokens);
        let plan = (self.plan)(&tokens, cache, n_heads, window);
        let width = (n_heads + 2 * n_kv_heads) * d_head;
        self.seed += 1;
        // Queries, keys and values are parts of one tensor, as where a model computes them at once.
        let numbers: Vec<f32> = (0..tokens.tokens() * width)
            .map(|n| ((n as u64 * 7919 + self.seed * 104_729) % 1009) as f32 / 504.0 - 1.0)
            .collect();
        let all = TensorData::new(numbers, [tokens.tokens(), width]);
        let all = Tensor::<Flex, 2>::from_data(all, &Default::default());
        let all = all.cast(if self.dtype == DType::F16 { FloatDType::F16 } else { FloatDType::F32 });
        let [q, k, v] = [(0, n_heads), (n_heads, n_kv_heads), (n_heads + n_kv_heads, n_kv_heads)]
            .map(|(start, heads)| all.clone().narrow(1, start * d_head, heads * d_head));
        let mixed = plan.attend(0, q, k, v, cache);
        assert_eq!(mixed.dtype(), self.dtype);
        self.found.extend(mixed.cast(FloatDType::F32).into_data().into_vec::<f32>().unwrap());
    }

    fn all(mut self) -> Vec<f32> {
        let case = self.case.clone();
        let shape = CacheShape { n_layers: 1, n_kv_heads: case.n_kv_heads, d_head: case.d_head };
        let device = Default::default();
        let fresh = |rows: usize| KvCache::new(shape, rows, 4, &device);
        let on = |prefix: Arc<Prefix<Flex>>, rows: &[(usize, usize)]| {
            let (group, visible) = rows.iter().copied().unzip();
            KvCache::on_prefix(shape, prefix, group, visible, 4, &device)
        };
        let mut below = fresh(case.text.len());
        if let Some(&len) = case.head.first() {
            let mut head = fresh(1);
            self.pass(&mut head, &[len]);
            below = on(Arc::new(head.freeze()), &vec![(0, len); case.text.len()]);
        }
        self.pass(&mut below, &case.text);
        let mut cache = on(Arc::new(below.freeze()), &case.rows);
        for lens in &case.passes {
            self.pass(&mut cache, lens);
        }
        self.found
    }
}

fn worst(case: &Case, dtype: DType) -> f32 {
    let run = |plan| Run { case: case.clone(), dtype, plan, seed: 0, found: Vec::new() }.all();
    let ours = run(|tokens, cache, n_heads, window| match window {
        Some(window) => AttentionPlan::sliding(tokens, cache, n_heads, window),
        None => AttentionPlan::new(tokens, cache, n_heads),
    });
    let operations = run(AttentionPlan::by_operations);
    assert_eq!(ours.len(), operations.len());
    assert!(ours.iter().chain(&operations).all(|x| x.is_finite()));
    ours.iter().zip(operations).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn it_gives_what_the_operations_give(case in case()) {
        let worst = worst(&case, DType::F32);
        prop_assert!(worst < 1e-4, "off by {worst}");
    }
}

#[test]
fn half_precision_is_mixed_in_single() {
    let case = Case {
        heads_per_kv: 3,
        n_kv_heads: 2,
        d_head: 8,
        window: None,
        head: vec![9],
        text: vec![5, 3],
        rows: vec![(0, 4), (1, 3), (1, 1)],
        passes: [vec![3, 1, 2], vec![1, 1, 1]],
    };
    let worst = worst(&case, DType::F16);
    assert!(worst < 5e-3, "off by {worst}");
}

/// What a slot held before may be anything, such as what a model that overflowed left there.
#[test]
fn what_nobody_sees_is_not_mixed() {
    let (shape, device) = (CacheShape { n_layers: 1, n_kv_heads: 1, d_head: 4 }, Default::default());
    let mut cache = KvCache::<Flex>::new(shape, 2, 8, &device);
    let pass = |cache: &mut KvCache<Flex>, lens: &[usize], number: f32| {
        let tokens = TokenBatch::new(&lens.iter().map(|&len| vec![0; len]).collect::<Vec<_>>());
        cache.reserve(&tokens);
        let plan = AttentionPlan::new(&tokens, cache, 1);
        let x = Tensor::<Flex, 2>::full([tokens.tokens(), 4], number, &device);
        plan.attend(0, x.clone(), x.clone(), x, cache).into_data().into_vec::<f32>().unwrap()
    };
    assert!(pass(&mut cache, &[4, 4], f32::NAN).iter().all(|x| x.is_nan()));
    for row in [1, 0] {
        cache.swap_remove(row);
    }
    let mut next = KvCache::<Flex>::new(shape, 2, 8, &device);
    let _ = pass(&mut next, &[3, 1], 1.0);
    cache.join(&next, &[0, 1], 2);
    assert_eq!(pass(&mut cache, &[1, 2], 1.0), [1.0; 12]);
    assert_eq!(pass(&mut cache, &[1, 1], 1.0), [1.0; 8]);
}
