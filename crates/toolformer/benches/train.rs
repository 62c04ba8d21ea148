//! Steps of training on given ids; see `cargo xtask bench train`, which runs them beside PyTorch and PEFT.
//!
//!     cargo bench --workspace --bench train -- --model MODEL --ids IDS.json --mode full|lora [--device NAME] \
//!         [--lora-rank R] [--learning-rate RATE] [--clip-norm NORM] [--checkpointing on]
//!
//! `IDS.json` holds a list of steps, each a list of sequences of ids. Prints one JSON object.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a terminal program")]

use std::{
    collections::BTreeMap,
    fs,
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use serde_json::{Value, json};
use toolformer::{
    burn::{backend::Autodiff, tensor::backend::Backend},
    device::{Device, OnDevice},
    model::{LanguageModel, LoraConfig, Precision, Pretrained},
    train::{
        Evaluation, LanguageModelling, Method, Metric, Objective, Schedule, StepGradients, TrainingJob,
        TrainingSequence, TrainingSettings, Unobserved, train,
    },
};

mod options;

use options::{Failure, options};

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), Failure> {
    let known = [
        "--model",
        "--ids",
        "--mode",
        "--device",
        "--lora-rank",
        "--learning-rate",
        "--clip-norm",
        "--checkpointing",
    ];
    let options = options(&known)?;
    let device: Device = options.get("--device").map_or(Ok(Device::Cpu), |name| name.parse())?;
    device.check()?;
    device.run(Measure { options })
}

struct Measure {
    options: BTreeMap<String, String>,
}

impl Measure {
    fn option(&self, name: &str) -> Result<&str, Failure> {
        self.options.get(name).map(String::as_str).ok_or_else(|| format!("{name} is missing").into())
    }

    fn number(&self, name: &str, default: f64) -> Result<f64, Failure> {
        Ok(self.options.get(name).map_or(Ok(default), |value| value.parse())?)
    }
}

impl OnDevice for Measure {
    type Output = Result<(), Failure>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<(), Failure> {
        let mode = self.option("--mode")?;
        let method = match mode {
            "full" => Method::Full,
            "lora" => {
                let r = self.number("--lora-rank", 8.0)? as usize;
                Method::Lora(LoraConfig { r, lora_alpha: 2.0 * r as f64, ..LoraConfig::default() })
            }
            other => return Err(format!("there is no mode {other}; it is full or lora").into()),
        };
        let steps: Vec<Vec<Vec<u32>>> = serde_json::from_slice(&fs::read(self.option("--ids")?)?)?;
        let batch = steps.first().ok_or("there are no ids")?.len();
        let loaded = Pretrained::<B>::open_in(self.option("--model")?.as_ref(), Precision::F32, device)?;
        let loaded_bytes = peak_bytes();
        let settings = TrainingSettings {
            learning_rate: self.number("--learning-rate", 1e-5)?,
            clip_norm: self.number("--clip-norm", 1.0)?,
            schedule: Schedule::Constant,
            warmup: 0.0,
            epochs: 1,
            batch,
            micro_batch_tokens: usize::MAX,
            max_seq: usize::MAX,
            evaluate_every: usize::MAX,
            gradient_checkpointing: self.options.contains_key("--checkpointing"),
            ..TrainingSettings::of(method)
        };
        let examples: Vec<TrainingSequence> =
            steps.iter().flatten().cloned().map(TrainingSequence::from).collect();
        let learnt = LanguageModelling::new(&loaded.model, &examples, &[], &settings)?;
        let objective = InOrder { learnt, batch, next: AtomicUsize::new(0) };
        let folder = tempfile::tempdir()?;
        let (config, folder) = (&loaded.config, folder.path());
        let job = TrainingJob { objective: &objective, config, settings: &settings, folder };
        let mut measured: Vec<Value> = Vec::new();
        let (mut began, mut peak) = (Instant::now(), None);
        let tokens: Vec<usize> = steps.iter().map(|step| step.iter().map(Vec::len).sum()).collect();
        let mut measure = |metric: &Metric| {
            let seconds = began.elapsed().as_secs_f64();
            measured
                .push(json!({"seconds": seconds, "tokens": tokens[metric.step - 1], "loss": metric.loss}));
            (began, peak) = (Instant::now(), peak_bytes());
            Ok(())
        };
        train(loaded.model, &job, &mut Unobserved, &mut measure)?;
        let device = self.options.get("--device").map_or("cpu", String::as_str);
        println!(
            "{}",
            json!({"device": device, "mode": mode, "steps": measured, "loaded_rss_bytes": loaded_bytes,
                "peak_rss_bytes": peak})
        );
        Ok(())
    }
}

/// Most memory of this process so far.
fn peak_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| 1024 * kib)
}

/// The examples as they come, instead of shuffled.
struct InOrder<'a> {
    learnt: LanguageModelling<'a>,
    batch: usize,
    /// The first example of the next step.
    next: AtomicUsize,
}

impl<B: Backend> Objective<B> for InOrder<'_> {
    type Model = LanguageModel<B>;

    fn examples(&self) -> usize {
        Objective::<B>::examples(&self.learnt)
    }

    fn weight(&self, example: usize) -> usize {
        Objective::<B>::weight(&self.learnt, example)
    }

    fn gradients(
        &self,
        model: &LanguageModel<Autodiff<B>>,
        examples: &[usize],
        total: usize,
    ) -> StepGradients {
        let first = self.next.fetch_add(self.batch, Ordering::Relaxed);
        let in_order: Vec<usize> = (first..first + examples.len()).collect();
        self.learnt.gradients(model, &in_order, total)
    }

    fn has_held_out(&self) -> bool {
        false
    }

    fn evaluate(&self, _: &LanguageModel<B>) -> Option<Evaluation> {
        None
    }

    fn metric(&self, step: usize, _: &Evaluation) -> Metric {
        Metric { step, ..Metric::default() }
    }

    fn fingerprint(&self, feed: &mut dyn FnMut(&[u8])) {
        Objective::<B>::fingerprint(&self.learnt, feed);
    }
}
