//! Steps of training: the losses and the gradients' norms, which say what became of all weights.

use toolformer::{
    burn::tensor::backend::Backend,
    device::OnDevice,
    model::{LoraConfig, Pretrained},
    train::{Method, Metric, TrainingSequence, TrainingSettings, Unobserved, finetune},
};

use crate::device::{both, fixture};

const TOLERANCE: f64 = 1e-3;
const STEPS: usize = 3;

#[derive(Clone)]
struct Steps {
    family: &'static str,
    method: Method,
}

impl OnDevice for Steps {
    /// Loss and gradient norm of every step.
    type Output = Vec<[f64; 2]>;

    fn run<B: Backend>(self, device: &B::Device) -> Vec<[f64; 2]> {
        let (model, config) = Pretrained::<B>::open_model(&fixture(self.family), device).unwrap();
        let examples = [vec![1, 2, 3, 4, 5, 6], vec![7, 8, 7, 8, 7], vec![40, 41, 42], vec![9, 9, 9, 9]];
        let examples = examples.map(TrainingSequence::from);
        let settings = TrainingSettings {
            method: self.method,
            learning_rate: 1e-3,
            max_steps: STEPS,
            keep_best: false,
            ..TrainingSettings::default()
        };
        let folder = tempfile::tempdir().unwrap();
        let mut seen = Vec::new();
        finetune(
            model,
            &config,
            &examples,
            &[],
            &settings,
            folder.path(),
            &mut Unobserved,
            &mut |metric: &Metric| {
                seen.extend(metric.loss.zip(metric.gradient_norm).map(|(loss, norm)| [loss, norm]));
                Ok(())
            },
        )
        .unwrap();
        seen
    }
}

#[test]
fn training_steps() {
    let lora = || Method::Lora(LoraConfig { r: 2, lora_alpha: 4.0, ..LoraConfig::default() });
    let mut table = format!("{:<24}{:>10}{:>16}\n", "relative difference", "losses", "gradient norms");
    let mut wrong = Vec::new();
    for family in ["llama", "gpt2", "gemma3", "palm"] {
        for (how, method) in [("LoRA", lora()), ("full", Method::Full)] {
            let [found, expected] = both(&Steps { family, method });
            assert_eq!((found.len(), expected.len()), (STEPS, STEPS));
            let worst = |of: usize| {
                let apart = |(a, b): (&[f64; 2], &[f64; 2])| ((a[of] - b[of]) / b[of]).abs();
                found.iter().zip(&expected).map(apart).fold(0.0, f64::max)
            };
            let (losses, norms) = (worst(0), worst(1));
            table += &format!("{:<24}{losses:>10.1e}{norms:>16.1e}\n", format!("{family}, {how}"));
            if !(losses <= TOLERANCE && norms <= TOLERANCE) {
                wrong.push((family, how));
            }
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{wrong:?} differ from the processor by more than {TOLERANCE}\n{table}");
}
