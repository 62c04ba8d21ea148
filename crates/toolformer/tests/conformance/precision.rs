//! Every precision that the device has, beside f32 on the processor.

use toolformer::{
    burn::tensor::backend::Backend,
    device::{Device, OnDevice},
    model::{CausalLm, KvCache, ModelError, Precision, Pretrained, TokenBatch, log_probs},
};

use crate::device::{device, difference, fixture};

#[derive(Clone)]
struct LogProbs(&'static str, Precision);

impl OnDevice for LogProbs {
    type Output = Result<Vec<f32>, ModelError>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<Vec<f32>, ModelError> {
        let (model, _) = Pretrained::<B>::open_model_in(&fixture(self.0), self.1, device)?;
        let ids: Vec<u32> = (0..24).map(|i| 3 + i * 7 % 41).collect();
        let mut cache = KvCache::new(model.cache_shape(), 1, ids.len(), device);
        let hidden = model.forward(&TokenBatch::new(&[&ids[..ids.len() - 1]]), &mut cache);
        let [_, seq, d_model] = hidden.dims();
        Ok(log_probs(&model, hidden.reshape([seq, d_model]), &ids[1..]))
    }
}

/// Most that a log-probability may be off, in nats.
fn tolerance(precision: Precision) -> f32 {
    match precision {
        Precision::F32 => 1e-3,
        Precision::F16 => 0.05,
        Precision::Bf16 | Precision::Int8 => 0.3,
        Precision::Int4 => 2.0,
    }
}

#[test]
fn precisions() {
    let mut table = format!("{:<24}", "log-probabilities");
    Precision::ALL.iter().for_each(|precision| table += &format!("{:>10}", precision.name()));
    let mut wrong = Vec::new();
    for name in ["llama", "calling_llama", "gpt2", "gptj", "gpt_neox", "gemma3", "palm", "palm_rlhf"] {
        table += &format!("\n{name:<24}");
        let expected = Device::Cpu.run(LogProbs(name, Precision::F32)).unwrap();
        for precision in Precision::ALL {
            match device().run(LogProbs(name, precision)) {
                Ok(found) => {
                    let apart = difference(&found, &expected);
                    table += &format!("{apart:>10.1e}");
                    if apart > tolerance(precision) {
                        wrong.push((name, precision));
                    }
                }
                Err(ModelError::Precision { .. }) if precision != Precision::F32 => {
                    table += &format!("{:>10}", "none")
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    println!("{table}\n");
    assert!(wrong.is_empty(), "{wrong:?} are too far off\n{table}");
}
