//! Histograms as drawings: every bin is as wide as the others, and the two open ones at the ends are bins too.

use super::{
    chart::{BOTTOM, Bar, Chart, LEFT, RIGHT},
    numbers::{count, counted, plain},
    scale::{Scale, marks},
};
use crate::stats::Histogram;

/// `p_i` of the positions.
pub(super) fn of_probabilities(histogram: &Histogram) -> Chart {
    let spoken = said("position", "the probability that a call starts there", histogram);
    let note = "For every place that was sampled at: how likely the model found it that a tool call starts there. The \
                scale grows by powers of ten.";
    let mut chart = Chart::new("Where might a call stand?", note, spoken);
    let scale = chart_counts(&mut chart, "positions", histogram);
    bars(&mut chart, &scale, histogram, "position", |_, _| vec![("neutral", 0.0, 1.0)]);
    let label =
        |edge: f64| if edge < 0.001 { format!("{edge:e}").replace('-', "\u{2212}") } else { plain(edge) };
    edges(&mut chart, histogram, 2, label);
    chart.rightwards("probability that a call starts here (p)");
    chart
}

/// `L- - L+` of the judged calls, with the threshold.
pub(super) fn of_deltas(histogram: &Histogram, tau_f: Option<f64>) -> Chart {
    let what = "by how many nats the result lowers the loss of what follows";
    let spoken = said("call", what, histogram);
    let note = "For every call that ran: by how much its result makes the words after it easier to predict. Calls to the \
                right of the threshold are kept.";
    let mut chart = Chart::new("How much does the result help?", note, spoken);
    let scale = chart_counts(&mut chart, "calls", histogram);
    // A bin that the threshold goes through is cut by it.
    bars(&mut chart, &scale, histogram, "call", |from, to| match tau_f {
        None => vec![("neutral", 0.0, 1.0)],
        Some(tau) if from.is_some_and(|from| from >= tau) => vec![("kept", 0.0, 1.0)],
        Some(tau) if to.is_some_and(|to| to <= tau) => vec![("dropped", 0.0, 1.0)],
        Some(tau) => {
            let part = match (from, to) {
                (Some(from), Some(to)) => (tau - from) / (to - from),
                _ => 0.5,
            };
            vec![("dropped", 0.0, part), ("kept", part, 1.0)]
        }
    });
    edges(&mut chart, histogram, 4, plain);
    chart.rightwards("nats that the result saves (delta)");
    if let Some(tau) = tau_f {
        chart.threshold(place(histogram, tau), format!("threshold {}", plain(tau)));
        chart.legend("kept", "kept");
        chart.legend("dropped", "not kept");
    }
    chart
}

/// The three losses of the judged calls, over each other.
pub(super) fn of_losses(none: &Histogram, call: &Histogram, response: &Histogram) -> Chart {
    let all = [
        ("none", none, "text alone"),
        ("call", call, "with the call"),
        ("response", response, "with call and result"),
    ];
    let spoken = all.map(|(_, histogram, what)| format!("{what}: {}", middle(histogram))).join("; ");
    let note = "How badly the model predicts what follows, without a call, with the call but no answer, and with both. \
                The further left, the better. Where calls help, the third curve lies to the left of the others.";
    let spoken = format!("Distribution of the loss of {}. {spoken}.", counted(none.total(), "judged call"));
    let mut chart = Chart::new("Losses with and without the call", note, spoken);
    let most = all.iter().flat_map(|(_, histogram, _)| &histogram.counts).copied().max().unwrap_or(0);
    let scale = chart.upwards("calls", &marks(0.0, most as f64, 4, true), |mark| count(mark as usize));
    for (class, histogram, what) in all {
        let width = width(histogram);
        let mut points = Vec::new();
        for (number, &count) in histogram.counts.iter().enumerate() {
            let (x, y) = (LEFT + number as f64 * width, scale.at(count as f64));
            points.extend([[x, y], [x + width, y]]);
        }
        chart.curve(class, &points);
        chart.legend(class, what);
    }
    edges(&mut chart, none, 4, plain);
    chart.rightwards("loss in nats");
    chart
}

