//! Where the course of a training is written: `metrics.jsonl`, and event files for TensorBoard where asked for.

use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use toolformer::train::{Callback, Metric, MetricsFile, TensorboardFile, TrainError, Verdict};

/// The files of a run.
pub(crate) struct MetricsOutput {
    lines: MetricsFile,
    events: Option<TensorboardFile>,
}

impl MetricsOutput {
    /// The files in the folder of a run; those for TensorBoard in `tensorboard/`.
    pub(crate) fn new(out: &Path, tensorboard: bool) -> Self {
        let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "localhost".to_owned());
        let events = tensorboard.then(|| TensorboardFile::new(&out.join("tensorboard"), &host));
        Self { lines: MetricsFile::new(&out.join("metrics.jsonl")), events }
    }
}

impl Callback for MetricsOutput {
    fn on_metric(&mut self, metric: &Metric) -> Result<Verdict, TrainError> {
        self.lines.append(metric)?;
        if let Some(events) = &mut self.events {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64());
            events.append(metric, now)?;
        }
        Ok(Verdict::GoOn)
    }
}
