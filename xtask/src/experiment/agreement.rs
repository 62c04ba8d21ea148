//! How far sampled calls agree with the calculations that people marked.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::marks::{Mark, number};
use super::{THRESHOLDS, is_kept};

/// A text without its marks, and these.
pub(super) type Marked = (String, Vec<Mark>);

/// Counts of some calls.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Agreement {
    /// Calls with a result.
    pub(super) calls: usize,
    /// Those that stand where a mark stood and give its result.
    pub(super) agree: usize,
    /// Those that give the result of any mark of the text, wherever they stand.
    pub(super) result: usize,
    /// Marks with at least one call that agrees.
    pub(super) found: usize,
}

/// Numbers are written with at most so much of an error.
const ROUNDING: f64 = 0.005;

/// Counts the calls that `wanted` takes; texts are named by their ids.
pub(super) fn agreement(
    texts: &HashMap<String, Marked>,
    candidates: &[Value],
    wanted: impl Fn(&Value) -> bool,
) -> Agreement {
    let mut found: HashMap<&str, Vec<bool>> = HashMap::new();
    let mut counts = Agreement::default();
    for candidate in candidates.iter().filter(|row| row["status"] == "ok" && wanted(row)) {
        let Some((id, (text, marks))) = candidate["text_id"].as_str().and_then(|id| texts.get_key_value(id))
        else {
            continue;
        };
        counts.calls += 1;
        let result = candidate["result"].as_str().and_then(number);
        let place = candidate["position"].as_u64().unwrap_or(u64::MAX) as usize;
        let same = |mark: &Mark| result.is_some_and(|result| (result - mark.result).abs() <= ROUNDING);
        let hits = marks.iter().map(|mark| same(mark) && is_same_place(text, place, mark.position));
        let hits: Vec<bool> = hits.collect();
        counts.agree += usize::from(hits.contains(&true));
        counts.result += usize::from(marks.iter().any(same));
        let found = found.entry(id).or_insert_with(|| vec![false; marks.len()]);
        found.iter_mut().zip(hits).for_each(|(found, hit)| *found |= hit);
    }
    counts.found = found.values().flatten().filter(|&&found| found).count();
    counts
}

/// Whether there is nothing but blanks and a currency between two places.
fn is_same_place(text: &str, one: usize, other: usize) -> bool {
    let between = text.get(one.min(other)..one.max(other));
    between.is_some_and(|between| between.chars().all(|c| c.is_whitespace() || "$€£".contains(c)))
}

/// The table: before filtering, and at each threshold.
pub(super) fn table(texts: &HashMap<String, Marked>, candidates: &[Value]) -> String {
    let marks: usize = texts.values().map(|(_, marks)| marks.len()).sum();
    let mut out =
        format!("{} texts, {marks} marked calculations, {} samples\n\n", texts.len(), candidates.len());
    let _ = writeln!(
        out,
        "{:<22}{:>8}{:>12}{:>12}{:>14}{:>12}",
        "", "calls", "agree", "precision", "marks found", "recall"
    );
    let mut row = |name: &str, counts: &Agreement| {
        let part = |part: usize, of: usize| match of {
            0 => "-".to_owned(),
            of => format!("{:.1} %", 100.0 * part as f64 / of as f64),
        };
        let Agreement { calls, agree, found, .. } = *counts;
        let (precision, recall) = (part(agree, calls), part(found, marks));
        let _ = writeln!(out, "{name:<22}{calls:>8}{agree:>12}{precision:>12}{found:>14}{recall:>12}");
    };
    row("executed", &agreement(texts, candidates, |_| true));
    for tau_f in THRESHOLDS {
        row(&format!("kept at tau_f = {tau_f}"), &agreement(texts, candidates, |row| is_kept(row, tau_f)));
    }
    out.push_str("\nA call agrees if it stands where a mark stood and gives its result.\n");
    let any = |tau_f: Option<f64>| {
        let counts = agreement(texts, candidates, |row| tau_f.is_none_or(|tau_f| is_kept(row, tau_f)));
        format!("{} of {}", counts.result, counts.calls)
    };
    let _ = writeln!(
        out,
        "The result of some mark of the text, wherever the call stands: {} executed, {} kept at 0.5, {} at 1, {} at 2.",
        any(None),
        any(Some(0.5)),
        any(Some(1.0)),
        any(Some(2.0))
    );
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts() -> HashMap<String, Marked> {
        let text = "48/2 = $24 and 24*.5 = 12.".to_owned();
        let marks = vec![Mark { position: 8, result: 24.0 }, Mark { position: 23, result: 12.0 }];
        HashMap::from([("0".to_owned(), (text, marks))])
    }

    #[track_caller]
    fn check(rows: &[(usize, &str, &str)], expected: [usize; 4]) {
        let row = |&(position, status, result): &(usize, &str, &str)| json!({"text_id": "0", "position": position, "status": status, "result": result, "delta": 0.7});
        let rows: Vec<Value> = rows.iter().map(row).collect();
        let found = agreement(&texts(), &rows, |_| true);
        assert_eq!([found.calls, found.agree, found.result, found.found], expected);
    }

    #[test]
    fn a_call_agrees_at_its_place_with_its_result() {
        check(&[(8, "ok", "24")], [1, 1, 1, 1]);
        // Before the currency, and before the blank before it.
        check(&[(7, "ok", "24.00"), (6, "ok", "24")], [2, 2, 2, 1]);
        check(&[(22, "ok", "12"), (23, "ok", "12.01")], [2, 1, 1, 1]);
        // Elsewhere, of another mark, no number, no call.
        check(&[(0, "ok", "24"), (8, "ok", "12"), (8, "ok", "x"), (8, "tool_error", "24")], [3, 0, 2, 0]);
    }

    #[test]
    fn the_table_counts_before_and_behind_the_filter() {
        let rows = [
            json!({"text_id": "0", "position": 8, "status": "ok", "result": "24", "delta": 0.7}),
            json!({"text_id": "0", "position": 0, "status": "ok", "result": "5", "delta": 0.1}),
        ];
        let table = table(&texts(), &rows);
        let line = |name: &str| {
            let line = table.lines().find(|line| line.starts_with(name)).unwrap();
            line[22..].split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(line("executed"), ["2", "1", "50.0", "%", "1", "50.0", "%"]);
        assert_eq!(line("kept at tau_f = 0.5"), ["1", "1", "100.0", "%", "1", "50.0", "%"]);
        assert_eq!(line("kept at tau_f = 1"), ["0", "0", "-", "0", "0.0", "%"]);
    }
}
