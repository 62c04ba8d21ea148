//! The page of an evaluation: is the model better with its tools, by how much, and how sure is that?

use std::{io::Write as _, path::Path};

use minijinja::value::{Serde, Value};
use serde::Serialize;
use toolformer_eval::{ItemResult, Proportion, Summary, compare};

use super::{
    category_chart::by_category,
    chart::Chart,
    eval_charts::{of_measure, sweep},
    eval_verdicts::{pairs, verdict},
    numbers::{count, signed, span},
    page::environment,
    shown_text::shown,
};
use crate::{error::TrainError, whole_file::write_whole};

/// A run of an evaluation.
#[derive(Clone, Debug)]
pub struct EvalRun {
    /// What it is called on the page; none: by its condition.
    pub name: Option<String>,
    /// What it came to.
    pub summary: Summary,
    /// Its rows.
    pub results: Vec<ItemResult>,
}

/// Most examples of a kind.
const EXAMPLES: usize = 4;
/// Most characters of a prompt, and of an output, that are shown.
const MOST_SHOWN: usize = 600;

#[derive(Debug, Serialize)]
struct Page {
    style: &'static str,
    tasks: Vec<TaskView>,
}

#[derive(Debug, Serialize)]
struct TaskView {
    name: String,
    /// What most want to know, and all other comparisons.
    verdicts: Vec<String>,
    more: Vec<String>,
    charts: Vec<Chart>,
    runs: Vec<[String; 10]>,
    differences: Vec<[String; 6]>,
    tools: Vec<[String; 6]>,
    examples: Vec<Examples>,
}

#[derive(Debug, Serialize)]
struct Examples {
    what: String,
    rows: Vec<Example>,
}

#[derive(Debug, Serialize)]
struct Example {
    id: String,
    prompt: String,
    output: String,
    prediction: String,
    answers: String,
    correct: bool,
}

/// Writes the page of some runs: of each task, the first is what the others are compared with. The same runs give the same
/// bytes. `seed` is that of the comparisons' intervals.
///
/// # Errors
/// If two runs of a task have no item in common, or the page cannot be written.
pub fn write_eval_page(runs: &[EvalRun], seed: u64, page: &Path) -> Result<(), TrainError> {
    let html = render_eval_page(runs, seed)?;
    write_whole(page, |file| file.write_all(html.as_bytes()))
}

/// The page as HTML.
///
/// # Errors
/// As [`write_eval_page`].
pub fn render_eval_page(runs: &[EvalRun], seed: u64) -> Result<String, TrainError> {
    let fault = |why: String| TrainError::Report { why };
    let mut names: Vec<&str> = Vec::new();
    for run in runs {
        if !names.contains(&run.summary.task.as_str()) {
            names.push(&run.summary.task);
        }
    }
    let mut tasks = Vec::new();
    for name in names {
        let runs: Vec<&EvalRun> = runs.iter().filter(|run| run.summary.task == name).collect();
        tasks.push(task_view(name, &runs, seed).map_err(|why| TrainError::RunsDiffer { why })?);
    }
    let page = Page { style: include_str!("page.css"), tasks };
    let render = || environment()?.get_template("eval.html")?.render(Value::from(Serde(page)));
    render().map_err(|error| fault(format!("{error:#}")))
}

impl EvalRun {
    pub(super) fn shown_name(&self) -> String {
        shown(&self.name.clone().unwrap_or_else(|| self.summary.model_name()), 60)
    }
}

fn task_view(name: &str, runs: &[&EvalRun], seed: u64) -> Result<TaskView, String> {
    let (mut verdicts, mut more) = (Vec::new(), Vec::new());
    let mut differences = Vec::new();
    let (first, others) = runs.split_first().ok_or("there is no run")?;
    if others.is_empty() {
        verdicts.push(alone(first));
    }
    let (pairs, wanted) = pairs(runs);
    for (number, (base, run)) in pairs.into_iter().enumerate() {
        let found = compare(&base.results, &run.results, seed)
            .map_err(|error| format!("{}: {error}", run.shown_name()))?;
        let verdict = verdict(base, run, &found);
        if number < wanted {
            verdicts.push(verdict)
        } else {
            more.push(verdict)
        }
        if found.perplexity_ratio.is_none() {
            let part = &found.overall;
            differences.push([
                format!("{} against {}", run.shown_name(), base.shown_name()),
                if part.clusters < part.n {
                    format!("{} in {} clusters", count(part.n), count(part.clusters))
                } else {
                    count(part.n)
                },
                signed(100.0 * part.difference),
                format!("{} to {}", signed(100.0 * part.low), signed(100.0 * part.high)),
                format!("{} won, {} lost", count(part.only_b), count(part.only_a)),
                part.shown_p_value().replace('-', "\u{2212}"),
            ]);
        }
    }
    let tools = runs.iter().flat_map(|run| {
        run.summary.calls.tools.iter().map(|(tool, counts)| {
            let errors: Vec<String> = counts
                .errors
                .iter()
                .map(|(why, n)| format!("{} {}", count(*n), why.replace('_', " ")))
                .collect();
            [
                run.shown_name(),
                shown(tool, 60),
                count(counts.items),
                count(counts.calls),
                count(counts.executed),
                if errors.is_empty() { "none".to_owned() } else { errors.join(", ") },
            ]
        })
    });
    let charts = [of_measure(runs), sweep(runs), by_category(runs)];
    Ok(TaskView {
        name: shown(name, 60),
        verdicts,
        more,
        charts: charts.into_iter().flatten().collect(),
        runs: runs.iter().map(|run| row(run)).collect(),
        differences,
        tools: tools.collect(),
        examples: examples(first, others.last().copied()),
    })
}

