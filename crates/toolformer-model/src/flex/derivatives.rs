//! The functions and derivatives of our own beside those that burn makes of the same operations.

use burn::{
    backend::{Autodiff, Flex},
    tensor::{
        Bool, Distribution, Tensor, TensorData,
        activation::{log_softmax, silu, softmax},
    },
};

use super::{causal_attention, cross_entropy, rms_norm, rotate, silu_times_tracked};

type B = Autodiff<Flex>;
type Matrix = Tensor<B, 2>;

fn random(shape: [usize; 2]) -> Matrix {
    Tensor::from_inner(Tensor::<Flex, 2>::random(shape, Distribution::Normal(0.0, 1.0), &Default::default()))
}

/// The value of a function and its gradients, where each number of the value counts differently.
fn of<const N: usize>(
    inputs: &[Matrix; N],
    function: impl Fn([&Matrix; N]) -> Matrix,
) -> Vec<Tensor<Flex, 2>> {
    let inputs = inputs.clone().map(|input| input.detach().require_grad());
    let value = function(inputs.each_ref());
    let [rows, columns] = value.dims();
    let factors = (0..rows * columns).map(|i| ((i * 7919) % 101) as f32 / 50.0 - 1.0).collect();
    let factors = Tensor::from_data(TensorData::new(factors, [rows, columns]), &Default::default());
    let gradients = (value.clone() * factors).sum().backward();
    let mut found = vec![value.inner()];
    found.extend(inputs.iter().map(|input| input.grad(&gradients).unwrap()));
    found
}

#[track_caller]
fn check<const N: usize>(
    inputs: &[Matrix; N],
    own: impl Fn([&Matrix; N]) -> Option<Matrix>,
    operations: impl Fn([&Matrix; N]) -> Matrix,
) {
    let found = of(inputs, |inputs| own(inputs).unwrap());
    for (number, (found, expected)) in found.into_iter().zip(of(inputs, operations)).enumerate() {
        let off = (found - expected.clone()).abs().max().into_scalar();
        let size = expected.abs().max().into_scalar();
        assert!(off <= 2e-5 * (1.0 + size), "{number}: {off} of {size}");
    }
}

#[test]
fn rms_norm_is_that_of_operations() {
    for shape in [[1, 1], [3, 50], [200, 576]] {
        let by_operations = |[x, gain]: [&Matrix; 2]| {
            let mean = (x.clone() * x.clone()).mean_dim(1); // [n, 1]
            x.clone() * mean.add_scalar(1e-3).sqrt().recip() * gain.clone()
        };
        check(&[random(shape), random([1, shape[1]])], |[x, gain]| rms_norm(x, gain, 1e-3), by_operations);
    }
}

#[test]
fn the_gate_is_that_of_operations() {
    for shape in [[1, 1], [3, 50], [40, 1536]] {
        let by_operations = |[gate, up]: [&Matrix; 2]| silu(gate.clone()) * up.clone();
        let inputs = [random(shape) * 4.0, random(shape)];
        check(&inputs, |[gate, up]| silu_times_tracked(gate, up), by_operations);
    }
}

#[test]
fn rotation_is_that_of_operations() {
    for ([n, heads], d_head) in [([1, 1], 2), ([5, 3], 8), ([130, 12], 64)] {
        let width = heads * d_head;
        let (cos, sin) = (random([n, width]), random([n, width]));
        let by_operations = |[x]: [&Matrix; 1]| {
            let split = x.clone().reshape([n * heads, d_head]); // [n * heads, d_head]
            let [first, second] = [0, d_head / 2].map(|start| split.clone().narrow(1, start, d_head / 2)); // [n * heads, d_head / 2]
            let partners = Tensor::cat(vec![second, first], 1).reshape([n, width]); // [n, width]
            x.clone() * cos.clone() + partners * sin.clone()
        };
        check(&[random([n, width])], |[x]| rotate(x, [&cos, &sin], d_head), by_operations);
    }
}

