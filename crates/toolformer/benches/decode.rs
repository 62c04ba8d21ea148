//! How fast a model reads and decodes, and what of it is the engine's; see `cargo xtask bench decode`, which runs it
//! beside other programs.
//!
//!     cargo bench --workspace --bench decode -- --model MODEL [--device NAME] [--part rows|sharing|machine] \
//!         [--only ROW]
//!
//! Prints a JSON object a line.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a terminal program")]

use std::{path::PathBuf, process::ExitCode, time::Instant};

use serde_json::json;
use toolformer::{
    burn::tensor::{Distribution, Tensor, backend::Backend},
    decode::{Engine, EngineSettings, GenerateSettings, Prompt, Request, Tools, Usage},
    device::{Device, OnDevice},
    model::{CausalLm, KvCache, LanguageModel, Precision, Pretrained, TokenBatch, Tokenizer},
};

mod measuring;
mod options;

use measuring::{Steps, decode_rate, sync};
use options::{Failure, options};

/// Tokens that are read at once.
const PREFILL: usize = 512;
/// Rows that are decoded together.
const BATCHES: [usize; 3] = [1, 8, 32];
/// Tokens behind which is decoded, and how many are.
const PROMPT: usize = 128;
const STEPS: usize = 32;
/// Requests that begin with the same few-shot prompt of [`PREFILL`] tokens, and the tokens of each behind it.
const SHARING: usize = 8;
const OWN: usize = 32;
/// Requests of unequal lengths, so many at a time.
const UNEQUAL: usize = 32;
const TOGETHER: usize = 8;

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
    let options = options(&["--model", "--device", "--part", "--only"])?;
    let device: Device = options.get("--device").map_or(Ok(Device::Cpu), |name| name.parse())?;
    device.check()?;
    let model = options.get("--model").map(PathBuf::from);
    let model = model.ok_or("--model MODEL is missing: a folder or a .gguf file")?;
    let part = options.get("--part").map_or("rows", String::as_str).to_owned();
    device.run(Measure { model, part, only: options.get("--only").cloned() })
}

struct Measure {
    model: PathBuf,
    part: String,
    /// The only row to measure, such as `decode 8`, for a profile.
    only: Option<String>,
}

impl OnDevice for Measure {
    type Output = Result<(), Failure>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<(), Failure> {
        let loaded = Pretrained::<B>::open_in(&self.model, Precision::F32, device)?;
        let (model, tokenizer) = (&loaded.model, &loaded.tokenizer);
        match self.part.as_str() {
            "rows" => rows(model, tokenizer, self.only.as_deref()),
            "sharing" => sharing(model, tokenizer),
            "machine" => machine(model),
            other => Err(format!("there is no part {other}: it is rows, sharing or machine").into()),
        }
    }
}

/// The engine, and the bare model, at each batch.
fn rows<B: Backend>(
    model: &LanguageModel<B>,
    tokenizer: &Tokenizer,
    only: Option<&str>,
) -> Result<(), Failure> {
    let wanted = |row: &str| only.is_none_or(|only| only == row);
    // Once for what is set up at the first use, then the best of three.
    prefill_rate(model)?;
    if wanted("prefill 512") {
        let (mut bare, mut engine) = (0f64, 0f64);
        for _ in 0..3 {
            bare = bare.max(prefill_rate(model)?);
            let (seconds, _) =
                complete(model, tokenizer, EngineSettings::default(), &[(ids(0, PREFILL), 1)])?;
            engine = engine.max(PREFILL as f64 / seconds);
        }
        println!("{}", json!({"row": "prefill 512", "engine": engine, "bare": bare}));
    }
    for batch in BATCHES {
        let row = format!("decode {batch}");
        if wanted(&row) {
            let bare = decode_rate(model, &ids(0, PROMPT), batch, STEPS)?;
            let engine = engine_rate(model, tokenizer, batch)?;
            println!("{}", json!({"row": row, "engine": engine, "bare": bare}));
        }
    }
    Ok(())
}

/// Tokens a second of one pass over a text, with the logits behind its end.
fn prefill_rate<B: Backend>(model: &LanguageModel<B>) -> Result<f64, Failure> {
    let start = Instant::now();
    let mut cache = KvCache::new(model.cache_shape(), 1, PREFILL, &model.device());
    let hidden = model.forward(&TokenBatch::new(&[ids(0, PREFILL)]), &mut cache);
    let [_, seq, d_model] = hidden.dims();
    model.logits(hidden.narrow(1, seq - 1, 1).reshape([1, d_model])); // [1, d_model]
    sync::<B>(&model.device())?;
    Ok(PREFILL as f64 / start.elapsed().as_secs_f64())
}

/// Tokens a second of requests that run together, from when all of them are read.
fn engine_rate<B: Backend>(
    model: &LanguageModel<B>,
    tokenizer: &Tokenizer,
    batch: usize,
) -> Result<f64, Failure> {
    let settings = EngineSettings { batch, ..EngineSettings::default() };
    let mut engine = Engine::new(model, tokenizer, settings)?;
    for number in 0..batch {
        // One token comes of reading, and one of the first step.
        engine.submit(request(number, ids(number, PROMPT), STEPS + 2))?;
    }
    engine.step()?;
    if engine.running() != batch {
        return Err("not all prompts were read in the first step".into());
    }
    let mut steps = Steps::default();
    while !engine.is_idle() {
        steps.time(|| engine.step().map(drop))?;
    }
    Ok(steps.rate(batch))
}

