//! What decides whether a model learns: the threshold, the texts, how it is trained, how it decodes.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::four_conditions::{
    Asked, HELD_OUT, TEXTS, ask, introductions, read_json, training, tuning, with_bounds, without_calls,
    words,
};
use super::wikipedia::evenly;
use super::{Files, Runner, timed, write_rows};
use crate::assets::WEB;
use crate::fetch;
use crate::process;
use crate::quickstart::read_rows;

/// Learn otherwise from the calls that `experiment svamp` found, and ask SVAMP's 200 problems for tuning
///
/// The calls are those of its first round, with the losses that the filter took, so that another threshold costs no further
/// annotating. Each setting but the first changes one thing, the ones with all weights their rate too. Prints for each how many
/// examples were learnt, how many problems are right, and what perplexity is with calls disabled, on introductions of Wikipedia
/// that were not learnt and on passages of the web.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of `experiment svamp`
    #[arg(long, value_name = "DIR", default_value = "runs/svamp")]
    run: PathBuf,
    /// SVAMP.json
    #[arg(long, value_name = "FILE")]
    svamp: PathBuf,
    /// Only this one; can be given several times [default: all]
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(SETTINGS.map(|setting| setting.name)))]
    only: Vec<String>,
    /// How many introductions of Wikipedia perplexity is measured on, and how many passages of the web
    #[arg(long, value_name = "N", default_value_t = 100)]
    held_out: usize,
    /// Seed of training and of the draws: that of `experiment svamp`
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Where all of it goes
    #[arg(long, value_name = "DIR", default_value = "runs/settings")]
    out: PathBuf,
    #[command(flatten)]
    runner: Runner,
}

/// One way to learn from what was found, and to ask.
struct Setting {
    name: &'static str,
    learnt: Learnt,
    /// Options of `finetune`, instead of the experiment's or beside them.
    training: &'static str,
    /// Options of `eval`.
    decoding: &'static str,
}

