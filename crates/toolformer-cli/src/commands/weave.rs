//! `toolformer weave`

use std::path::PathBuf;

use anyhow::Result;
use toolformer::{
    text::Syntax,
    train::{
        Candidate, JsonlLines, TextFile, TextSource as _, TrainError, WeavePlan, WeaveSettings, Weaver,
        write_woven,
    },
};

use crate::{
    failure::wrong_usage,
    output::{print_json, say},
    settings_args::SettingsArgs,
    weave_args::WeaveArgs,
};

/// Weave the calls that were kept into their texts
///
/// The third step of `teach`. Texts without a kept call are left out, unless --plain-ratio asks for some. Every byte of a
/// text that is not of a call stays as it was. Candidates have to be in the order of the texts, as `annotate` and `filter`
/// write them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer weave --texts texts.jsonl --candidates f.jsonl --out train.jsonl
  toolformer weave --texts texts.jsonl --candidates f.jsonl --out train.jsonl --plain-ratio 0.5 --json
  toolformer weave --texts texts.jsonl --candidates f.jsonl --out strict.jsonl --tau-f 2

With --json: {\"texts\":2, \"plain\":1, \"calls\":3, \"by_tool\":{\"Calculator\":3}}

Then: toolformer finetune --model SmolLM2.gguf --data train.jsonl --out runs/tuned")]
pub(crate) struct Args {
    /// The texts that the candidates were sampled for
    #[arg(long, value_name = "FILE")]
    texts: PathBuf,
    /// The candidates with their verdicts, as `filter` writes them
    #[arg(long, value_name = "FILE")]
    candidates: PathBuf,
    /// The texts with their calls, as JSONL
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Keep the calls that gain at least so much, in nats, by the losses that `filter` wrote: one threshold for all tools, their
    /// own ones and their costs left aside [default: the verdicts of `filter`]
    #[arg(long, value_name = "NATS", allow_negative_numbers = true)]
    tau_f: Option<f64>,
    /// Seed of the draw among texts without calls
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write the counts as one JSON object to standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    weave: WeaveArgs,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.tau_f.is_some_and(|tau_f| !tau_f.is_finite()) {
        return Err(wrong_usage("--tau-f is a number of nats"));
    }
    let candidates = || {
        JsonlLines::<Candidate>::open(&args.candidates)
            .map(|all| all.map(|candidate| args.judged(candidate?)))
    };
    let file = args.settings.read_for(candidates()?)?;
    let settings = WeaveSettings {
        max_examples: file.map(|file| file.max_examples()).unwrap_or_default(),
        plain_ratio: args.weave.plain_ratio,
        seed: args.seed,
    };
    let texts = TextFile::open(&args.texts)?;
    let inputs = || Ok((texts.texts()?, candidates()?));
    let plan = WeavePlan::new(&settings, inputs)?;
    let (to_weave, candidates) = inputs()?;
    let stats = write_woven(&args.out, Weaver::new(to_weave, candidates, &Syntax::default(), plan))?;
    let beside = match stats.plain {
        0 => String::new(),
        plain => format!("; {plain} texts without calls beside them"),
    };
    say(&format!("{} calls woven into {} texts{beside}", stats.calls, stats.texts));
    if args.json { print_json(&stats) } else { Ok(()) }
}

impl Args {
    /// A candidate with the verdict that counts.
    fn judged(&self, mut candidate: Candidate) -> Result<Candidate, TrainError> {
        let (Some(tau_f), Some(kept)) = (self.tau_f, candidate.kept) else { return Ok(candidate) };
        if kept && candidate.losses.is_none() {
            let why = "was kept, but says no losses to judge it by; leave --tau-f out".into();
            return Err(TrainError::Candidate { text_id: candidate.text_id, why });
        }
        candidate.judge(candidate.losses, tau_f);
        Ok(candidate)
    }
}