fn chart_counts(chart: &mut Chart, what: &str, histogram: &Histogram) -> Scale {
    let most = histogram.counts.iter().copied().max().unwrap_or(0);
    chart.upwards(what, &marks(0.0, most as f64, 4, true), |mark| count(mark as usize))
}

fn width(histogram: &Histogram) -> f64 {
    (RIGHT - LEFT) / histogram.counts.len().max(1) as f64
}

/// Draws the bins; `parts` says of the one between two edges which part from left to right has which colour.
fn bars(
    chart: &mut Chart,
    scale: &Scale,
    histogram: &Histogram,
    what: &str,
    parts: impl Fn(Option<f64>, Option<f64>) -> Vec<(&'static str, f64, f64)>,
) {
    let width = width(histogram);
    for (number, &found) in histogram.counts.iter().enumerate().filter(|&(_, &found)| found > 0) {
        let from = number.checked_sub(1).and_then(|number| histogram.edges.get(number)).copied();
        let to = histogram.edges.get(number).copied();
        let range = match (from, to) {
            (Some(from), Some(to)) => format!("from {} to {}", plain(from), plain(to)),
            (None, Some(to)) => format!("below {}", plain(to)),
            (Some(from), None) => format!("from {} on", plain(from)),
            (None, None) => "anything".to_owned(),
        };
        let y = scale.at(found as f64);
        for (class, begin, end) in parts(from, to) {
            // A gap between bins, none within one.
            let gap = |at: f64| {
                if at == 0.0 {
                    0.5
                } else if at == 1.0 {
                    -0.5
                } else {
                    0.0
                }
            };
            let left = LEFT + (number as f64 + begin) * width + gap(begin);
            let right = LEFT + (number as f64 + end) * width + gap(end);
            let tip = format!("{range}: {}", counted(found, what));
            chart.bar(Bar { class, x: left, y, width: (right - left).max(0.1), height: BOTTOM - y, tip });
        }
    }
}

/// Writes every so many edges below.
fn edges(chart: &mut Chart, histogram: &Histogram, every: usize, label: impl Fn(f64) -> String) {
    let width = width(histogram);
    // Counted from the edge at 0, where there is one.
    let first = histogram.edges.iter().position(|&edge| edge == 0.0).unwrap_or(every - 1) % every;
    for (number, &edge) in histogram.edges.iter().enumerate().skip(first).step_by(every) {
        chart.mark_below(LEFT + (number + 1) as f64 * width, label(edge));
    }
}

/// Where a value lies among the bins.
fn place(histogram: &Histogram, value: f64) -> f64 {
    let edges = &histogram.edges;
    let bin = edges.partition_point(|&edge| edge <= value);
    let part = match (bin.checked_sub(1).and_then(|bin| edges.get(bin)), edges.get(bin)) {
        (Some(from), Some(to)) => (value - from) / (to - from),
        _ => 0.5,
    };
    LEFT + (bin as f64 + part) * width(histogram)
}

fn said(what: &str, of: &str, histogram: &Histogram) -> String {
    format!("Histogram of {}: {of}. {}.", counted(histogram.total(), what), middle(histogram))
}

/// Where the middle one of the values lies.
fn middle(histogram: &Histogram) -> String {
    let total = histogram.total();
    if total == 0 {
        return "There is none".to_owned();
    }
    let mut seen = 0;
    let bin = histogram.counts.iter().position(|&count| {
        seen += count;
        2 * seen >= total
    });
    let bin = bin.unwrap_or(0);
    match (bin.checked_sub(1).and_then(|bin| histogram.edges.get(bin)), histogram.edges.get(bin)) {
        (Some(from), Some(to)) => format!("Half of them lie below {} to {}", plain(*from), plain(*to)),
        (None, Some(to)) => format!("Half of them lie below {}", plain(*to)),
        (Some(from), None) => format!("Half of them lie above {}", plain(*from)),
        (None, None) => "They are not told apart".to_owned(),
    }
}