fn percent(part: Option<Proportion>) -> String {
    part.map_or_else(|| "–".to_owned(), |part| format!("{:.1} %", 100.0 * part.value))
}

fn with_interval(part: Proportion) -> String {
    format!("{:.1} % ({:.1} to {:.1})", 100.0 * part.value, 100.0 * part.low, 100.0 * part.high)
}

fn measure(summary: &Summary) -> String {
    match (summary.perplexity(), summary.accuracy()) {
        (Some(found), _) => format!("perplexity {:.3} ({:.3} to {:.3})", found.value, found.low, found.high),
        (None, Some(found)) => with_interval(found),
        (None, None) => "–".to_owned(),
    }
}

fn row(run: &EvalRun) -> [String; 10] {
    let Summary { n, calls, split, tokens, seconds, .. } = &run.summary;
    let part = |part: f64| if calls.n == 0 { "–".to_owned() } else { format!("{:.1} %", 100.0 * part) };
    [
        run.shown_name(),
        count(*n),
        measure(&run.summary),
        format!("{:.1} %", 100.0 * calls.rate),
        part(calls.valid),
        part(calls.executed),
        percent(split.call),
        percent(split.no_call),
        count(tokens.prompt + tokens.completion),
        span(*seconds),
    ]
}

fn alone(run: &EvalRun) -> String {
    let Summary { n, .. } = &run.summary;
    match (run.summary.perplexity(), run.summary.accuracy()) {
        (None, Some(found)) => format!("{} of {} answers are right.", with_interval(found), count(*n)),
        _ => format!("{} over {} texts.", measure(&run.summary), count(*n)),
    }
}

