//! `toolformer models show`

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use indicatif::DecimalBytes;
use serde::Serialize;
use toolformer::{
    device::{DEVICE_KINDS, Device},
    model::{HubError, ModelSummary, Precision, TokenizerSummary},
};

use super::at_revision;
use crate::{
    failure::wrong_usage,
    hub_environment::hub,
    model_path::as_hub_id,
    output::{print_json, print_text, shown as shown_text},
    pull_progress::PullProgress,
};

/// Tokens that the cache's memory is given for.
const TOKENS: u64 = 1000;

/// Show what a model is: its sizes, its tokenizer, and the memory that it needs
///
/// Of a model on a hub that is not in the cache only the config, the tokenizer and the headers of the weights are
/// fetched. The memory is that of weights and cache; computing takes some more.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer models show SmolLM2-135M-Instruct.Q4_1.gguf
  toolformer models show runs/calc/model --json
  toolformer models show HuggingFaceTB/SmolLM2-135M-Instruct

With --json: {\"architecture\":.., \"parameters\":.., \"n_layers\":.., .., \"stored\":{\"BF16\":numbers},
\"tokenizer\":{..}, \"devices\":[{\"name\":.., \"problem\":.., \"free_memory\":bytes, \"precisions\":[
{\"precision\":.., \"available\":.., \"weights\":bytes, \"cache_per_1000_tokens\":bytes, \"fits\":..},
..]},..]}; what is not known is null.")]
pub(super) struct Args {
    /// A folder, a .gguf file, or a hub id
    #[arg(value_name = "PATH|ID")]
    model: PathBuf,
    /// A branch, a tag or a commit of a hub's model [default: main]
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,
    /// Do not use the network: only what is in the cache
    #[arg(long)]
    offline: bool,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
}

/// What is written.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    summary: ModelSummary,
    devices: Vec<Place>,
}

/// A device of this build, and what the model takes there.
#[derive(Debug, Serialize)]
struct Place {
    name: &'static str,
    /// Why it does not work here.
    problem: Option<String>,
    /// Bytes, where they are known.
    free_memory: Option<u64>,
    precisions: Vec<Need>,
}

/// Bytes that a model needs on a device at a precision.
#[derive(Debug, Serialize)]
struct Need {
    precision: &'static str,
    /// Whether the device has the precision.
    available: bool,
    weights: Option<u64>,
    cache_per_1000_tokens: u64,
    /// Whether there is room for both.
    fits: Option<bool>,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let summary = summary(args)?;
    let built = DEVICE_KINDS.iter().filter(|kind| kind.missing.is_none());
    let devices = built.map(|kind| place(kind.name, &summary)).collect();
    let shown = Shown { summary, devices };
    if args.json { print_json(&shown) } else { print_text(&text(&shown)) }
}

fn place(name: &'static str, summary: &ModelSummary) -> Place {
    let device = match name.parse::<Device>().and_then(|device| device.check().map(|()| device)) {
        Ok(device) => device,
        Err(error) => {
            let problem = Some(error.to_string());
            return Place { name, problem, free_memory: None, precisions: Vec::new() };
        }
    };
    let free_memory = free_memory(name);
    let need = |precision: &Precision| {
        let weights = summary.memory(device.takes(*precision));
        let cache_per_1000_tokens = summary.cache_memory(TOKENS, *precision);
        let all = weights.map(|weights| weights.saturating_add(cache_per_1000_tokens));
        Need {
            precision: precision.name(),
            available: device.has(*precision),
            weights,
            cache_per_1000_tokens,
            fits: all.zip(free_memory).map(|(all, free)| all <= free),
        }
    };
    // Classifiers are opened in single precision alone.
    let precisions = if summary.labels.is_some() { &Precision::ALL[..1] } else { &Precision::ALL[..] };
    Place { name, problem: None, free_memory, precisions: precisions.iter().map(need).collect() }
}

fn summary(args: &Args) -> Result<ModelSummary> {
    let Some(model) = as_hub_id(&args.model) else {
        if args.revision.is_some() {
            return Err(wrong_usage("--revision is for a model on a hub, and this is a path"));
        }
        return Ok(ModelSummary::read(&args.model)?);
    };
    let model = at_revision(model, args.revision.as_deref())?;
    let hub = hub(args.offline)?;
    match hub.cached(&model) {
        Ok(path) => return Ok(ModelSummary::read(&path)?),
        Err(error @ HubError::NotCached { offline: true, .. }) => return Err(error.into()),
        // What is wrong with the name or with what is there is told by the hub, if it can be asked.
        Err(_) => {}
    }
    let folder = tempfile::tempdir().context("cannot make a folder for the model's headers")?;
    let mut progress = PullProgress::new();
    let path = hub.headers(&model, folder.path(), &mut |event| progress.show(event));
    progress.end();
    Ok(ModelSummary::read_fetched(&path?)?)
}

