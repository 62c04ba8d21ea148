//! Where the course of a training is written: `metrics.jsonl`, and event files for TensorBoard where asked for.

use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use toolformer::train::{Callback, Metric, MetricsFile, TensorboardFile, TrainError, Verdict};

/// The files in the folder of a run.
pub(crate) fn metrics_output(out: &Path, tensorboard: bool) -> Vec<Box<dyn Callback>> {
    let mut files: Vec<Box<dyn Callback>> = vec![Box::new(MetricsFile::new(&out.join("metrics.jsonl")))];
    if tensorboard {
        files.push(tensorboard_output(out));
    }
    files
}

/// The event files, in `tensorboard/` of the folder of a run.
pub(crate) fn tensorboard_output(out: &Path) -> Box<dyn Callback> {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "localhost".to_owned());
    Box::new(Events(TensorboardFile::new(&out.join("tensorboard"), &host)))
}

/// Event files whose clock is the machine's.
struct Events(TensorboardFile);

impl Callback for Events {
    fn on_metric(&mut self, metric: &Metric) -> Result<Verdict, TrainError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64());
        self.0.append(metric, now)?;
        Ok(Verdict::GoOn)
    }
}
