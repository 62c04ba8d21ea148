//! What a report is made from.

use std::{fs, path::Path};

use crate::{
    candidate::Candidate,
    error::TrainError,
    jsonl_lines::JsonlLines,
    run_description::DescribedRun,
    stats::{Stats, Tally},
    texts::TextSource,
    trainer::Metric,
};

/// The numbers of a run, and what is known of how they came about.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportData {
    pub(super) stats: Stats,
    pub(super) run: Option<DescribedRun>,
    pub(super) metrics: Vec<Metric>,
    /// What is not there, a sentence each.
    pub(super) missing: Vec<String>,
}

impl ReportData {
    /// What a run folder holds. With `texts`, or where `stats.json` does not tell of each tool, `candidates.jsonl` is
    /// counted; a run that is not at its end is told of as far as it came.
    ///
    /// # Errors
    /// If the folder has neither file, or one of its files is damaged.
    pub fn of_run(folder: &Path, texts: Option<&dyn TextSource>) -> Result<Self, TrainError> {
        let file = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
        let mut missing = Vec::new();
        let stats: Option<Stats> = file("stats.json").map(|path| read_json(&path)).transpose()?;
        if stats.is_none() {
            missing.push("There is no stats.json: the run did not get through all texts.".to_owned());
        }
        let stats = match (stats, file("candidates.jsonl")) {
            (None, None) => return Err(TrainError::NothingToReport { path: folder.to_owned() }),
            (Some(stats), Some(candidates)) if texts.is_some() || stats.tools.is_empty() => {
                let counted = count(&candidates, texts)?;
                Stats { candidates: counted.candidates, tools: counted.tools, ..stats }
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
        Ok(Self { stats, run: run.flatten(), metrics, missing })
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
        Ok(Self { stats, run: None, metrics: Vec::new(), missing })
    }

    /// The threshold of a tool's calls, in nats, where it is known.
    pub(super) fn threshold(&self, tool: &str) -> Option<f64> {
        self.run.as_ref().map(|run| run.settings.filter_of_all().threshold(tool))
    }
}

fn read_json(path: &Path) -> Result<Stats, TrainError> {
    let text = fs::read_to_string(path).map_err(TrainError::read(path))?;
    serde_json::from_str(&text).map_err(|error| TrainError::Texts {
        path: path.to_owned(),
        line: error.line(),
        why: format!("is not what a run writes there: {error}"),
    })
}

fn count(candidates: &Path, texts: Option<&dyn TextSource>) -> Result<Stats, TrainError> {
    let mut tally = Tally::default();
    for candidate in JsonlLines::<Candidate>::open(candidates)?.of_unfinished_run() {
        tally.add(&candidate?);
    }
    let (candidates, tools) = tally.finish();
    let positions = tools.values().map(|tool| tool.positions).sum();
    let mut stats = Stats { candidates, tools, positions, ..Stats::default() };
    if let Some(texts) = texts {
        stats.texts = stats.quote(texts)?;
    }
    Ok(stats)
}
