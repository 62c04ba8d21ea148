//! The drawings of a report as files of their own, so that a write-up can show them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Write the drawings of a report into files: SVG, named by what they show
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The page, such as report.html or training.html
    #[arg(value_name = "PAGE")]
    page: PathBuf,
    /// The folder for the drawings
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What their names begin with
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
}

pub(super) fn run(args: &Args) -> Result<()> {
    for file in write_charts(&args.page, &args.out, &args.prefix)? {
        println!("{}", file.display());
    }
    Ok(())
}

/// Writes each drawing of a page into a folder; the files, in the page's order.
pub(super) fn write_charts(page: &Path, folder: &Path, prefix: &str) -> Result<Vec<PathBuf>> {
    let html = std::fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))?;
    let charts = charts(&html);
    if charts.is_empty() {
        bail!("{} has no drawings; give a page that the program made", page.display());
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let write = |chart: Chart| {
        let file = folder.join(format!("{prefix}{}.svg", chart.name));
        std::fs::write(&file, chart.svg).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    };
    charts.into_iter().map(write).collect()
}

/// A drawing that stands for itself.
struct Chart {
    name: String,
    svg: String,
}

fn charts(html: &str) -> Vec<Chart> {
    let style = style(html);
    let chart = |(at, _): (usize, &str)| {
        let (before, figure) = (&html[..at], &html[at..]);
        let figure = &figure[..figure.find("</figure>")?];
        let title = between(figure, "<strong>", "</strong>")?;
        let [width, height] = size(figure)?;
        let shapes = between(figure, "<svg", "</svg>")?.split_once('>')?.1;
        let spoken = between(figure, "aria-label=\"", "\"")?;
        let legend = between(figure, "<ul class=\"legend\">", "</ul>").unwrap_or_default();
        let (legend, room) = legend_shapes(legend, height);
        let high = height + room;
        // What is drawn of several tasks stands below their headings.
        let heading = before.rfind("<h2").and_then(|at| between(&before[at..], "<bdi>", "</bdi>"));
        let name = slug(&[heading.unwrap_or_default(), title].join(" "));
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {high}\" width=\"{width}\" height=\"{high}\" \
             role=\"img\" aria-label=\"{spoken}\" font-family=\"system-ui, sans-serif\">\n<style>\n{style}</style>\n{}{legend}</svg>\n",
            shapes.trim_start()
        );
        Some(Chart { name, svg })
    };
    html.match_indices("<figure class=\"chart\">").filter_map(chart).collect()
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> Option<&'t str> {
    Some(text.split_once(from)?.1.split_once(to)?.0)
}

fn size(figure: &str) -> Option<[f64; 2]> {
    let numbers = between(figure, "viewBox=\"", "\"")?;
    let mut numbers = numbers.split(' ').skip(2).map(|number| number.parse().ok());
    Some([numbers.next()??, numbers.next()??])
}

/// The rules of the page's style that are about drawings; a legend's marks are boxes here.
fn style(html: &str) -> String {
    let css = between(html, "<style>", "</style>").unwrap_or_default();
    let mut found = String::new();
    let mut in_colours = false;
    for line in css.lines() {
        in_colours |= line.starts_with(":root") || line.starts_with("@media (prefers-color-scheme");
        if in_colours || line.starts_with("svg ") {
            let _ = writeln!(found, "{line}");
        } else if line.starts_with("i.") {
            let line = line.replace("i.", "rect.").replace("background:", "fill:");
            let _ = writeln!(found, "{}", line.split(", .legend").next().unwrap_or_default());
        }
        in_colours &= line != "}";
    }
    found
}

/// The legend in a line below the drawing, and the height of that line.
fn legend_shapes(entries: &str, top: f64) -> (String, f64) {
    let (mut shapes, mut x) = (String::new(), 44.0);
    for entry in entries.split("<li>").skip(1) {
        let parts = (between(entry, "<i class=\"", "\""), between(entry, "</i>", "</li>"));
        let (Some(class), Some(text)) = parts else { continue };
        let (y, after) = (top + 3.0, x + 15.0);
        let _ = writeln!(shapes, "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"10\" height=\"10\"/>");
        let _ = writeln!(shapes, "<text x=\"{after}\" y=\"{}\">{text}</text>", top + 12.0);
        x = after + 6.5 * text.chars().count() as f64 + 15.0;
    }
    let room = if shapes.is_empty() { 0.0 } else { 20.0 };
    (shapes, room)
}

/// Words of lower case with hyphens between them.
fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<style>\n:root {\n  --ink: #111;\n}\n@media (prefers-color-scheme: dark) {\n  :root { --ink: #eee; }\n}\n\
        body { margin: 0; }\ni.kept, .legend .kept { background: var(--ink); } i.lost { background: red; }\n\
        svg text { fill: var(--ink); }\n</style>\n<h2 id=\"t\"><bdi>svamp</bdi></h2>\n<figure class=\"chart\">\n\
        <figcaption><strong>How many are right?</strong></figcaption>\n\
        <svg role=\"img\" viewBox=\"0 0 400 240\" aria-label=\"plain: 3 %\">\n<rect class=\"kept\" x=\"1\"/>\n</svg>\n\
        <ul class=\"legend\"><li><i class=\"kept\"></i>plain</li><li><i class=\"lost\"></i>taught</li></ul>\n</figure>\n";

    #[test]
    fn a_drawing_stands_for_itself() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("report.html");
        std::fs::write(&page, PAGE).unwrap();
        let files = write_charts(&page, &folder.path().join("charts"), "a-").unwrap();
        assert_eq!(files, [folder.path().join("charts/a-svamp-how-many-are-right.svg")]);
        let svg = std::fs::read_to_string(&files[0]).unwrap();
        assert!(
            svg.contains("viewBox=\"0 0 400 260\"") && svg.contains("aria-label=\"plain: 3 %\""),
            "{svg}"
        );
        assert!(svg.contains("svg text { fill: var(--ink); }") && !svg.contains("body"), "{svg}");
        assert!(svg.contains("prefers-color-scheme: dark") && svg.contains("rect.kept"), "{svg}");
        assert!(svg.contains(">taught</text>") && svg.matches("<rect").count() == 3, "{svg}");
        std::fs::write(&page, "<p>nothing</p>").unwrap();
        assert!(write_charts(&page, folder.path(), "").unwrap_err().to_string().contains("no drawings"));
    }
}