/// A prompt that many share, and completions of unequal lengths.
fn sharing<B: Backend>(model: &LanguageModel<B>, tokenizer: &Tokenizer) -> Result<(), Failure> {
    let together = EngineSettings { batch: SHARING, ..EngineSettings::default() };
    let few_shot = ids(0, PREFILL);
    let texts: Vec<_> =
        (0..SHARING).map(|number| ([&few_shot[..], &ids(number, OWN)].concat(), STEPS)).collect();
    for (name, remember) in [("shared", true), ("not shared", false)] {
        let settings = EngineSettings { remember, ..together };
        let (seconds, usage) = complete(model, tokenizer, settings, &texts)?;
        println!(
            "{}",
            json!({"row": name, "seconds": seconds, "computed": usage.computed, "reused": usage.reused})
        );
    }
    // From 8 to 64 tokens.
    let unequal: Vec<_> = (0..UNEQUAL).map(|number| (ids(number, OWN), 8 + number * 37 % 57)).collect();
    let together = EngineSettings { batch: TOGETHER, ..EngineSettings::default() };
    let tokens: usize = unequal.iter().map(|(_, tokens)| tokens).sum();
    let (seconds, usage) = complete(model, tokenizer, together, &unequal)?;
    println!(
        "{}",
        json!({"row": "continuous", "seconds": seconds, "passes": usage.passes, "tokens": tokens})
    );
    let (mut seconds, mut passes) = (0.0, 0);
    for batch in unequal.chunks(TOGETHER) {
        let (took, usage) = complete(model, tokenizer, together, batch)?;
        (seconds, passes) = (seconds + took, passes + usage.passes);
    }
    println!("{}", json!({"row": "static", "seconds": seconds, "passes": passes, "tokens": tokens}));
    Ok(())
}

/// Completes texts by so many tokens each; seconds, and what was done.
fn complete<B: Backend>(
    model: &LanguageModel<B>,
    tokenizer: &Tokenizer,
    settings: EngineSettings,
    texts: &[(Vec<u32>, usize)],
) -> Result<(f64, Usage), Failure> {
    let start = Instant::now();
    let mut engine = Engine::new(model, tokenizer, settings)?;
    for (number, (ids, tokens)) in texts.iter().enumerate() {
        engine.submit(request(number, ids.clone(), *tokens))?;
    }
    while !engine.is_idle() {
        engine.step()?;
    }
    Ok((start.elapsed().as_secs_f64(), engine.usage()))
}

/// Greedy, and exactly so many tokens.
fn request(number: usize, ids: Vec<u32>, tokens: usize) -> Request<'static> {
    let settings = GenerateSettings { max_tokens: tokens, min_tokens: tokens, ..GenerateSettings::default() };
    Request { prompt: Prompt { key: number.to_string(), ids }, settings, tools: Tools::None }
}

/// Ids of no meaning; another `number` begins otherwise.
fn ids(number: usize, len: usize) -> Vec<u32> {
    (0..len as u32).map(|at| 100 + (at * 37 + number as u32 * 1009) % 40_000).collect()
}

/// What the machine and the device give at most, and what the model needs of it.
fn machine<B: Backend>(model: &LanguageModel<B>) -> Result<(), Failure> {
    let numbers = vec![1.0f32; 1 << 27];
    let mut bandwidth = 0f64;
    for _ in 0..5 {
        bandwidth = bandwidth.max(read_rate(&numbers));
    }
    drop(numbers);
    let shape = model.cache_shape();
    let hidden = model.forward(&TokenBatch::new(&[[1]]), &mut KvCache::new(shape, 1, 1, &model.device()));
    let [_, _, d_model] = hidden.dims();
    println!(
        "{}",
        json!({
            "row": "machine",
            "bandwidth": bandwidth,
            "flops": product_rate::<B>(&model.device())?,
            "weight_bytes": model.weight_bytes(),
            "head_bytes": 4 * model.vocab_size() * d_model,
            "cache_bytes_a_token": 2 * 4 * shape.n_layers * shape.n_kv_heads * shape.d_head,
        })
    );
    Ok(())
}

/// Bytes a second of reading memory once, by two threads.
fn read_rate(numbers: &[f32]) -> f64 {
    let sum = |part: &[f32]| {
        let mut sums = [0f32; 32];
        for numbers in part.chunks_exact(32) {
            sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
        }
        sums.iter().sum::<f32>()
    };
    let start = Instant::now();
    let (left, right) = numbers.split_at(numbers.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| sum(right));
        std::hint::black_box(sum(left));
        std::hint::black_box(other.join().unwrap_or(0.0));
    });
    size_of_val(numbers) as f64 / start.elapsed().as_secs_f64()
}

/// Operations a second of the product of two large matrices.
fn product_rate<B: Backend>(device: &B::Device) -> Result<f64, Failure> {
    const SIZE: usize = 1536;
    let random = || Tensor::<B, 2>::random([SIZE, SIZE], Distribution::Default, device);
    let (a, b) = (random(), random());
    let mut best = 0f64;
    for _ in 0..8 {
        let start = Instant::now();
        let product = a.clone().matmul(b.clone());
        sync::<B>(device)?;
        best = best.max(2.0 * (SIZE as f64).powi(3) / start.elapsed().as_secs_f64());
        drop(product);
    }
    Ok(best)
}