/// What is learnt.
#[derive(Clone, Copy)]
enum Learnt {
    /// The calls that gain so much, in nats, woven into their texts.
    Calls { tau_f: &'static str },
    /// The texts of those that gain 0.5, without the calls ("+ CC").
    SameTexts,
    /// Every second text with a call that gains 0.5.
    Half,
    /// The calls that gain 0.5, and as many texts without a call, of introductions of Wikipedia mostly.
    General,
    /// The same texts, without the calls.
    GeneralSameTexts,
    /// Nothing: the model of the experiment's setting is asked.
    Before,
    /// Nothing: the model is asked as it was.
    Plain,
}

/// Introductions of Wikipedia among which texts without a call are drawn.
const GENERAL: usize = 900;

const AS_IT_WAS: &str = "--mask-responses";
const CALLS: Learnt = Learnt::Calls { tau_f: "0.5" };

/// The first is the experiment's own; each other changes one thing.
const SETTINGS: [Setting; 16] = [
    Setting { name: "experiment", learnt: CALLS, training: AS_IT_WAS, decoding: "" },
    Setting { name: "plain", learnt: Learnt::Plain, training: "", decoding: "" },
    Setting { name: "constrained", learnt: Learnt::Before, training: "", decoding: "--constrain" },
    Setting { name: "start-top-k-1", learnt: Learnt::Before, training: "", decoding: "--start-top-k 1" },
    Setting { name: "same-texts", learnt: Learnt::SameTexts, training: "", decoding: "" },
    Setting {
        name: "tau_f-0.25",
        learnt: Learnt::Calls { tau_f: "0.25" },
        training: AS_IT_WAS,
        decoding: "",
    },
    Setting {
        name: "tau_f-0.75",
        learnt: Learnt::Calls { tau_f: "0.75" },
        training: AS_IT_WAS,
        decoding: "",
    },
    Setting { name: "tau_f-1", learnt: Learnt::Calls { tau_f: "1" }, training: AS_IT_WAS, decoding: "" },
    Setting { name: "results-learnt", learnt: CALLS, training: "", decoding: "" },
    Setting {
        name: "rate-1e-4",
        learnt: CALLS,
        training: "--mask-responses --learning-rate 1e-4",
        decoding: "",
    },
    Setting { name: "epochs-1", learnt: CALLS, training: "--mask-responses --epochs 1", decoding: "" },
    Setting { name: "general-texts", learnt: Learnt::General, training: AS_IT_WAS, decoding: "" },
    Setting {
        name: "general-texts-same-texts",
        learnt: Learnt::GeneralSameTexts,
        training: "",
        decoding: "",
    },
    Setting { name: "half-of-texts", learnt: Learnt::Half, training: AS_IT_WAS, decoding: "" },
    Setting {
        name: "all-weights-at-5e-5",
        learnt: CALLS,
        training: "--mask-responses --full --learning-rate 5e-5",
        decoding: "",
    },
    Setting {
        name: "all-weights-at-5e-5-same-texts",
        learnt: Learnt::SameTexts,
        training: "--full --learning-rate 5e-5",
        decoding: "",
    },
];

pub(super) fn run(args: &Args) -> Result<()> {
    let out = process::root().join(&args.out);
    let files = args.runner.files(&out)?;
    let run = Found::in_folder(&process::root().join(&args.run))?;
    let svamp = tuning(&args.svamp)?;
    let (general, others) = introductions(&read_rows(&run.held_out)?, GENERAL);
    write_rows(&files.file(HELD_OUT), &others)?;
    let with_general = [read_rows(&run.texts)?, general].concat();
    write_rows(&files.file(TEXTS), &with_general)?;
    let measured = [("wikipedia", files.file(HELD_OUT)), ("web", fetch::ensure(&WEB)?)];
    println!(
        "{:<32}{:>8}{:>22}{:>24}{:>24}",
        "setting", "learnt", "SVAMP, % right", "perplexity: Wikipedia", "web"
    );
    for setting in SETTINGS
        .iter()
        .filter(|setting| args.only.is_empty() || args.only.iter().any(|name| name == setting.name))
    {
        let learnt = setting.learn(&files, &run, args.seed)?;
        let found = |name: &str| files.file(&format!("{}/{name}", setting.name));
        let mut command = ask(&files, &svamp, args.seed, &learnt.model);
        if setting.has_calls() {
            command.args(["--tools", "calculator"]);
        } else {
            command.args(["--condition", setting.condition()]);
        }
        if !setting.decoding.is_empty() {
            command.args(words(setting.decoding));
        }
        timed(command.arg("--out").arg(found("svamp")))?;
        let right = interval(&found("svamp"), "accuracy", 100.0)?;
        // How it decodes changes nothing there.
        let mut perplexities = String::new();
        for (name, data) in &measured {
            if matches!(setting.learnt, Learnt::Before) {
                continue;
            }
            let texts =
                Asked { task: "texts".to_owned(), data: Some(data.clone()), limit: Some(args.held_out) };
            let mut command = ask(&files, &texts, args.seed, &learnt.model);
            timed(command.args(["--condition", setting.condition()]).arg("--out").arg(found(name)))?;
            perplexities.push_str(&format!("{:>24}", interval(&found(name), "perplexity", 1.0)?));
        }
        println!("{:<32}{:>8}{right:>22}{perplexities}", setting.name, learnt.examples);
    }
    println!("All of it is in {}.", out.display());
    Ok(())
}

/// What `experiment svamp` left.
struct Found {
    texts: PathBuf,
    candidates: PathBuf,
    held_out: PathBuf,
}

impl Found {
    fn in_folder(run: &Path) -> Result<Self> {
        let first = ["taught/round-1", "taught"].map(|round| run.join(round).join("candidates.jsonl"));
        let candidates = first.into_iter().find(|file| file.exists()).with_context(|| {
            format!(
                "no candidates in {}: run `cargo xtask experiment svamp` first, or name its folder by --run",
                run.display()
            )
        })?;
        let found = Self { texts: run.join(TEXTS), candidates, held_out: run.join(HELD_OUT) };
        for file in [&found.texts, &found.held_out] {
            if !file.exists() {
                bail!("{} is not there: run `cargo xtask experiment svamp` again", file.display());
            }
        }
        Ok(found)
    }
}

/// A trained model.
struct Trained {
    model: PathBuf,
    examples: usize,
}

impl Setting {
    const fn has_calls(&self) -> bool {
        !matches!(self.learnt, Learnt::SameTexts | Learnt::GeneralSameTexts | Learnt::Plain)
    }

