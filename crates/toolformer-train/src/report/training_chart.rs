//! The course of the training, as drawings.

use super::{
    chart::{Chart, LEFT, RIGHT},
    numbers::{count, nats, plain},
    scale::{Scale, marks},
};
use crate::training::Metric;

/// More points than this nobody tells apart.
const POINTS: usize = 200;

/// Loss over steps, and held-out perplexity over steps, where they were measured.
pub(super) fn of_training(metrics: &[Metric], perplexity_before: Option<f64>) -> Vec<Chart> {
    let pick = |of: fn(&Metric) -> Option<f64>| -> Vec<[f64; 2]> {
        metrics.iter().filter_map(|metric| Some([metric.step as f64, of(metric)?])).collect()
    };
    let losses = pick(|metric| metric.loss);
    let mut perplexities = pick(|metric| metric.perplexity);
    if let Some(before) = perplexity_before.filter(|_| !perplexities.is_empty()) {
        perplexities.insert(0, [0.0, before]);
    }
    let loss = "The loss on the texts with calls, step by step: how badly the model predicts them, calls included. It \
                falls while the model learns.";
    let perplexity = "Measured on texts that were kept apart, with the tools off: among how many equally likely words the \
                      model seems to choose. It should not rise, or teaching calls has cost the model its language.";
    let all = [
        ("Training loss", loss, "nats per token", "loss", losses, false),
        ("Perplexity of held-out text", perplexity, "perplexity", "perplexity", perplexities, true),
    ];
    all.into_iter()
        .filter(|(.., points, _)| !points.is_empty())
        .map(|(title, note, what, class, points, dots)| course(title, note, what, class, &points, dots))
        .collect()
}

fn course(
    title: &str,
    note: &str,
    what: &str,
    class: &'static str,
    points: &[[f64; 2]],
    dots: bool,
) -> Chart {
    let [first, last] = [points.first(), points.last()].map(|point| point.copied().unwrap_or_default());
    let spoken = format!(
        "{title} over {} measurements: {} at step {}, {} at step {}.",
        count(points.len()),
        nats(first[1]),
        first[0],
        nats(last[1]),
        last[0]
    );
    let mut chart = Chart::new(title, note, spoken);
    let values = || points.iter().map(|[_, value]| *value);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let spread = (high - low).max(1e-3 * high.abs());
    let up = chart.upwards(what, &marks((low - 0.1 * spread).max(0.0), high, 4, false), plain);
    let steps = marks(0.0, last[0], 5, true);
    let right = Scale { values: [0.0, steps.last().copied().unwrap_or(1.0)], places: [LEFT, RIGHT - 8.0] };
    steps.iter().for_each(|&step| chart.mark_below(right.at(step), count(step as usize)));
    let drawn: Vec<[f64; 2]> = points
        .chunks(points.len().div_ceil(POINTS).max(1))
        .map(mean)
        .map(|[x, y]| [right.at(x), up.at(y)])
        .collect();
    chart.curve(class, &drawn);
    if dots {
        for &[step, value] in points.iter().take(POINTS) {
            chart.dot(class, [right.at(step), up.at(value)], format!("step {step}: {}", nats(value)));
        }
    }
    chart.rightwards("steps");
    chart
}

fn mean(points: &[[f64; 2]]) -> [f64; 2] {
    [0, 1].map(|part| points.iter().map(|point| point[part]).sum::<f64>() / points.len().max(1) as f64)
}
