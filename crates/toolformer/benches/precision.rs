//! Size, speed and perplexity of a model in every precision that a device has.
//!
//!     cargo bench --workspace --bench precision -- --model MODEL [--device NAME] [--texts FILE]
//!
//! Each precision runs in a process of its own, so that its memory can be told.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a terminal program")]

use std::{
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use toolformer::{
    burn::tensor::backend::Backend,
    device::{Device, OnDevice},
    model::{CausalLm, KvCache, LanguageModel, ModelError, Precision, Pretrained, TokenBatch, log_probs},
    train::read_texts,
};

mod measuring;
mod options;

use measuring::{decode_rate, sync};
use options::{Failure, options};

/// Tokens that are read at once, and that are decoded one by one.
const PREFILL: usize = 512;
const DECODE: usize = 32;
/// Texts that perplexity is taken over.
const TEXTS: usize = 24;

#[derive(Clone)]
struct Job {
    model: PathBuf,
    device: Device,
    texts: PathBuf,
    precision: Option<Precision>,
}

fn main() -> ExitCode {
    let done = Job::from_arguments().and_then(|job| match job.precision {
        Some(precision) => job.device.run(Measure { job: &job, precision }).map(|row| println!("{row}")),
        None => job.all(),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Job {
    fn from_arguments() -> Result<Self, Failure> {
        let options = options(&["--model", "--device", "--texts", "--precision"])?;
        let texts: PathBuf =
            [env!("CARGO_MANIFEST_DIR"), "../../examples/data/passages.jsonl"].iter().collect();
        let texts = options.get("--texts").map_or(texts, PathBuf::from);
        let device = options.get("--device").map_or(Ok(Device::Cpu), |name| name.parse())?;
        let precision = options.get("--precision").map(|name| name.parse()).transpose()?;
        let model = options.get("--model").map(PathBuf::from);
        let model = model.ok_or("--model MODEL is missing: a folder or a .gguf file")?;
        Ok(Self { model, device, texts, precision })
    }

    /// Measures every precision, each in a process of its own.
    fn all(&self) -> Result<(), Failure> {
        self.device.check()?;
        println!("{} on {}", self.model.display(), self.device);
        println!(
            "{:<10}{:>12}{:>10}{:>10}{:>12}{:>12}{:>14}{:>14}",
            "precision",
            "weights MB",
            "load s",
            "peak MB",
            "prefill t/s",
            "decode t/s",
            "batch 8 t/s",
            "perplexity"
        );
        for precision in Precision::ALL {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg("--model").arg(&self.model).args(["--device", &self.device.to_string()]);
            command.arg("--texts").arg(&self.texts).args(["--precision", precision.name()]);
            let output = command.stderr(Stdio::piped()).output()?;
            if output.status.success() {
                print!("{}", String::from_utf8_lossy(&output.stdout));
            } else {
                let said = String::from_utf8_lossy(&output.stderr);
                let line = said.lines().find(|line| line.contains("error:") || line.contains("panicked"));
                println!("{:<10}{}", precision.name(), line.unwrap_or("failed"));
                eprintln!("{said}");
            }
        }
        Ok(())
    }
}

struct Measure<'a> {
    job: &'a Job,
    precision: Precision,
}

impl OnDevice for Measure<'_> {
    type Output = Result<String, Failure>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<String, Failure> {
        let before = memory_megabytes("VmRSS:");
        let start = Instant::now();
        let loaded = Pretrained::<B>::open_in(&self.job.model, self.precision, device)?;
        sync::<B>(device)?;
        let (load, peak) = (start.elapsed().as_secs_f64(), memory_megabytes("VmHWM:") - before);
        let (model, tokenizer) = (&loaded.model, &loaded.tokenizer);
        let texts = read_texts(&self.job.texts)?;
        let texts: Vec<Vec<u32>> = texts
            .iter()
            .take(TEXTS)
            .map(|text| tokenizer.encode_with_special(&text.text))
            .collect::<Result<_, ModelError>>()?;
        let long: Vec<u32> = texts.iter().flatten().copied().cycle().take(PREFILL).collect();
        // Once for what is compiled and tuned at the first use, once for the clock.
        let mut prefill = 0.0;
        for _ in 0..2 {
            let start = Instant::now();
            nll(model, &long);
            prefill = PREFILL as f64 / start.elapsed().as_secs_f64();
        }
        let mut decode = [0.0; 2];
        for (rate, rows) in decode.iter_mut().zip([1, 8]) {
            for _ in 0..2 {
                *rate = decode_rate(model, &long[..DECODE], rows, DECODE)?;
            }
        }
        let (mut sum, mut tokens) = (0.0, 0);
        for ids in &texts {
            sum += nll(model, ids);
            tokens += ids.len() - 1;
        }
        Ok(format!(
            "{:<10}{:>12.0}{load:>10.1}{peak:>10.0}{prefill:>12.1}{:>12.1}{:>14.1}{:>14.3}",
            self.precision.name(),
            model.weight_bytes() as f64 / 1e6,
            decode[0],
            decode[1],
            (sum / tokens as f64).exp(),
        ))
    }
}

/// Sum over the text's tokens but the first, nats.
fn nll<B: Backend>(model: &LanguageModel<B>, ids: &[u32]) -> f64 {
    let mut cache = KvCache::new(model.cache_shape(), 1, ids.len(), &model.device());
    let hidden = model.forward(&TokenBatch::new(&[&ids[..ids.len() - 1]]), &mut cache);
    let [_, seq, d_model] = hidden.dims();
    let scored = log_probs(model, hidden.reshape([seq, d_model]), &ids[1..]);
    -scored.iter().map(|&value| f64::from(value)).sum::<f64>()
}

/// Memory of the host that this process holds (`VmRSS:`) or has held at most (`VmHWM:`), mapped files included, MB; 0
/// where the system does not say.
fn memory_megabytes(what: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0 / 1e6
}
