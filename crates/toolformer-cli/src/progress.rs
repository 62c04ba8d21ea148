//! Progress on standard error: a bar on a terminal, a line now and then elsewhere.

use std::{io::IsTerminal as _, sync::Arc, time::Instant};

use indicatif::{ProgressBar, ProgressStyle};
use toolformer::train::{Clock, Observer};

use crate::output::say;

/// Seconds between two lines where standard error is no terminal.
const LINE_EVERY: f64 = 15.0;

/// Shows how a job goes on, and lends it the clock.
pub(crate) struct Progress {
    began: Instant,
    stage: Option<Stage>,
}

/// A stage under way.
struct Stage {
    name: &'static str,
    steps: usize,
    done: usize,
    /// Steps and tokens of this process, for the rates.
    own_steps: usize,
    own_tokens: usize,
    began: f64,
    last_line: f64,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), stage: None }
    }
}

impl Observer for Progress {
    fn clock(&self) -> Clock {
        let began = self.began;
        Arc::new(move || began.elapsed().as_secs_f64())
    }

    fn start(&mut self, name: &'static str, steps: usize, done: usize) {
        let now = self.seconds();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(steps as u64).with_position(done as u64).with_prefix(name);
            if let Ok(style) = ProgressStyle::with_template("{prefix:>10} [{bar:30}] {msg}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar
        });
        let (own_steps, own_tokens) = (0, 0);
        let stage = Stage { name, steps, done, own_steps, own_tokens, began: now, last_line: now, bar };
        if stage.bar.is_none() && done > 0 {
            say(&format!("{name}: going on after {done} of {steps}"));
        }
        stage.show(now);
        self.stage = Some(stage);
    }

    fn advance(&mut self, steps: usize, tokens: usize) {
        let now = self.seconds();
        if let Some(stage) = &mut self.stage {
            stage.done += steps;
            stage.own_steps += steps;
            stage.own_tokens += tokens;
            stage.show(now);
            if stage.bar.is_none() && stage.done < stage.steps && now - stage.last_line >= LINE_EVERY {
                stage.last_line = now;
                say(&format!("{}: {}", stage.name, stage.text(now)));
            }
        }
    }

    fn finish(&mut self) {
        let now = self.seconds();
        if let Some(stage) = self.stage.take() {
            if let Some(bar) = &stage.bar {
                bar.finish_and_clear();
            }
            if stage.own_steps > 0 {
                say(&format!("{}: {} in {}", stage.name, stage.text(now), span(now - stage.began)));
            }
        }
    }

    fn note(&mut self, text: &str) {
        match self.stage.as_ref().and_then(|stage| stage.bar.as_ref()) {
            Some(bar) => bar.suspend(|| say(text)),
            None => say(text),
        }
    }
}

impl Stage {
    fn show(&self, now: f64) {
        if let Some(bar) = &self.bar {
            bar.set_position(self.done as u64);
            bar.set_message(self.text(now));
        }
    }

    /// `12/160 texts, 0.35 texts/s, 812 tokens/s, 7 min left`
    fn text(&self, now: f64) -> String {
        let unit = match self.name {
            "finetune" => "steps",
            "filter ids" => "candidates",
            "generate" => "prompts",
            _ => "texts",
        };
        let mut text = format!("{}/{} {unit}", self.done, self.steps);
        let seconds = now - self.began;
        if self.own_steps > 0 && seconds > 0.0 {
            let rate = self.own_steps as f64 / seconds;
            text.push_str(&format!(
                ", {} {unit}/s, {:.0} tokens/s",
                rounded(rate),
                self.own_tokens as f64 / seconds
            ));
            if self.done < self.steps {
                text.push_str(&format!(", {} left", span((self.steps - self.done) as f64 / rate)));
            }
        }
        text
    }
}

/// Two digits or more that mean something.
pub(crate) fn rounded(rate: f64) -> String {
    match rate {
        _ if rate >= 10.0 => format!("{rate:.0}"),
        _ if rate >= 1.0 => format!("{rate:.1}"),
        _ => format!("{rate:.2}"),
    }
}

/// A time as people say it.
pub(crate) fn span(seconds: f64) -> String {
    match seconds {
        _ if seconds < 90.0 => format!("{seconds:.0} s"),
        _ if seconds < 5400.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_this_process() {
        let stage = Stage {
            name: "annotate",
            steps: 100,
            done: 60,
            own_steps: 20,
            own_tokens: 5000,
            began: 10.0,
            last_line: 0.0,
            bar: None,
        };
        assert_eq!(stage.text(20.0), "60/100 texts, 2.0 texts/s, 500 tokens/s, 20 s left");
        assert_eq!(Stage { own_steps: 0, ..stage }.text(20.0), "60/100 texts");
    }

    #[test]
    fn times_are_readable() {
        assert_eq!([4.4, 300.0, 7200.0].map(span), ["4 s", "5 min", "2.0 h"]);
    }
}
