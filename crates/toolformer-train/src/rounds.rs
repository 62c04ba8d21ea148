//! Several rounds: the taught model annotates the same texts again, and is taught again with what it finds (section 7 of the
//! paper suggests it for tools of which few calls are found).

use std::{
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};
use toolformer_model::{Pretrained, model_checksum};

use crate::{
    error::TrainError,
    observer::Observer,
    report::{ReportData, write_report},
    stats::{CandidateStats, PerplexityStats, Stats, TrainStats},
    teach::{Taught, TeachJob, teach},
    teach_settings::TeachSettings,
    whole_file::write_whole,
};

/// The file that tells of all rounds.
pub(crate) const ROUNDS: &str = "rounds.json";

/// What a round did, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundStats {
    /// Its number, from 1.
    pub round: usize,
    /// Its run folder, with all the rest, from the folder of all rounds.
    pub folder: PathBuf,
    /// Counts of candidates.
    pub candidates: CandidateStats,
    /// Held-out perplexity.
    pub perplexity: Option<PerplexityStats>,
    /// Training.
    pub train: Option<TrainStats>,
}

impl RoundStats {
    fn new(round: usize, folder: &str, stats: &Stats) -> Self {
        let Stats { candidates, perplexity, train, .. } = stats.clone();
        Self { round, folder: folder.into(), candidates, perplexity, train }
    }
}

/// Teaches a model as [`teach`] does, `rounds` times, each from the model of the round before. One round is `teach` into `out`;
/// of several, each has a run folder `round-1/`, `round-2/`, ... in it, and `rounds.json` and `report.html` tell of all. The same
/// call again goes on where it stopped, and so does one with more rounds where there were at least two.
///
/// # Errors
/// As [`teach`]; a round that keeps no call ends all.
pub fn teach_rounds<B: Backend>(
    pretrained: Pretrained<B>,
    job: &TeachJob<'_>,
    settings: &TeachSettings,
    rounds: NonZeroUsize,
    out: &Path,
    observer: &mut dyn Observer,
) -> Result<(Taught<B>, Vec<RoundStats>), TrainError> {
    if rounds == NonZeroUsize::MIN {
        let taught = teach(pretrained, job, settings, out, observer)?;
        let done = vec![RoundStats::new(1, ".", &taught.stats)];
        return Ok((taught, done));
    }
    let Pretrained { config, tokenizer, generation, .. } = &pretrained;
    let (config, tokenizer, generation) = (config.clone(), tokenizer.clone(), generation.clone());
    let name = |round: usize| format!("round-{round}");
    let of_round = |round: usize| out.join(name(round));
    let told = fs::read(out.join(ROUNDS)).ok();
    let told = told.and_then(|bytes| serde_json::from_slice::<Vec<RoundStats>>(&bytes).ok());
    let told = told.map_or(0, |told| told.len().min(rounds.get()));
    // A round that was not begun is no reason not to go on.
    let mut later = settings.clone();
    later.finetune.resume = false;
    let mut done = Vec::new();
    let mut taught = teach(pretrained, job, settings, &of_round(1), observer)?;
    for round in 1..=rounds.get() {
        if round > 1 {
            let model = of_round(round - 1).join("model");
            let (name, checksum) = (model.to_string_lossy(), model_checksum(&model)?);
            let job = TeachJob { model_name: &name, model_checksum: &checksum, ..*job };
            let (config, tokenizer, generation) = (config.clone(), tokenizer.clone(), generation.clone());
            let pretrained = Pretrained { model: taught.model, config, tokenizer, generation };
            taught = teach(pretrained, &job, &later, &of_round(round), observer)?;
        }
        done.push(RoundStats::new(round, &name(round), &taught.stats));
        // What an earlier run told of later rounds stays until these have come again.
        if round < told {
            continue;
        }
        write_whole(&out.join(ROUNDS), |file| Ok(serde_json::to_writer_pretty(file, &done)?))?;
        write_report(&ReportData::of_run(out, None)?, &out.join("report.html"))?;
    }
    Ok((taught, done))
}
