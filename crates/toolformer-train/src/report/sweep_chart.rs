//! What other thresholds would keep, as a drawing.

use super::{
    chart::{Chart, LEFT, RIGHT},
    numbers::{count, counted, plain},
    scale::marks,
};
use crate::stats::SweepPoint;

/// Colour, name and number of what is counted.
type Course = (&'static str, &'static str, fn(&SweepPoint) -> usize);

/// Calls and texts that each threshold would keep.
pub(super) fn of_sweep(sweep: &[SweepPoint], tau_f: Option<f64>) -> Chart {
    let said = sweep.iter().map(|point| {
        format!(
            "{}: {} in {}",
            plain(point.tau_f),
            counted(point.calls, "call"),
            counted(point.texts, "text")
        )
    });
    let spoken = format!("Kept at threshold {}.", said.collect::<Vec<_>>().join("; "));
    let note = "A lower threshold keeps more calls, a higher one only those that help much. The same figures are in the \
                table.";
    let mut chart = Chart::new("What would other thresholds keep?", note, spoken);
    let most = sweep.iter().map(|point| point.calls.max(point.texts)).max().unwrap_or(0);
    let scale = chart.upwards("kept", &marks(0.0, most as f64, 4, true), |mark| count(mark as usize));
    let step = (RIGHT - LEFT) / sweep.len().max(1) as f64;
    let x = |number: usize| LEFT + (number as f64 + 0.5) * step;
    for (number, point) in sweep.iter().enumerate() {
        chart.mark_below(x(number), plain(point.tau_f));
    }
    if let Some(tau) = tau_f {
        chart.threshold(place(sweep, tau, x), format!("threshold {}", plain(tau)));
    }
    let of: [Course; 2] =
        [("calls", "calls", |point| point.calls), ("texts", "texts with a call", |point| point.texts)];
    for (class, what, number_of) in of {
        let points: Vec<[f64; 2]> = sweep
            .iter()
            .enumerate()
            .map(|(number, point)| [x(number), scale.at(number_of(point) as f64)])
            .collect();
        chart.curve(class, &points);
        for (point, at) in sweep.iter().zip(&points) {
            chart.dot(
                class,
                *at,
                format!("threshold {}: {} {what}", plain(point.tau_f), count(number_of(point))),
            );
        }
        chart.legend(class, what);
    }
    chart.rightwards("threshold in nats (tau_f)");
    chart
}

/// Where a threshold lies among those of the sweep, which stand at equal distances.
fn place(sweep: &[SweepPoint], tau: f64, x: impl Fn(usize) -> f64) -> f64 {
    let above = sweep.partition_point(|point| point.tau_f < tau);
    match (above.checked_sub(1).and_then(|below| sweep.get(below)), sweep.get(above)) {
        (Some(below), Some(next)) => {
            let part = (tau - below.tau_f) / (next.tau_f - below.tau_f);
            x(above - 1) + part * (x(above) - x(above - 1))
        }
        (None, _) => x(0),
        (_, None) => x(sweep.len().saturating_sub(1)),
    }
}