/// What the last run made of some items, with and without the first one's answers beside it.
fn examples(first: &EvalRun, last: Option<&EvalRun>) -> Vec<Examples> {
    let run = last.unwrap_or(first);
    let right_before =
        |id: &str| last.map(|_| first.results.iter().any(|result| result.id == id && result.correct));
    type Wanted<'a> = (&'a str, Box<dyn Fn(&ItemResult) -> bool + 'a>);
    let kinds: [Wanted<'_>; 4] = [
        ("Right, with a call", Box::new(|result| result.correct && result.has_call())),
        ("Wrong, with a call", Box::new(|result| !result.correct && result.has_call())),
        (
            "Wrong, and the first run was right",
            Box::new(|result| !result.correct && right_before(&result.id) == Some(true)),
        ),
        ("Wrong, without a call", Box::new(|result| !result.correct && !result.has_call())),
    ];
    let example = |result: &ItemResult| Example {
        id: shown(&result.id, 60),
        prompt: shown(&result.prompt, MOST_SHOWN),
        output: shown(&result.output, MOST_SHOWN),
        prediction: shown(&result.prediction, 100),
        answers: shown(&result.answers.join(" / "), 200),
        correct: result.correct,
    };
    let of_kind = |(what, wanted): &Wanted<'_>| Examples {
        what: (*what).to_owned(),
        rows: run
            .results
            .iter()
            .filter(|result| result.likelihood.is_none() && wanted(result))
            .take(EXAMPLES)
            .map(example)
            .collect(),
    };
    kinds.iter().map(of_kind).filter(|examples| !examples.rows.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use toolformer_eval::{CallResult, Condition, Likelihood, SummaryLabels};
    use toolformer_text::CallStatus;

    use super::*;

    fn run(task: &str, condition: Condition, results: Vec<ItemResult>, k: Option<usize>) -> EvalRun {
        let labels = SummaryLabels { task: task.to_owned(), condition, k, seconds: 12.0, seed: 0 };
        EvalRun { name: None, summary: Summary::of(&results, &labels), results }
    }

    fn results(right: usize, with_call: bool) -> Vec<ItemResult> {
        let call = CallResult {
            tool: "Calculator".to_owned(),
            args: "6 * 7".to_owned(),
            result: Some("42".to_owned()),
            status: CallStatus::Ok,
            error: None,
        };
        let result = |i: usize| ItemResult {
            id: format!("item {i}"),
            prompt: "Six times <b>seven</b> is".to_owned(),
            output: " [Calculator(6 * 7) -> 42] 42.".to_owned(),
            answers: vec!["42".to_owned()],
            correct: i < right,
            calls: if with_call { vec![call.clone()] } else { Vec::new() },
            category: Some(["mul", "add"][i % 2].to_owned()),
            ..ItemResult::default()
        };
        (0..60).map(result).collect()
    }

    #[test]
    fn the_verdict_comes_first() {
        let runs = [
            run("svamp", Condition::Plain, results(6, false), None),
            run("svamp", Condition::Toolformer, results(24, true), None),
        ];
        let page = render_eval_page(&runs, 0).unwrap();
        let verdict = "Toolformer is better than plain: 40.0 % right against 10.0 %, 4.0 times as many (";
        let at = page.find(verdict).unwrap_or_else(|| panic!("{page}"));
        assert!(page.contains("difference +30.0 points") && !page.contains("<details"), "{page}");
        assert!(page.contains("Chance is no explanation") && at < page.find("<svg").unwrap());
        assert!(page.contains("18 won, 0 lost") && page.contains("Right, with a call"));
        // What a model or a set wrote is text.
        assert!(page.contains("&lt;b&gt;seven") && !page.contains("<b>seven"));
        assert_eq!(render_eval_page(&runs, 0).unwrap(), page);
    }

    #[test]
    fn a_run_alone_and_no_difference_are_said_too() {
        let alone = render_eval_page(&[run("nq", Condition::Plain, results(30, false), None)], 0).unwrap();
        assert!(alone.contains("50.0 % (") && alone.contains("of 60 answers are right"), "{alone}");
        let same = [
            run("nq", Condition::Plain, results(3, false), None),
            run("nq", Condition::Toolformer, results(3, true), None),
        ];
        let same = render_eval_page(&same, 0).unwrap();
        assert!(same.contains("No difference is shown between Toolformer and plain"), "{same}");
    }

    #[test]
    fn perplexities_are_set_side_by_side() {
        let texts = |nats: f64| {
            let text = |i: usize| ItemResult {
                id: i.to_string(),
                likelihood: Some(Likelihood { nats: nats + i as f64, tokens: 10 }),
                ..ItemResult::default()
            };
            (0..20).map(text).collect::<Vec<_>>()
        };
        let runs = [
            run("texts", Condition::PlainFinetuned, texts(20.0), None),
            run("texts", Condition::ToolformerDisabled, texts(20.2), None),
        ];
        let page = render_eval_page(&runs, 0).unwrap();
        assert!(page.contains("perplexity is higher than that of plain + CC by 2.0 %"), "{page}");
    }

    #[test]
    fn kinds_are_named_in_full() {
        let mut rows = results(24, true);
        for (number, row) in rows.iter_mut().enumerate() {
            row.category = Some(["holiday-distance", "a kind with a very long name"][number % 2].to_owned());
        }
        let page = render_eval_page(&[run("dates", Condition::Plain, rows, None)], 0).unwrap();
        let chart = page.split_once("By kind of question").unwrap().1.split_once("</svg>").unwrap().0;
        assert!(chart.contains(">holiday-distance<") && chart.contains(">a kind with a very l…<"), "{chart}");
        assert!(chart.contains("<title>a kind with a very long name, plain: 40.0 % ("), "{chart}");
    }

    #[test]
    fn the_papers_conditions_are_no_sweep() {
        let runs = [
            run("svamp", Condition::Plain, results(6, false), None),
            run("svamp", Condition::PlainFinetuned, results(6, false), None),
            run("svamp", Condition::ToolformerDisabled, results(6, false), Some(0)),
            run("svamp", Condition::Toolformer, results(24, true), Some(10)),
        ];
        let page = render_eval_page(&runs, 0).unwrap();
        assert!(page.contains(">disabled<") && page.contains(">Toolformer<"), "{page}");
        assert!(!page.contains("How eager"), "{page}");
        assert!(page.contains("Toolformer (k = 10) is better than plain"), "{page}");
        let two = [6, 24].map(|right| EvalRun {
            name: Some(format!("run of {right}")),
            ..run("svamp", Condition::Toolformer, results(right, true), Some(10))
        });
        let page = render_eval_page(&two, 0).unwrap();
        assert!(page.contains("run of 24 is better than run of 6") && !page.contains("How eager"), "{page}");
    }

    #[test]
    fn items_of_a_cluster_are_said() {
        let rows = |right| {
            let mut rows = results(right, false);
            rows.iter_mut().enumerate().for_each(|(n, row)| row.cluster = Some((n / 3).to_string()));
            rows
        };
        let runs = [(Condition::Plain, 6), (Condition::Toolformer, 30)]
            .map(|(condition, right)| run("mlqa", condition, rows(right), None));
        assert!(render_eval_page(&runs, 0).unwrap().contains("60 in 20 clusters"));
    }

    #[test]
    fn a_sweep_is_drawn() {
        let runs = [0, 1, 3, 10].map(|k| run("svamp", Condition::Toolformer, results(6 + k, k > 0), Some(k)));
        let page = render_eval_page(&runs, 0).unwrap();
        assert!(page.contains("How eager should it be?") && page.contains("k = 10"), "{page}");
        // One verdict is to be seen, and the others behind it.
        let (seen, folded) = page.split_once("<summary>4 further comparisons</summary>").unwrap();
        assert_eq!(seen.matches("<p><strong>").count(), 1, "{seen}");
        assert_eq!(folded.split_once("</details>").unwrap().0.matches("<p>").count(), 4, "{folded}");
    }
}
