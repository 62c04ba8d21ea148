//! Results as the paper's tables, in Markdown.

use std::collections::BTreeSet;

use super::{CallSplit, Condition, Summary, summary::model_name};
use crate::Proportion;

/// A table of tasks and conditions, as Tables 3 to 5 of the paper: a row for each condition and k that is there, or several where
/// a task has several runs of it; a column for each task in the order in which they are met; accuracy in per cent or perplexity,
/// with its interval. `–` where there is no run.
pub fn conditions_table(summaries: &[Summary]) -> String {
    let mut tasks: Vec<&str> = Vec::new();
    for summary in summaries {
        if !tasks.contains(&summary.task.as_str()) {
            tasks.push(&summary.task);
        }
    }
    let header: Vec<String> =
        std::iter::once("Model".to_owned()).chain(tasks.iter().map(|&task| cell(task))).collect();
    let runs = |model: (Condition, Option<usize>), task: &str| -> Vec<&Summary> {
        summaries.iter().filter(|found| found.model() == model && found.task == task).collect()
    };
    let models: BTreeSet<(Condition, Option<usize>)> = summaries.iter().map(Summary::model).collect();
    let rows = models.into_iter().flat_map(|model| {
        let of_tasks: Vec<Vec<&Summary>> = tasks.iter().map(|task| runs(model, task)).collect();
        let lines = of_tasks.iter().map(Vec::len).max().unwrap_or(0);
        let line = move |line: usize| {
            let values =
                of_tasks.iter().map(|runs| runs.get(line).map_or_else(|| "–".to_owned(), |run| value(run)));
            std::iter::once(model_name(model)).chain(values).collect::<Vec<String>>()
        };
        (0..lines).map(line).collect::<Vec<_>>()
    });
    table(&header, rows)
}

/// A row of Table 9: what decoding with a start of calls among the `k` most likely tokens gives.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SweepRow {
    /// A call starts where its marker is among so many most likely tokens; 0: never.
    pub k: usize,
    /// The task's name.
    pub task: String,
    /// What it gave.
    pub split: CallSplit,
}

/// A table by `k`, as Table 9 of the paper: for each task accuracy on all items, on those with a call, on those
/// without, and the part with a call, all in per cent.
pub fn sweep_table(rows: &[SweepRow]) -> String {
    let (mut tasks, mut ks): (Vec<&str>, Vec<usize>) = (Vec::new(), Vec::new());
    for row in rows {
        if !tasks.contains(&row.task.as_str()) {
            tasks.push(&row.task);
        }
        ks.push(row.k);
    }
    ks.sort_unstable();
    ks.dedup();
    let columns = ["All", "call", "no call", "% call"];
    let of_task = |&task: &&str| columns.map(|column| format!("{} {column}", cell(task)));
    let header: Vec<String> = std::iter::once("k".to_owned()).chain(tasks.iter().flat_map(of_task)).collect();
    let lines = ks.iter().map(|k| {
        let values = tasks.iter().flat_map(|task| {
            let row = rows.iter().find(|row| row.k == *k && row.task == *task);
            row.map_or_else(|| [(); 4].map(|()| "–".to_owned()), |row| split_cells(&row.split))
        });
        std::iter::once(k.to_string()).chain(values).collect()
    });
    table(&header, lines)
}

fn split_cells(split: &CallSplit) -> [String; 4] {
    let value =
        |part: Option<Proportion>| part.map_or("–".to_owned(), |part| format!("{:.1}", 100.0 * part.value));
    [value(split.all), value(split.call), value(split.no_call), format!("{:.1}", split.call_percent)]
}

fn value(run: &Summary) -> String {
    match (run.accuracy(), run.perplexity()) {
        (Some(Proportion { value, low, high }), _) => {
            format!("{:.1} ({:.1}–{:.1})", 100.0 * value, 100.0 * low, 100.0 * high)
        }
        (None, Some(Proportion { value, low, high })) => format!("{value:.2} ({low:.2}–{high:.2})"),
        (None, None) => "–".to_owned(),
    }
}

/// A name that breaks no table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

fn table(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("|---|{}\n", "---:|".repeat(header.len() - 1));
    line(header) + &rule + &rows.map(|row| line(&row)).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ItemResult, SummaryLabels};

    fn summary(task: &str, condition: Condition, k: Option<usize>, right: usize, n: usize) -> Summary {
        let result = |i: usize| ItemResult { id: i.to_string(), correct: i < right, ..ItemResult::default() };
        let labels = SummaryLabels { task: task.to_owned(), condition, k, seconds: 0.0, seed: 0 };
        Summary::of(&(0..n).map(result).collect::<Vec<_>>(), &labels)
    }

    #[test]
    fn conditions_stand_in_the_papers_order_and_gaps_are_shown() {
        let summaries = [
            summary("svamp", Condition::Toolformer, Some(10), 4, 4),
            summary("svamp", Condition::Plain, None, 0, 4),
            summary("a|b", Condition::Toolformer, Some(10), 4, 4),
            summary("svamp", Condition::Toolformer, Some(3), 0, 4),
            summary("svamp", Condition::ToolformerDisabled, Some(0), 0, 4),
        ];
        assert_eq!(
            conditions_table(&summaries),
            "| Model | svamp | a\\|b |\n\
             |---|---:|---:|\n\
             | plain | 0.0 (0.0–60.2) | – |\n\
             | Toolformer (disabled) | 0.0 (0.0–60.2) | – |\n\
             | Toolformer (k = 3) | 0.0 (0.0–60.2) | – |\n\
             | Toolformer (k = 10) | 100.0 (39.8–100.0) | 100.0 (39.8–100.0) |\n"
        );
        let several =
            [summary("nq", Condition::Plain, None, 2, 4), summary("nq", Condition::Plain, None, 1, 4)];
        assert_eq!(conditions_table(&several).matches("| plain |").count(), 2);
    }

    #[test]
    fn a_sweep_has_four_columns_a_task() {
        let part = |value| Some(Proportion { value, low: value, high: value });
        let split = |all, call, no_call, call_percent| CallSplit { all, call, no_call, call_percent };
        let rows = [
            SweepRow { k: 10, task: "nq".into(), split: split(part(0.535), part(0.54), part(0.225), 98.1) },
            SweepRow { k: 0, task: "nq".into(), split: split(part(0.349), None, part(0.349), 0.0) },
        ];
        assert_eq!(
            sweep_table(&rows),
            "| k | nq All | nq call | nq no call | nq % call |\n\
             |---|---:|---:|---:|---:|\n\
             | 0 | 34.9 | – | 34.9 | 0.0 |\n\
             | 10 | 53.5 | 54.0 | 22.5 | 98.1 |\n"
        );
    }
}
