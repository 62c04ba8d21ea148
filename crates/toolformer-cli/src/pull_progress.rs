//! How a model comes: a bar on a terminal, only what matters elsewhere.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use toolformer::model::PullEvent;

use crate::output::{say, shown};

/// Shows what comes.
pub(crate) struct PullProgress(Option<ProgressBar>);

impl PullProgress {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            let template = "{msg:>24.24} [{bar:30}] {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar
        });
        Self(bar)
    }

    pub(crate) fn show(&mut self, event: PullEvent<'_>) {
        match (event, &self.0) {
            (PullEvent::Progress { file, done, total }, Some(bar)) => {
                bar.set_length(total);
                // What was here before is no part of the rate.
                if bar.position() == 0 && done > 0 {
                    bar.reset_elapsed();
                    bar.reset_eta();
                }
                bar.set_position(done);
                if bar.message() != file {
                    bar.set_message(shown(file));
                }
            }
            (PullEvent::Note(text), Some(bar)) => bar.suspend(|| say(text)),
            (PullEvent::Note(text), None) => say(text),
            _ => {}
        }
    }

    pub(crate) fn end(&mut self) {
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}