    /// What the model is called that makes no calls.
    const fn condition(&self) -> &'static str {
        match self.learnt {
            Learnt::Plain => "plain",
            Learnt::SameTexts | Learnt::GeneralSameTexts => "plain-finetuned",
            _ => "toolformer-disabled",
        }
    }

    /// Weaves and trains, unless that is done.
    fn learn(&self, files: &Files<'_>, run: &Found, seed: u64) -> Result<Trained> {
        let tau_f = match self.learnt {
            Learnt::Before => return SETTINGS[0].learn(files, run, seed),
            Learnt::Plain => return Ok(Trained { model: files.model.clone(), examples: 0 }),
            Learnt::Calls { tau_f } => tau_f,
            _ => "0.5",
        };
        let folder = files.file(self.name);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut examples = folder.join("woven.jsonl");
        let mut weave = files.command("weave");
        let is_general = matches!(self.learnt, Learnt::General | Learnt::GeneralSameTexts);
        let texts = if is_general { files.file(TEXTS) } else { run.texts.clone() };
        weave.arg("--texts").arg(&texts).arg("--candidates").arg(&run.candidates);
        if is_general {
            weave.args(["--plain-ratio", "1"]);
        }
        timed(weave.args(["--tau-f", tau_f, "--seed", &seed.to_string()]).arg("--out").arg(&examples))?;
        if !self.has_calls() {
            let same = without_calls(&read_rows(&texts)?, &read_rows(&examples)?)?;
            examples = folder.join("without-calls.jsonl");
            write_rows(&examples, &same)?;
        }
        if matches!(self.learnt, Learnt::Half) {
            let all = read_rows(&examples)?;
            let (half, _) = evenly(&all, all.len() / 2);
            examples = folder.join("half.jsonl");
            write_rows(&examples, &half)?;
        }
        let mut finetune = files.command("finetune");
        finetune.arg("--model").arg(&files.model).arg("--data").arg(&examples);
        let given = if self.training.is_empty() { Vec::new() } else { words(self.training) };
        finetune.args(training(&given)).args(["--seed", &seed.to_string()]);
        let trained = folder.join("trained");
        timed(finetune.arg("--out").arg(&trained))?;
        Ok(Trained { model: trained.join("model"), examples: read_rows(&examples)?.len() })
    }
}

/// A figure of a run with its interval.
fn interval(run: &Path, metric: &str, factor: f64) -> Result<String> {
    let found = &read_json(&run.join("summary.json"))?["metrics"][metric];
    let [value, low, high] = with_bounds(found, factor);
    Ok(format!("{value:.2} ({low:.2}-{high:.2})"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_setting_has_a_folder_of_its_own_and_the_first_is_trained() {
        let names: HashSet<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
        assert_eq!(names.len(), SETTINGS.len());
        assert!(matches!(SETTINGS[0].learnt, Learnt::Calls { tau_f: "0.5" }));
    }

    #[test]
    fn what_is_missing_is_said_before_hours_of_work() {
        let folder = tempfile::tempdir().unwrap();
        let error = |folder: &Path| Found::in_folder(folder).err().unwrap().to_string();
        assert!(error(folder.path()).contains("run `cargo xtask experiment svamp` first"));
        std::fs::create_dir(folder.path().join("taught")).unwrap();
        std::fs::write(folder.path().join("taught/candidates.jsonl"), "").unwrap();
        assert!(error(folder.path()).contains(TEXTS));
        for name in [TEXTS, HELD_OUT] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert!(Found::in_folder(folder.path()).unwrap().candidates.ends_with("taught/candidates.jsonl"));
    }
}
