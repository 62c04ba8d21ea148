//! What is asked for alike by all experiments under the paper's four conditions.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::Value;

use super::{Asked, FourConditions, HELD_OUT, TEXTS};
use crate::assets::WIKI;
use crate::experiment::wikipedia::evenly;
use crate::experiment::{Files, Runner, write_rows};
use crate::fetch;
use crate::quickstart::read_rows;

/// What is asked for alike by all experiments of this kind.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// SVAMP.json
    #[arg(long, value_name = "FILE")]
    svamp: PathBuf,
    /// Ask only the 200 problems of SVAMP that settings may be chosen by: `eval --limit 200` with this --seed
    #[arg(long)]
    tune: bool,
    /// Seed of the texts, of teaching and of the draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(in crate::experiment) seed: u64,
    /// How often: the taught model annotates the texts again
    #[arg(long, value_name = "N", default_value_t = 2)]
    rounds: usize,
    /// So many introductions of Wikipedia are among the texts. Then --plain-ratio is 1: of all texts that no call was kept for, the
    /// introductions mostly, as many are learnt as there are texts with calls
    #[arg(long, value_name = "N", default_value_t = 0)]
    general: usize,
    /// How many introductions of Wikipedia perplexity is measured on, and how many passages of the web
    #[arg(long, value_name = "N", default_value_t = 200)]
    held_out: usize,
    /// Options of training, both with calls and without, beside our own or instead of them, such as --full
    #[arg(last = true, value_name = "OPTION")]
    training: Vec<String>,
    #[command(flatten)]
    pub(in crate::experiment) runner: Runner,
}

/// How models are trained, unless told otherwise.
const TRAINING: &[(&str, &str)] = &[
    ("--batch", "16"),
    ("--epochs", "3"),
    ("--learning-rate", "5e-4"),
    ("--keep", "last"),
    ("--checkpoint-every", "20"),
];

/// Problems of SVAMP that settings may be chosen by.
const TUNED_ON: usize = 200;

/// The question about these alone.
pub(in crate::experiment) fn tuning(svamp: &Path) -> Result<Asked> {
    asked(svamp, Some(TUNED_ON))
}

fn asked(svamp: &Path, limit: Option<usize>) -> Result<Asked> {
    Ok(Asked { task: "svamp".to_owned(), data: Some(std::path::absolute(svamp)?), limit })
}

/// Options of training, and those of ours that they say nothing about.
pub(in crate::experiment) fn training(options: &[String]) -> Vec<String> {
    with_defaults(options, TRAINING)
}

impl Options {
    /// The question about SVAMP.
    pub(in crate::experiment) fn svamp(&self) -> Result<Asked> {
        if self.tune { tuning(&self.svamp) } else { asked(&self.svamp, None) }
    }

    /// Before hours of work, what would fail behind them.
    fn check(&self, introductions: usize) -> Result<()> {
        if self.held_out == 0 || self.general + self.held_out > introductions {
            bail!(
                "of {introductions} introductions {} are learnt and {} held out; hold out 1 or more, and no more than are left",
                self.general,
                self.held_out
            );
        }
        // Without calls nothing is held out to choose by, and both are to be trained alike.
        for option in ["--patience", "--keep"] {
            if self.training.iter().any(|given| given.split('=').next() == Some(option)) {
                bail!(
                    "{option} chooses by held-out texts, which training without calls has not; leave it out"
                );
            }
        }
        Ok(())
    }

    /// The experiment on texts, which `teach` learns from by options of sampling.
    pub(in crate::experiment) fn on<'a>(
        &self,
        files: &'a Files<'a>,
        mut texts: Vec<Value>,
        tools: &'a str,
        mut sampling: Vec<String>,
        asked: Vec<Asked>,
    ) -> Result<FourConditions<'a>> {
        let wiki = read_rows(&fetch::ensure(&WIKI)?)?;
        self.check(wiki.len())?;
        let (general, others) = introductions(&wiki, self.general);
        if !general.is_empty() {
            sampling.extend(words("--plain-ratio 1"));
        }
        texts.extend(general);
        write_rows(&files.file(TEXTS), &texts)?;
        write_rows(&files.file(HELD_OUT), &others)?;
        let training = training(&self.training);
        let (rounds, seed, held_out) = (self.rounds, self.seed, self.held_out);
        Ok(FourConditions { files, tools, sampling, training, rounds, seed, asked, held_out })
    }
}

/// `count` introductions that lie evenly over all, with ids of their own, and the others.
pub(in crate::experiment) fn introductions(all: &[Value], count: usize) -> (Vec<Value>, Vec<Value>) {
    let (mut taken, others) = evenly(all, count);
    for row in &mut taken {
        row["id"] = format!("wikipedia-{}", row["id"]).into();
    }
    (taken, others)
}

/// Options, and those of our own that they say nothing about.
fn with_defaults(options: &[String], defaults: &[(&str, &str)]) -> Vec<String> {
    let is_said =
        |name: &str| options.iter().any(|option| option.split('=').next().is_some_and(|said| said == name));
    let left = defaults.iter().filter(|(name, _)| !is_said(name));
    left.flat_map(|(name, value)| [*name, *value]).map(str::to_owned).chain(options.iter().cloned()).collect()
}

/// Options of a command, which are written with blanks between them.
pub(in crate::experiment) fn words(options: &str) -> Vec<String> {
    options.split(' ').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_would_fail_behind_hours_is_refused_at_once() {
        #[derive(clap::Parser)]
        struct Given {
            #[command(flatten)]
            options: Options,
        }
        let check = |more: &str| {
            let given = words(&format!("x --svamp s.json {more}"));
            <Given as clap::Parser>::parse_from(given).options.check(1_000)
        };
        assert!(check("--general 800").is_ok());
        assert!(check("--general 801").is_err() && check("--held-out 0").is_err());
        assert!(check("-- --keep=best").is_err() && check("-- --patience 3").is_err());
        assert!(check("-- --full").is_ok());
    }

    #[test]
    fn options_that_are_given_take_the_place_of_ours() {
        let given = |options: &str| with_defaults(&words(options), &[("--epochs", "3"), ("--batch", "16")]);
        assert_eq!(given("--full"), words("--epochs 3 --batch 16 --full"));
        assert_eq!(given("--batch 4 --full"), words("--epochs 3 --batch 4 --full"));
        assert_eq!(given("--batch=4 --epochs=1"), words("--batch=4 --epochs=1"));
    }

    #[test]
    fn perplexity_is_measured_on_introductions_that_are_not_learnt() {
        let all: Vec<Value> = (0..10).map(|n| json!({"title": n, "text": format!("text {n}")})).collect();
        let (taken, others) = introductions(&all, 4);
        let texts: HashSet<&str> = others.iter().map(|row| row["text"].as_str().unwrap()).collect();
        assert_eq!((taken.len(), texts.len()), (4, 6));
        assert!(taken.iter().all(|row| !texts.contains(row["text"].as_str().unwrap())));
        assert!(taken.iter().all(|row| row["id"].as_str().unwrap().starts_with("wikipedia-")));
        assert_eq!(introductions(&all, 0), (Vec::new(), all));
    }
}
