//! What the sides of the benchmark of training said, and the table of it.

use serde_json::Value;

/// What a side prints last: `{"steps": [{"seconds", "tokens", "loss"}, ...], "peak_rss_bytes"}`, with `"loaded_rss_bytes"`
/// where it is known, and what else it likes, such as `"device"` and `"mode"`.
#[derive(Debug, PartialEq)]
pub(super) struct Side {
    steps: Vec<Step>,
    /// Greatest memory once the model is loaded, and in all, in bytes.
    loaded: Option<f64>,
    peak: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    seconds: f64,
    tokens: f64,
    loss: f64,
}

impl Side {
    /// The last JSON object with steps.
    pub(super) fn of_output(printed: &str) -> Option<Self> {
        let objects = printed.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        objects.into_iter().find_map(|object| Self::of_object(&object))
    }

    fn of_object(object: &Value) -> Option<Self> {
        let step = |step: &Value| {
            let number = |key: &str| step[key].as_f64();
            Some(Step { seconds: number("seconds")?, tokens: number("tokens")?, loss: number("loss")? })
        };
        let steps = object["steps"].as_array()?.iter().map(step).collect::<Option<Vec<_>>>()?;
        let bytes = |key: &str| object[key].as_f64();
        (!steps.is_empty()).then(|| Self {
            steps,
            loaded: bytes("loaded_rss_bytes"),
            peak: bytes("peak_rss_bytes"),
        })
    }

    /// Of the median step, the first left out, which warms up.
    fn tokens_a_second(&self) -> Option<f64> {
        let warm = if self.steps.len() > 1 { &self.steps[1..] } else { &self.steps[..] };
        let mut rates: Vec<f64> = warm.iter().map(|step| step.tokens / step.seconds).collect();
        rates.sort_by(f64::total_cmp);
        rates.get((rates.len() - 1) / 2).copied()
    }

    fn first_loss(&self) -> Option<f64> {
        self.steps.first().map(|step| step.loss)
    }

    fn last_loss(&self) -> Option<f64> {
        self.steps.last().map(|step| step.loss)
    }
}

/// A mode's rows; a ratio is ours to the peer's.
pub(super) fn table(mode: &str, ours: Option<&Side>, peer: Option<&Side>) -> String {
    type Column = fn(&Side) -> Option<f64>;
    let rows: [(&str, Column, usize, bool); 5] = [
        ("tokens/s", Side::tokens_a_second, 1, true),
        ("loss of the first step", Side::first_loss, 4, false),
        ("loss of the last step", Side::last_loss, 4, false),
        ("peak memory, loaded, MB", |side| Some(side.loaded? / 1e6), 0, true),
        ("peak memory, MB", |side| Some(side.peak? / 1e6), 0, true),
    ];
    let mut out = format!("{mode:<28}{:>12}{:>12}{:>8}\n", "toolformer", "peer", "ratio");
    for (name, value, decimals, compared) in rows {
        let [own, other] = [ours, peer].map(|side| side.and_then(value));
        let shown =
            |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"));
        let ratio = own.zip(other).filter(|_| compared);
        let ratio = ratio.map_or_else(String::new, |(own, other)| format!("{:.2}", own / other));
        let line = format!("{name:<28}{:>12}{:>12}{ratio:>8}", shown(own), shown(other));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = r#"{"device": "cpu", "mode": "full", "peak_rss_bytes": 2100000000, "steps":
        [{"seconds": 9.0, "tokens": 512, "loss": 11.25}, {"seconds": 4.0, "tokens": 512, "loss": 11.0},
         {"seconds": 2.0, "tokens": 512, "loss": 10.5}, {"seconds": 2.56, "tokens": 512, "loss": 10.0}]}"#;
    const PEER: &str = r#"{"step": 1, "tokens_per_second": 100.0, "loss": 11.25}
{"mode": "full", "loaded_rss_bytes": 1000000000, "peak_rss_bytes": 4200000000, "steps": [{"seconds": 1.28, "tokens": 512, "loss": 11.25}]}
"#;

    #[test]
    fn the_sides_stand_beside_each_other() {
        let ours = Side::of_output(&OURS.replace('\n', " ")).unwrap();
        let peer = Side::of_output(PEER).unwrap();
        let expected = "\
full                          toolformer        peer   ratio
tokens/s                           200.0       400.0    0.50
loss of the first step           11.2500     11.2500
loss of the last step            10.0000     11.2500
peak memory, loaded, MB                -        1000
peak memory, MB                     2100        4200    0.50
";
        assert_eq!(table("full", Some(&ours), Some(&peer)), expected);
        assert_eq!(table("lora", None, Some(&peer)).lines().nth(1).unwrap().matches('-').count(), 1);
    }

    #[test]
    fn output_without_figures_is_none() {
        for printed in
            ["", "Loading\n{\"step\": 1}\n", "{\"steps\": []}\n", "{\"steps\": [{\"seconds\": 1.0}]}\n"]
        {
            assert_eq!(Side::of_output(printed), None, "{printed}");
        }
    }
}
