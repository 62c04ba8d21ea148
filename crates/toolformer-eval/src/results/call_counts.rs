//! How often tools were called, and what it helped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toolformer_text::CallStatus;

use super::ItemResult;
use crate::Proportion;

/// Calls of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallCounts {
    /// Items with a call that was begun, from 0 to 1.
    pub rate: f64,
    /// Calls of a tool that is there, with arguments that it could read, of all that were begun.
    pub valid: f64,
    /// Calls that the tool answered, of all that were begun.
    pub executed: f64,
    /// Calls that were begun.
    pub n: usize,
    /// Those of them that never became a call: no name, no end.
    #[serde(default)]
    pub malformed: usize,
    /// By the tool's name, as it was written.
    pub tools: BTreeMap<String, ToolCounts>,
}

/// Calls of one tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolCounts {
    /// Items with a call of it.
    pub items: usize,
    /// Calls.
    pub calls: usize,
    /// Those that it answered.
    pub executed: usize,
    /// The others, by what became of them: `bad_arguments`, `timed_out`, `no_result` and so on.
    pub errors: BTreeMap<String, usize>,
}

impl CallCounts {
    /// Of a run's results. The parts are 0 where there is nothing to divide by.
    pub fn of(results: &[ItemResult]) -> Self {
        let mut counts = Self::default();
        let (mut with_call, mut valid, mut executed) = (0, 0, 0);
        for result in results {
            with_call += usize::from(result.has_call());
            counts.n += result.malformed_calls;
            counts.malformed += result.malformed_calls;
            for (at, call) in result.calls.iter().enumerate() {
                counts.n += 1;
                valid += usize::from(call.is_valid());
                executed += usize::from(call.is_executed());
                let tool = counts.tools.entry(call.tool.clone()).or_default();
                tool.items += usize::from(!result.calls[..at].iter().any(|before| before.tool == call.tool));
                tool.calls += 1;
                match call.is_executed() {
                    true => tool.executed += 1,
                    false => *tool.errors.entry(name_of(call.status)).or_default() += 1,
                }
            }
        }
        let part = |of: usize, all: usize| if all == 0 { 0.0 } else { of as f64 / all as f64 };
        counts.rate = part(with_call, results.len());
        counts.valid = part(valid, counts.n);
        counts.executed = part(executed, counts.n);
        counts
    }
}

/// As it is written in JSON.
fn name_of(status: CallStatus) -> String {
    serde_json::to_value(status).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Accuracy on the items with a call and on those without: Table 9.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallSplit {
    /// On all items.
    pub all: Option<Proportion>,
    /// On those with a call; none if there is none.
    pub call: Option<Proportion>,
    /// On those without.
    pub no_call: Option<Proportion>,
    /// Items with a call, in per cent.
    pub call_percent: f64,
}

impl CallSplit {
    /// Of a run's results; `seed` is that of the intervals.
    pub fn of(results: &[ItemResult], seed: u64) -> Self {
        let of = |wanted: &dyn Fn(&ItemResult) -> bool| {
            Proportion::clustered(
                results.iter().filter(|result| wanted(result)).map(ItemResult::outcome),
                seed,
            )
        };
        Self {
            all: of(&|_| true),
            call: of(&ItemResult::has_call),
            no_call: of(&|result| !result.has_call()),
            call_percent: 100.0 * CallCounts::of(results).rate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CallResult;

    fn result(correct: bool, calls: &[(&str, CallStatus)]) -> ItemResult {
        let call = |&(tool, status): &(&str, CallStatus)| CallResult {
            tool: tool.to_owned(),
            args: String::new(),
            result: None,
            status,
            error: None,
        };
        ItemResult { correct, calls: calls.iter().map(call).collect(), ..ItemResult::default() }
    }

    #[test]
    fn calls_are_counted_by_tool_and_by_what_became_of_them() {
        let results = [
            result(true, &[("QA", CallStatus::Ok), ("QA", CallStatus::TimedOut)]),
            result(false, &[("Calculator", CallStatus::BadArguments)]),
            result(true, &[("Oracle", CallStatus::UnknownTool)]),
            result(false, &[]),
        ];
        let counts = CallCounts::of(&results);
        assert_eq!((counts.rate, counts.valid, counts.executed, counts.n), (0.75, 0.5, 0.25, 4));
        let begun = [&results[..], &[ItemResult { malformed_calls: 1, ..ItemResult::default() }]].concat();
        let counts_begun = CallCounts::of(&begun);
        assert_eq!((counts_begun.rate, counts_begun.valid, counts_begun.n), (0.8, 0.4, 5));
        assert_eq!((counts_begun.malformed, CallSplit::of(&begun, 0).call_percent), (1, 80.0));
        let qa = &counts.tools["QA"];
        assert_eq!((qa.items, qa.calls, qa.executed, qa.errors["timed_out"]), (1, 2, 1, 1));
        assert_eq!(counts.tools["Oracle"].errors["unknown_tool"], 1);
        assert_eq!(CallCounts::of(&[]), CallCounts::default());
    }

    #[test]
    fn accuracy_is_split_by_whether_there_is_a_call() {
        let called = |correct| result(correct, &[("QA", CallStatus::Ok)]);
        let results = [called(true), called(true), called(false), result(false, &[])];
        let split = CallSplit::of(&results, 0);
        let value = |part: Option<Proportion>| part.map(|part| part.value);
        assert_eq!(value(split.all), Some(0.5));
        assert_eq!(value(split.call), Some(2.0 / 3.0));
        assert_eq!((value(split.no_call), split.call_percent), (Some(0.0), 75.0));
        assert_eq!(CallSplit::of(&results[..3], 0).no_call, None);
    }
}
