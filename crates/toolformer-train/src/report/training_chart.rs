//! The course of the training, as drawings.

use super::{
    chart::{Chart, LEFT, RIGHT},
    numbers::{count, nats, plain},
    scale::{Scale, marks},
};
use crate::training::Metric;

/// More points than this nobody tells apart.
const POINTS: usize = 200;
/// A smoothed curve has about so many values that are independent of each other; of fewer steps there is none.
const SMOOTHED: usize = 10;

/// A course over steps.
struct Course {
    title: &'static str,
    note: &'static str,
    what: &'static str,
    class: &'static str,
    points: Vec<[f64; 2]>,
    /// Writes a value.
    write: fn(f64) -> String,
    /// How single values are drawn besides the curve.
    single: Single,
}

#[derive(Clone, Copy, PartialEq)]
enum Single {
    /// The curve is all.
    None,
    /// As dots.
    Dots,
    /// As a thin curve; the other is smoothed.
    Thin,
}

/// What a run learnt from, as its captions say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Learnt {
    /// Texts with calls.
    Calls,
    /// Anything else.
    Examples,
}

/// Loss, what was measured on held-out examples, and learning rate over steps, where they were measured.
pub(super) fn of_training(metrics: &[Metric], perplexity_before: Option<f64>, learnt: Learnt) -> Vec<Chart> {
    let pick = |of: fn(&Metric) -> Option<f64>| -> Vec<[f64; 2]> {
        metrics.iter().filter_map(|metric| Some([metric.step as f64, of(metric)?])).collect()
    };
    let mut perplexities = pick(|metric| metric.perplexity);
    if let Some(before) = perplexity_before.filter(|_| !perplexities.is_empty()) {
        perplexities.insert(0, [0.0, before]);
    }
    let loss = Course {
        title: "Training loss",
        note: match learnt {
            Learnt::Calls => {
                "The loss on the texts with calls, step by step: how badly the model predicts them, calls included. It falls while \
                 the model learns. Each step has other texts, some of them harder: the thick line smooths that."
            }
            Learnt::Examples => {
                "The loss on the examples of each step. It falls while the model learns. Each step has other examples, some of them \
                 harder: the thick line smooths that."
            }
        },
        what: "nats",
        class: "loss",
        points: pick(|metric| metric.loss),
        write: nats,
        single: Single::Thin,
    };
    let perplexity = Course {
        title: "Perplexity of held-out text",
        note: match learnt {
            Learnt::Calls => {
                "Measured on texts that were kept apart, with the tools off: among how many equally likely words the model seems to \
                 choose. It should not rise, or teaching calls has cost the model its language."
            }
            Learnt::Examples => {
                "Measured on texts that were kept apart: among how many equally likely words the model seems to choose. Where it \
                 rises again while the training loss falls, the model learns its examples by heart."
            }
        },
        what: "perplexity",
        class: "perplexity",
        points: perplexities,
        write: nats,
        single: Single::Dots,
    };
    let held_out = Course {
        title: "Loss on held-out examples",
        note: "Measured on examples that were kept apart. Where it rises again while the training loss falls, the model learns its \
               examples by heart.",
        what: "nats",
        class: "perplexity",
        points: pick(|metric| metric.held_out_loss),
        write: nats,
        single: Single::Dots,
    };
    let accuracy = Course {
        title: "Right on held-out examples",
        note: "Of the examples that were kept apart, how many are right.",
        what: "per cent",
        class: "perplexity",
        points: pick(|metric| metric.accuracy.map(|part| 100.0 * part)),
        write: plain,
        single: Single::Dots,
    };
    let rate = Course {
        title: "Learning rate",
        note: "How far a step may move the model’s numbers: as a rule it rises at first, so that a model that has seen little \
               is not thrown off, and falls towards the end.",
        what: "learning rate",
        class: "rate",
        points: pick(|metric| metric.learning_rate),
        write: plain,
        single: Single::None,
    };
    [loss, perplexity, held_out, accuracy, rate]
        .iter()
        .filter(|course| !course.points.is_empty())
        .map(chart)
        .collect()
}

fn chart(course: &Course) -> Chart {
    let &Course { title, note, what, class, ref points, write, single } = course;
    let [first, last] = [points.first(), points.last()].map(|point| point.copied().unwrap_or_default());
    let spoken = format!(
        "{title} over {} measurements: {} at step {}, {} at step {}.",
        count(points.len()),
        write(first[1]),
        first[0],
        write(last[1]),
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
    let drawn = |points: &[[f64; 2]]| -> Vec<[f64; 2]> {
        let few = points.chunks(points.len().div_ceil(POINTS).max(1)).map(mean);
        few.map(|[x, y]| [right.at(x), up.at(y)]).collect()
    };
    match single {
        Single::Thin if points.len() > SMOOTHED => {
            chart.curve("single", &drawn(points));
            chart.curve(class, &drawn(&smoothed(points)));
            chart.legend("single", "each step");
            chart.legend(class, "smoothed");
        }
        _ => chart.curve(class, &drawn(points)),
    }
    if single == Single::Dots {
        for &[step, value] in points.iter().take(POINTS) {
            chart.dot(class, [right.at(step), up.at(value)], format!("step {step}: {}", write(value)));
        }
    }
    chart.rightwards("steps");
    chart
}

fn mean(points: &[[f64; 2]]) -> [f64; 2] {
    [0, 1].map(|part| points.iter().map(|point| point[part]).sum::<f64>() / points.len().max(1) as f64)
}

/// The mean of each value and those before it, which count the less the longer ago they were: as much in all as a tenth of the
/// values would.
fn smoothed(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let kept = 1.0 - (SMOOTHED as f64 / points.len().max(1) as f64).min(1.0);
    let (mut sum, mut weight) = (0.0, 0.0);
    let mut smooth = |&[step, value]: &[f64; 2]| {
        (sum, weight) = (kept * sum + value, kept * weight + 1.0);
        [step, sum / weight]
    };
    points.iter().map(&mut smooth).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[f64], expected: &[f64]) {
        let points: Vec<[f64; 2]> = values.iter().enumerate().map(|(n, &value)| [n as f64, value]).collect();
        let found = smoothed(&points);
        let close = found.iter().zip(expected).all(|(found, expected)| (found[1] - expected).abs() < 1e-9);
        assert!(close && found.iter().zip(&points).all(|(a, b)| a[0] == b[0]), "{found:?}");
    }

    #[test]
    fn smoothing_weighs_what_was_before() {
        check(&[3.0, 1.0, 2.0], &[3.0, 1.0, 2.0]);
        check(&[5.0; 40], &[5.0; 40]);
        // Twenty values: what is a step older counts half as much.
        let mut values = [0.0; 20];
        values[..3].copy_from_slice(&[7.0, 1.0, 3.0]);
        check(&values, &[7.0, 3.0, 3.0, 7.0 / 5.0]);
        check(&[], &[]);
    }
}
