//! A drawing as shapes; the page's template writes them as SVG and escapes every word.

use serde::Serialize;

use super::scale::{Scale, tenth};

/// Size of a drawing, in pixels at which its words have the size of the page's small print.
pub(super) const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 240.0;
/// Where the axes stand.
pub(super) const LEFT: f64 = 44.0;
pub(super) const RIGHT: f64 = WIDTH - 10.0;
pub(super) const TOP: f64 = 24.0;
pub(super) const BOTTOM: f64 = HEIGHT - 40.0;

/// A drawing. `class` names a colour of the page's style.
#[derive(Debug, Serialize)]
pub(super) struct Chart {
    /// What it shows, in a few words.
    title: String,
    /// How to read it, a sentence or two.
    note: String,
    /// What it says, for people who do not see it.
    spoken: String,
    width: f64,
    height: f64,
    bars: Vec<Bar>,
    lines: Vec<Line>,
    curves: Vec<Curve>,
    dots: Vec<Dot>,
    labels: Vec<Label>,
    legend: Vec<Legend>,
}

#[derive(Debug, Serialize)]
pub(super) struct Bar {
    pub(super) class: &'static str,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    /// Shown where the pointer rests.
    pub(super) tip: String,
}

#[derive(Debug, Serialize)]
struct Line {
    class: &'static str,
    from: [f64; 2],
    to: [f64; 2],
}

#[derive(Debug, Serialize)]
struct Curve {
    class: &'static str,
    points: String,
}

#[derive(Debug, Serialize)]
struct Dot {
    class: &'static str,
    x: f64,
    y: f64,
    tip: String,
}

#[derive(Debug, Serialize)]
struct Label {
    class: &'static str,
    x: f64,
    y: f64,
    anchor: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
struct Legend {
    class: &'static str,
    text: String,
}

impl Chart {
    pub(super) fn new(title: &str, note: &str, spoken: String) -> Self {
        Self {
            title: title.to_owned(),
            note: note.to_owned(),
            spoken,
            width: WIDTH,
            height: HEIGHT,
            bars: Vec::new(),
            lines: Vec::new(),
            curves: Vec::new(),
            dots: Vec::new(),
            labels: Vec::new(),
            legend: Vec::new(),
        }
    }

    /// The same, so high.
    pub(super) fn with_height(self, height: f64) -> Self {
        Self { height: tenth(height), ..self }
    }

    /// Marks with lines across, and what is measured upwards; returns the scale.
    pub(super) fn upwards(&mut self, what: &str, marks: &[f64], text: impl Fn(f64) -> String) -> Scale {
        let [first, last] = [marks.first(), marks.last()].map(|mark| mark.copied().unwrap_or(0.0));
        let scale = Scale { values: [first, last], places: [BOTTOM, TOP] };
        for &mark in marks {
            let y = scale.at(mark);
            self.line("grid", [LEFT, y], [RIGHT, y]);
            self.label("mark", LEFT - 6.0, y + 4.0, "end", text(mark));
        }
        self.label("axis", 2.0, TOP - 12.0, "start", what.to_owned());
        scale
    }

    /// A mark below the drawing.
    pub(super) fn mark_below(&mut self, x: f64, text: String) {
        self.label("mark", x, BOTTOM + 15.0, "middle", text);
    }

    /// What is measured to the right.
    pub(super) fn rightwards(&mut self, what: &str) {
        self.line("axis", [LEFT, BOTTOM], [RIGHT, BOTTOM]);
        self.label("axis", RIGHT, BOTTOM + 33.0, "end", what.to_owned());
    }

    pub(super) fn bar(&mut self, bar: Bar) {
        let [x, y, width, height] = [bar.x, bar.y, bar.width, bar.height].map(tenth);
        self.bars.push(Bar { x, y, width, height, ..bar });
    }

    pub(super) fn line(&mut self, class: &'static str, from: [f64; 2], to: [f64; 2]) {
        self.lines.push(Line { class, from: from.map(tenth), to: to.map(tenth) });
    }

    pub(super) fn curve(&mut self, class: &'static str, points: &[[f64; 2]]) {
        let points: Vec<String> =
            points.iter().map(|[x, y]| format!("{},{}", tenth(*x), tenth(*y))).collect();
        self.curves.push(Curve { class, points: points.join(" ") });
    }

    pub(super) fn dot(&mut self, class: &'static str, [x, y]: [f64; 2], tip: String) {
        self.dots.push(Dot { class, x: tenth(x), y: tenth(y), tip });
    }

    pub(super) fn label(&mut self, class: &'static str, x: f64, y: f64, anchor: &'static str, text: String) {
        self.labels.push(Label { class, x: tenth(x), y: tenth(y), anchor, text });
    }

    /// Says what a colour means.
    pub(super) fn legend(&mut self, class: &'static str, text: &str) {
        self.legend.push(Legend { class, text: text.to_owned() });
    }

    /// A line from top to bottom that says, above the drawing, where the threshold is.
    pub(super) fn threshold(&mut self, x: f64, text: String) {
        self.line("threshold", [x, TOP], [x, BOTTOM]);
        let (x, anchor) = if x > (LEFT + RIGHT) / 2.0 { (x - 5.0, "end") } else { (x + 5.0, "start") };
        self.label("threshold", x, TOP - 4.0, anchor, text);
    }
}
