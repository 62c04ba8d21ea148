//! The page: everything that it shows, put into its template.

use minijinja::{
    Environment, UndefinedBehavior,
    syntax::SyntaxConfig,
    value::{Serde, Value},
};
use serde::Serialize;

use super::{
    chart::Chart,
    costs::{Cost, costs},
    facts::{Fact, facts},
    funnel::{Step, steps},
    numbers::{count, nats, span},
    report_data::ReportData,
    shown_text::shown,
    tool_view::{ToolView, tool_view},
    training_chart::{Learnt, of_training},
};
use crate::{rounds::RoundStats, stats::PerplexityStats};

/// Everything that the template shows.
#[derive(Debug, Serialize)]
struct Page {
    style: &'static str,
    headline: Vec<[String; 2]>,
    missing: Vec<String>,
    facts: Vec<Fact>,
    funnel: Vec<Step>,
    /// Heads of the funnel's columns; one where there is one tool.
    columns: Vec<String>,
    tools: Vec<ToolView>,
    rounds: Vec<Round>,
    training: Option<String>,
    training_charts: Vec<Chart>,
    costs: Vec<Cost>,
}

pub(super) fn render(data: &ReportData) -> Result<String, minijinja::Error> {
    environment()?.get_template("report.html")?.render(Value::from(Serde(page(data))))
}

/// The templates. By their names they are HTML: whatever is put in is escaped.
pub(super) fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?;
    environment.set_syntax(syntax);
    environment.add_template("chart.html", include_str!("chart.html"))?;
    environment.add_template("eval.html", include_str!("eval_page.html"))?;
    environment.add_template("report.html", include_str!("page.html"))?;
    environment.add_template("training.html", include_str!("training_page.html"))?;
    Ok(environment)
}

fn page(data: &ReportData) -> Page {
    let stats = &data.stats;
    let several = stats.tools.len() > 1;
    let each = stats.tools.keys().filter(|_| several).map(|name| shown(name, 60));
    Page {
        style: include_str!("page.css"),
        headline: headline(data),
        missing: data.missing.clone(),
        facts: facts(data),
        funnel: steps(stats),
        columns: std::iter::once(if several { "all tools" } else { "number" }.to_owned())
            .chain(each)
            .collect(),
        tools: stats.tools.iter().map(|(name, tool)| tool_view(name, tool, data.threshold(name))).collect(),
        rounds: data.rounds.iter().map(round).collect(),
        training: training(data),
        training_charts: of_training(
            &data.metrics,
            stats.perplexity.map(|perplexity| perplexity.before),
            Learnt::Calls,
        ),
        costs: costs(stats),
    }
}

/// A row of the table of rounds.
#[derive(Debug, Serialize)]
struct Round {
    number: String,
    /// The folder of its own page, from this one.
    folder: String,
    cells: [String; 4],
}

fn round(of: &RoundStats) -> Round {
    let counts = &of.candidates;
    let perplexity = of.perplexity.map_or_else(|| "–".to_owned(), both);
    Round {
        number: count(of.round),
        folder: of.folder.display().to_string(),
        cells: [count(counts.candidates), count(counts.executed), count(counts.kept), perplexity],
    }
}

/// Before and after.
fn both(perplexity: PerplexityStats) -> String {
    format!("{:.1} → {:.1}", perplexity.before, perplexity.after)
}

/// The numbers that a reader wants first.
fn headline(data: &ReportData) -> Vec<[String; 2]> {
    let (stats, counts) = (&data.stats, &data.stats.candidates);
    let mut headline = vec![[count(counts.candidates), "calls sampled".to_owned()]];
    headline.push([count(counts.executed), "gave a result".to_owned()]);
    if counts.judged() > 0 {
        headline.push([count(counts.kept), "kept, because the result helps".to_owned()]);
    }
    if let Some(woven) = &stats.woven {
        headline.push([count(woven.texts), "texts to learn from".to_owned()]);
    }
    if let Some(perplexity) = stats.perplexity {
        headline.push([both(perplexity), "perplexity of held-out text, before and after".to_owned()]);
    }
    let seconds: f64 = stats.stages.values().map(|cost| cost.seconds).sum();
    if seconds > 0.0 {
        headline.push([span(seconds), "in all".to_owned()]);
    }
    headline
}

/// What training did, in a sentence or two.
fn training(data: &ReportData) -> Option<String> {
    let train = data.stats.train.as_ref()?;
    let plain = match &data.stats.woven {
        Some(woven) if woven.plain > 0 => format!(", {} of them without calls", count(woven.plain)),
        _ => String::new(),
    };
    let mut said = format!(
        "The model was trained on {} texts{plain}, in {} steps; {} of its numbers could change.",
        count(train.examples),
        count(train.steps),
        count(train.trainable_parameters)
    );
    if let (Some(first), Some(last)) = (train.loss_first, train.loss_last) {
        said += &format!(" The loss went from {} to {} nats per token.", nats(first), nats(last));
    }
    if train.kept_step < train.steps {
        said += &format!(
            " The weights of step {} were kept: they predict the held-out text best.",
            count(train.kept_step)
        );
    }
    Some(said)
}
