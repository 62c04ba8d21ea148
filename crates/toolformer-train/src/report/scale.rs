//! From values to places on a drawing.

/// A straight line from values to places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) values: [f64; 2],
    pub(super) places: [f64; 2],
}

impl Scale {
    /// The place of a value; values outside lie at the end that they are beyond.
    pub(super) fn at(&self, value: f64) -> f64 {
        let [from, to] = self.values;
        let part = if to > from { ((value - from) / (to - from)).clamp(0.0, 1.0) } else { 0.0 };
        tenth(self.places[0] + part * (self.places[1] - self.places[0]))
    }
}

/// To a tenth of a pixel: what nobody sees need not be written down.
pub(super) fn tenth(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}

/// Round marks from `from` on which reach `to` or more: about `wanted` of them, whole numbers if `whole`.
pub(super) fn marks(from: f64, to: f64, wanted: usize, whole: bool) -> Vec<f64> {
    let rough = (to - from) / wanted.max(1) as f64;
    let rough = if rough.is_finite() && rough > 0.0 { rough } else { 1.0 };
    let power = 10f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|&step| step >= rough * 0.999);
    let step = step.unwrap_or(rough);
    let step = if whole { step.max(1.0) } else { step };
    let first = (from / step).floor();
    let steps = (to / step - first - 1e-9).ceil().max(1.0) as usize;
    (0..=steps).map(|number| (first + number as f64) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: f64, to: f64, whole: bool, expected: &[f64]) {
        let found = marks(from, to, 4, whole);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
    }

    #[test]
    fn marks_are_round_and_reach_the_end() {
        check(0.0, 10.0, true, &[0.0, 5.0, 10.0]);
        check(0.0, 7.0, true, &[0.0, 2.0, 4.0, 6.0, 8.0]);
        check(0.0, 1.0, true, &[0.0, 1.0]);
        check(0.0, 0.0, true, &[0.0, 1.0]);
        check(2.13, 2.31, false, &[2.1, 2.15, 2.2, 2.25, 2.3, 2.35]);
        check(0.0, f64::NAN, true, &[0.0, 1.0]);
    }

    #[test]
    fn places_stay_on_the_drawing() {
        let scale = Scale { values: [0.0, 10.0], places: [100.0, 0.0] };
        assert_eq!([-1.0, 0.0, 2.5, 10.0, 11.0].map(|value| scale.at(value)), [100.0, 100.0, 75.0, 0.0, 0.0]);
    }
}
