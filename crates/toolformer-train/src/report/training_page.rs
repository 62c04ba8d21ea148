//! The course of a training by itself: a page of curves.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::Path,
};

use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::{
    chart::Chart,
    numbers::{count, nats},
    page::environment,
    training_chart::{Learnt, of_training},
};
use crate::{error::TrainError, training::Metric, whole_file::write_whole};

#[derive(Debug, Serialize)]
struct TrainingPage {
    style: &'static str,
    steps: String,
    last_loss: Option<String>,
    charts: Vec<Chart>,
}

/// Writes the curves of a `metrics.jsonl` as a page: the same metrics give the same bytes. Of a file that is not there, or a
/// line that is torn, there is nothing to draw.
///
/// # Errors
/// If the metrics cannot be read, or the page not be written.
pub fn write_training_page(metrics: &Path, page: &Path) -> Result<(), TrainError> {
    let text = match fs::read_to_string(metrics) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        read => read.map_err(TrainError::read(metrics))?,
    };
    let metrics: Vec<Metric> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let html = render(&metrics).map_err(|error| TrainError::Report { why: format!("{error:#}") })?;
    write_whole(page, |file| file.write_all(html.as_bytes()))
}

fn render(metrics: &[Metric]) -> Result<String, minijinja::Error> {
    let page = TrainingPage {
        style: include_str!("page.css"),
        steps: count(metrics.iter().filter(|metric| metric.loss.is_some()).count()),
        last_loss: metrics.iter().rev().find_map(|metric| metric.loss).map(nats),
        charts: of_training(metrics, None, Learnt::Examples),
    };
    environment()?.get_template("training.html")?.render(Value::from(Serde(page)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curves_of_what_was_measured_are_drawn() {
        let metric = |step: usize| Metric { step, loss: Some(5.0 / step as f64), ..Metric::default() };
        let mut metrics: Vec<Metric> = (1..=20).map(metric).collect();
        metrics.push(Metric { step: 20, perplexity: Some(77.5), ..Metric::default() });
        let page = render(&metrics).unwrap();
        assert!(
            page.contains("20 steps") && page.contains("Training loss") && page.contains("77.5"),
            "{page}"
        );
        assert!(!render(&[]).unwrap().contains("<svg"));
    }
}