#[test]
fn cross_entropy_is_that_of_operations() {
    for [n, vocab] in [[1, 1], [3, 50], [40, 5000]] {
        let targets: Vec<u32> = (0..n).map(|i| ((i * 31) % vocab) as u32).collect();
        let by_operations = |[logits]: [&Matrix; 1]| {
            let targets: Vec<i32> = targets.iter().map(|id| id.cast_signed()).collect();
            let targets = Tensor::from_data(TensorData::new(targets, [n, 1]), &Default::default());
            log_softmax(logits.clone(), 1).gather(1, targets).sum().neg().reshape([1, 1]) // [1, 1]
        };
        check(&[random([n, vocab]) * 3.0], |[logits]| cross_entropy(logits, &targets), by_operations);
    }
}

/// One sequence and head after another, the whole matrix of scores at once.
fn naive_attention(
    [q, k, v]: [&Matrix; 3],
    lens: &[usize],
    [heads, kv_heads]: [usize; 2],
    window: Option<usize>,
) -> Matrix {
    let d_head = q.dims()[1] / heads;
    let mut rows = Vec::new();
    let mut first = 0;
    for &len in lens {
        let of_heads = (0..heads).map(|head| {
            let part = |of: &Matrix, head: usize| {
                of.clone().slice([first..first + len, head * d_head..(head + 1) * d_head])
            }; // [len, d_head]
            let kv = head * kv_heads / heads;
            let scores = part(q, head).matmul(part(k, kv).transpose()); // [len, len]
            let hidden = (0..len * len)
                .map(|i| (i / len, i % len))
                .map(|(query, key)| key > query || window.is_some_and(|window| key + window <= query));
            let hidden: Tensor<B, 2, Bool> = Tensor::from_data(
                TensorData::new(hidden.collect::<Vec<bool>>(), [len, len]),
                &Default::default(),
            );
            softmax(scores.mask_fill(hidden, f32::NEG_INFINITY), 1).matmul(part(v, kv)) // [len, d_head]
        });
        rows.push(Tensor::cat(of_heads.collect(), 1)); // [len, heads * d_head]
        first += len;
    }
    Tensor::cat(rows, 0)
}

#[track_caller]
fn check_attention(lens: &[usize], heads: [usize; 2], d_head: usize, window: Option<usize>) {
    let tokens = lens.iter().sum();
    let [q, k, v] = [heads[0], heads[1], heads[1]].map(|heads| random([tokens, heads * d_head]));
    check(
        &[q, k, v],
        |inputs| causal_attention(inputs, lens, heads, window),
        |inputs| naive_attention(inputs, lens, heads, window),
    );
}

#[test]
fn attention_is_that_of_operations() {
    check_attention(&[1], [1, 1], 4, None);
    check_attention(&[3, 1, 7], [4, 2], 8, None);
    check_attention(&[70, 64, 130], [3, 1], 16, None);
    check_attention(&[9, 150], [2, 2], 8, Some(5));
    check_attention(&[150], [6, 2], 24, Some(70));
}

/// What is frozen has no gradient, and what is not has the same.
#[test]
fn frozen_inputs_have_no_gradient() {
    let (x, gain) = (random([4, 6]), random([1, 6]));
    let learns = x.clone().require_grad();
    let gradients = rms_norm(&learns, &gain, 1e-3).unwrap().sum().backward();
    assert!(learns.grad(&gradients).is_some() && gain.grad(&gradients).is_none());
    let gain = gain.require_grad();
    let gradients = rms_norm(&x, &gain, 1e-3).unwrap().sum().backward();
    assert!(x.grad(&gradients).is_none() && gain.grad(&gradients).is_some());
}

#[test]
fn loss_that_is_no_number_stays_none() {
    let logits = Tensor::<Flex, 2>::from_data([[0.0, f32::NAN, 1.0]], &Default::default());
    assert!(cross_entropy(&logits, &[0]).unwrap().into_scalar().is_nan());
}
