//! Who is told of every step, and may end a run.

use std::path::Path;

use super::Metric;
use crate::{error::TrainError, observer::Unobserved};

/// Whether a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    GoOn,
    /// It ends after this step, with a checkpoint.
    Stop,
}

/// Is told of every step, evaluation and checkpoint of a run. A closure that takes a metric is one.
pub trait Callback {
    /// A step or an evaluation was measured. After a resume, what was done behind the last checkpoint comes again, equal.
    ///
    /// # Errors
    /// Whatever ends the run at once; what was done since the last checkpoint is then done again by the next one.
    fn on_metric(&mut self, metric: &Metric) -> Result<Verdict, TrainError>;

    /// A checkpoint is there whole.
    ///
    /// # Errors
    /// As [`Callback::on_metric`].
    fn on_checkpoint(&mut self, step: usize, folder: &Path) -> Result<(), TrainError> {
        let _ = (step, folder);
        Ok(())
    }
}

impl<F: FnMut(&Metric) -> Result<(), TrainError>> Callback for F {
    fn on_metric(&mut self, metric: &Metric) -> Result<Verdict, TrainError> {
        self(metric).map(|()| Verdict::GoOn)
    }
}

impl Callback for Unobserved {
    fn on_metric(&mut self, _: &Metric) -> Result<Verdict, TrainError> {
        Ok(Verdict::GoOn)
    }
}

/// All of them, in their order; one that says stop is enough.
impl Callback for Vec<Box<dyn Callback + '_>> {
    fn on_metric(&mut self, metric: &Metric) -> Result<Verdict, TrainError> {
        let mut verdict = Verdict::GoOn;
        for callback in self {
            if callback.on_metric(metric)? == Verdict::Stop {
                verdict = Verdict::Stop;
            }
        }
        Ok(verdict)
    }

    fn on_checkpoint(&mut self, step: usize, folder: &Path) -> Result<(), TrainError> {
        self.iter_mut().try_for_each(|callback| callback.on_checkpoint(step, folder))
    }
}
