//! Texts as token ids, with and without a call in them: which calls make what follows more likely? The second example of
//! toolformer-pytorch's README, on a PaLM that has learnt nothing yet.
//!
//! `cargo run --release -p toolformer-examples --example filter_tokens`
#![expect(clippy::print_stdout, reason = "a small program")]

use std::error::Error;

use toolformer::{
    burn::tensor::backend::Backend,
    device::Cpu,
    filter::{FilteredResults, InPlaceFilter, filter_tokens_with_api_response},
    model::{LanguageModel, ModelConfig, PalmConfig},
};

const START_POS: usize = 512;
const CALL_LENGTH: usize = 10;
const START_ID: u32 = 19_998;
const STOP_ID: u32 = 19_999;

/// Ids that look random, the same at every run.
fn tokens(batch: u32, seq: u32, seed: u32) -> Vec<Vec<u32>> {
    let id = |row: u32, i: u32| ((row * seq + i + seed * 7919).wrapping_mul(2_654_435_761) >> 8) % START_ID;
    (0..batch).map(|row| (0..seq).map(|i| id(row, i)).collect()).collect()
}

fn filtered<B: Backend>(device: &B::Device) -> Result<FilteredResults, Box<dyn Error>> {
    let config = PalmConfig {
        vocab_size: 20_000,
        d_model: 512,
        n_layers: 2,
        n_heads: 8,
        d_head: 64,
        ff_mult: 4,
        max_positions: 2048,
        bos: None,
        eos: vec![],
    };
    let palm = LanguageModel::<B>::init(&ModelConfig::Palm(config), 0, device)?;

    let [plain, mut with_response, mut without_response] = [0, 1, 2].map(|seed| tokens(10, 1024, seed));
    for row in with_response.iter_mut().chain(&mut without_response) {
        row[START_POS] = START_ID;
        row[START_POS + CALL_LENGTH] = STOP_ID;
    }
    let filter = InPlaceFilter { filter_threshold: 1.0, ..InPlaceFilter::new(START_ID, STOP_ID) };
    Ok(filter_tokens_with_api_response(&palm, &plain, &without_response, &with_response, &filter)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let results = filtered::<Cpu>(&Default::default())?;
    println!("{} passed, {} failed", results.num_passed, results.num_failed);
    println!("those that passed: {:?}, as a mask: {:?}", results.selected_indices, results.selected_mask);
    for losses in &results.losses {
        println!("no call {:.3}, call {:.3}, response {:.3} nats", losses.none, losses.call, losses.response);
    }
    println!("{} texts with responses to train on", results.filtered_tokens_with_api_response.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs() {
        let results = filtered::<Cpu>(&Default::default()).unwrap();
        assert_eq!(results.num_passed + results.num_failed, 10);
        assert_eq!(results.filtered_tokens.len(), results.num_passed);
        // Of 20,000 ids each is about as likely: a loss is near 3 ln 20,000, the weights summing up to 3.
        assert!(results.losses.iter().all(|losses| (losses.none - 3.0 * 20_000_f64.ln()).abs() < 2.0));
    }
}