/// Free memory of a device, bytes, where it can be known.
fn free_memory(device: &str) -> Option<u64> {
    if !matches!(device, "cpu" | "tch") {
        return None;
    }
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn text(shown: &Shown) -> String {
    let Shown { summary, devices } = shown;
    let sizes = &summary.sizes;
    let n = |n: usize| thousands(n as u64);
    let size = |bytes: u64| DecimalBytes(bytes).to_string();
    let mut out = String::new();
    let mut line = |name: &str, text: String| out.push_str(&format!("{name:<14} {text}\n"));
    line("architecture", summary.architecture.clone());
    line("parameters", summary.parameters.map_or("not known before it is pulled".to_owned(), thousands));
    line("context", format!("{} tokens", n(sizes.max_positions)));
    line("vocabulary", format!("{} ids", n(sizes.vocab_size)));
    line(
        "blocks",
        format!("{} of width {}, feed-forward {}", n(sizes.n_layers), n(sizes.d_model), n(sizes.d_ff)),
    );
    line(
        "attention",
        format!(
            "{} heads of width {}, {} for keys and values",
            n(sizes.n_heads),
            n(sizes.d_head),
            n(sizes.n_kv_heads)
        ),
    );
    line("head", head(summary));
    let formats: Vec<&str> = summary.stored.keys().map(String::as_str).collect();
    line("weights", format!("{} {}", size(summary.weight_bytes), formats.join(", ")).trim_end().to_owned());
    let problem = |why: &String| format!("not readable ({})", shown_text(why));
    let tokenizer = summary.tokenizer.as_ref().map(tokenizer);
    let tokenizer = tokenizer.or_else(|| summary.tokenizer_problem.as_ref().map(problem));
    line("tokenizer", tokenizer.unwrap_or_else(|| "none".to_owned()));
    for device in devices {
        out.push_str(&table(device));
    }
    out
}

/// What the model takes on a device.
fn table(device: &Place) -> String {
    let name = device.name;
    if let Some(problem) = &device.problem {
        return format!("\n{name:<14} {problem}\n");
    }
    let free = device.free_memory.map(|bytes| format!("{} free", DecimalBytes(bytes)));
    let free = free.unwrap_or_else(|| "free memory not known".to_owned());
    let mut out =
        format!("\n{name:<14} {free}\n{:<14} {:>12} {:>24}\n", "", "weights", "cache of 1,000 tokens");
    for need in &device.precisions {
        let precision = need.precision;
        if !need.available {
            out.push_str(&format!("  {precision:<12} {:>12}\n", "not there"));
            continue;
        }
        let weights = need.weights.map_or("-".to_owned(), |bytes| DecimalBytes(bytes).to_string());
        let cache = DecimalBytes(need.cache_per_1000_tokens).to_string();
        let room = if need.fits == Some(false) { "  too much" } else { "" };
        out.push_str(&format!("  {precision:<12} {weights:>12} {cache:>24}{room}\n"));
    }
    out
}

fn head(summary: &ModelSummary) -> String {
    match &summary.labels {
        Some(labels) => {
            let names: Vec<String> = labels.iter().map(|label| shown_text(label)).collect();
            format!("classifies texts: {}", names.join(", "))
        }
        None if summary.sizes.tied => "the embedding".to_owned(),
        None => "its own".to_owned(),
    }
}

/// `BPE, 49,152 tokens; begins with <|im_start|>, ends with <|im_end|>; chat template`
fn tokenizer(of: &TokenizerSummary) -> String {
    let mut text = format!("{}, {} tokens", of.kind, thousands(of.vocab_size as u64));
    let roles = [("bos", &of.bos), ("eos", &of.eos), ("unk", &of.unk), ("pad", &of.pad)];
    for (role, token) in roles {
        if let Some(token) = token {
            text.push_str(&format!(", {role} {}", shown_text(token)));
        }
    }
    text.push_str(if of.chat_template { ", a chat template" } else { ", no chat template" });
    text
}

/// `134,515,008`
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 134_515_008].map(thousands), ["0", "999", "1,000", "134,515,008"]);
    }
}
