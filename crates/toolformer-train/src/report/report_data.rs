//! What a report is made from.

use std::{fs, path::Path};

use serde::de::DeserializeOwned;

use crate::{
    candidate::Candidate,
    error::TrainError,
    jsonl_lines::JsonlLines,
    rounds::{ROUNDS, RoundStats},
    run_description::DescribedRun,
    stats::{Stats, Tally},
    texts::TextSource,
    training::Metric,
};

/// The numbers of a run, and what is known of how they came about.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportData {
    pub(super) stats: Stats,
    pub(super) run: Option<DescribedRun>,
    pub(super) metrics: Vec<Metric>,
    /// The rounds, where there were several; the rest is of the last.
    pub(super) rounds: Vec<RoundStats>,
    /// What is not there, a sentence each.
    pub(super) missing: Vec<String>,
}

impl ReportData {
    /// What a run folder holds. With `texts`, or where `stats.json` does not tell of each tool, `candidates.jsonl` is
    /// counted; a run that is not at its end is told of as far as it came. Of a folder of several rounds the last that ended is
    /// told of, and what all did.
    ///
    /// # Errors
    /// If the folder has neither file, or one of its files is damaged.
    pub fn of_run(folder: &Path, texts: Option<&dyn TextSource>) -> Result<Self, TrainError> {
        let file = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
        if let Some(path) = file(ROUNDS) {
            let rounds: Vec<RoundStats> = read_json(&path)?;
            if let Some(last) = rounds.last() {
                let of_last = Self::of_run(&folder.join(&last.folder), texts)?;
                return Ok(Self { rounds, ..of_last });
            }
        }
        let mut missing = Vec::new();
        let stats: Option<Stats> = file("stats.json").map(|path| read_json(&path)).transpose()?;
        if stats.is_none() {
            missing.push("There is no stats.json: the run did not get through all texts.".to_owned());
        }
        let stats = match (stats, file("candidates.jsonl")) {
            (None, None) => return Err(TrainError::NothingToReport { path: folder.to_owned() }),
            (Some(stats), Some(candidates)) if texts.is_some() || stats.tools.is_empty() => {
                let counted = count(&candidates, texts)?;
                let mut counted =
                    Stats { candidates: counted.candidates, tools: counted.tools, ..stats.clone() };
                for (name, tool) in &mut counted.tools {
                    tool.threshold = stats.tools.get(name).and_then(|told| told.threshold);
                }
                counted
            }
            (Some(stats), _) => stats,
            (None, Some(candidates)) => count(&candidates, texts)?,
        };
        let metrics = match file("metrics.jsonl") {
            Some(path) => JsonlLines::open(&path)?.of_unfinished_run().collect::<Result<Vec<Metric>, _>>()?,
            None => {
                missing.push("There is no metrics.jsonl: no model was trained.".to_owned());
                Vec::new()
            }
        };
        let run = file("run.toml").map(|path| {
            fs::read_to_string(path).ok().and_then(|text| toml::from_str::<DescribedRun>(&text).ok())
        });
        if run.is_none() {
            missing
                .push("There is no run.toml, which would say with what settings this was made.".to_owned());
        } else if run == Some(None) {
            missing.push("The run.toml is not as this version of the program writes it.".to_owned());
        }
        Ok(Self { stats, run: run.flatten(), metrics, rounds: Vec::new(), missing })
    }

    /// What a file of candidates holds, as annotating or filtering wrote it.
    ///
    /// # Errors
    /// If it cannot be read or a line is no candidate.
    pub fn of_candidates(candidates: &Path, texts: Option<&dyn TextSource>) -> Result<Self, TrainError> {
        let stats = count(candidates, texts)?;
        let mut missing =
            vec!["Made from a file of candidates: settings, times and training are not known.".to_owned()];
        if texts.is_none() {
            missing.push("Without the texts, calls are shown without what stands around them.".to_owned());
        }
        Ok(Self { stats, run: None, metrics: Vec::new(), rounds: Vec::new(), missing })
    }

    /// The threshold of a tool's calls, in nats, where it is known.
    pub(super) fn threshold(&self, tool: &str) -> Option<f64> {
        let of_run = self.run.as_ref().map(|run| run.settings.filter_of_all().threshold(tool));
        of_run.or_else(|| self.stats.tools.get(tool)?.threshold)
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, TrainError> {
    let text = fs::read_to_string(path).map_err(TrainError::read(path))?;
    serde_json::from_str(&text).map_err(|error| TrainError::Texts {
        path: path.to_owned(),
        line: error.line(),
        why: format!("is not what a run writes there: {error}"),
    })
}

fn count(candidates: &Path, texts: Option<&dyn TextSource>) -> Result<Stats, TrainError> {
    let tally = Tally::of(JsonlLines::<Candidate>::open(candidates)?.of_unfinished_run())?;
    let (candidates, tools) = tally.finish();
    let positions = tools.values().map(|tool| tool.positions).sum();
    let mut stats = Stats { candidates, tools, positions, ..Stats::default() };
    if let Some(texts) = texts {
        stats.texts = stats.quote(texts)?;
    }
    Ok(stats)
}
