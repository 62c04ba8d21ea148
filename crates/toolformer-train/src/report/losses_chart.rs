//! Single calls by their losses, as a drawing.

use super::{
    chart::{Chart, LEFT, RIGHT},
    numbers::{counted, nats, plain},
    scale::{Scale, marks},
};

/// Each call as a dot: to the right the better of the two losses without the result, upwards the loss with it.
pub(super) fn of_single_calls(losses: &[[f64; 3]], tau_f: Option<f64>) -> Chart {
    let lower = losses.iter().filter(|[none, call, response]| *response < none.min(*call)).count();
    let spoken = format!(
        "Scatter plot of {}: of {lower} of them the loss with the result is lower than the better of those without.",
        counted(losses.len(), "call")
    );
    let note = "Every dot is a call. On the dashed diagonal the result changes nothing; the further below it a dot lies, \
                the more the result helps.";
    let mut chart = Chart::new("Call by call", note, spoken);
    let greatest =
        losses.iter().flat_map(|[none, call, response]| [none.min(*call), *response]).fold(0.0, f64::max);
    let marks = marks(0.0, greatest, 4, false);
    let up = chart.upwards("loss with the result", &marks, plain);
    let right = Scale { values: up.values, places: [LEFT, RIGHT] };
    marks.iter().for_each(|&mark| chart.mark_below(right.at(mark), plain(mark)));
    let end = up.values[1];
    chart.line("diagonal", [right.at(0.0), up.at(0.0)], [right.at(end), up.at(end)]);
    if let Some(tau) = tau_f.filter(|tau| tau.abs() < end) {
        let [from, to] = [tau.max(0.0), end.min(end + tau)];
        chart.line("threshold", [right.at(from), up.at(from - tau)], [right.at(to), up.at(to - tau)]);
    }
    for &[none, call, response] in losses {
        let without = none.min(call);
        let class = match tau_f {
            Some(tau) if without - response >= tau => "kept",
            Some(_) => "dropped",
            None => "neutral",
        };
        let tip = format!("without the result {}, with it {}", nats(without), nats(response));
        chart.dot(class, [right.at(without), up.at(response)], tip);
    }
    if tau_f.is_some() {
        chart.legend("kept", "kept: below the threshold's line");
        chart.legend("dropped", "not kept");
    }
    chart.rightwards("loss without the result, the better of two");
    chart
}
