//! Executing sampled calls (section 2, "Executing API Calls").

use std::{collections::HashMap, num::NonZeroUsize};

use toolformer_text::{CallError, CallStatus, CallsUnderWay, Registry};

use crate::candidate::{Candidate, Status, name_and_args};

/// Runs the candidates that are calls without a result, and enters what they gave; equal calls run once, and up to `jobs` at
/// the same time. Which they are changes nothing but the time.
pub fn execute(registry: &Registry, candidates: &mut [Candidate], jobs: NonZeroUsize) {
    // In the order in which they were sampled.
    let mut calls: Vec<(String, Vec<usize>)> = Vec::new();
    let mut number_of: HashMap<String, usize> = HashMap::new();
    for (i, candidate) in candidates.iter().enumerate() {
        if candidate.status == Status::Ok && candidate.result.is_none() && candidate.name_and_args().is_some()
        {
            let number = *number_of.entry(candidate.call.clone()).or_insert(calls.len());
            if number == calls.len() {
                calls.push((candidate.call.clone(), Vec::new()));
            }
            calls[number].1.push(i);
        }
    }
    let mut under_way = CallsUnderWay::default();
    let mut enter = |(number, outcome): (usize, Result<String, CallError>)| {
        for &i in &calls[number].1 {
            (candidates[i].status, candidates[i].result) = entered(&outcome);
        }
    };
    for (number, (call, _)) in calls.iter().enumerate() {
        let Some((name, args)) = name_and_args(call) else { continue };
        under_way.start(number, registry, name, args);
        while under_way.len() >= jobs.get()
            && let Some(ended) = under_way.next_ended(None, |_| true)
        {
            enter(ended);
        }
    }
    while let Some(ended) = under_way.next_ended(None, |_| true) {
        enter(ended);
    }
}

/// What a candidate says of an outcome.
fn entered(outcome: &Result<String, CallError>) -> (Status, Option<String>) {
    match outcome {
        Ok(result) => (Status::Ok, Some(result.clone())),
        Err(error) => {
            let status = match error.status() {
                CallStatus::BadArguments => Status::BadArguments,
                CallStatus::NoResult => Status::NoResult,
                _ => Status::ToolError,
            };
            // What the tool itself said, where it was the tool that said no.
            let said = std::error::Error::source(error).map(ToString::to_string);
            (status, Some(said.unwrap_or_else(|| error.to_string())))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;
    use toolformer_text::{FnTool, ToolError};

    use super::*;

    fn candidates(calls: &[(&str, &str)]) -> Vec<Candidate> {
        let candidate = |&(call, status): &(&str, &str)| {
            serde_json::from_value(json!({"text_id": 0, "tool": "Up", "position": 0, "token_position": 0,
                                          "p_start": 0.1, "call": call, "status": status}))
            .unwrap()
        };
        calls.iter().map(candidate).collect()
    }

    /// Says its argument in capitals, but not `no` and `never`; counts how often it is asked.
    fn registry(asked: &'static AtomicUsize) -> Registry {
        let mut registry = Registry::new();
        let up = move |args: &str| {
            asked.fetch_add(1, Ordering::Relaxed);
            match args {
                "no" => Err(ToolError::bad_arguments("say yes")),
                "never" => Err(ToolError::failed("out of order")),
                args => Ok(args.to_uppercase()),
            }
        };
        registry.insert(FnTool::new("Up", "capitals", up)).unwrap();
        registry
    }

    #[test]
    fn each_call_runs_once_and_says_what_it_gave() {
        for jobs in [1, 2, 9] {
            static ASKED: AtomicUsize = AtomicUsize::new(0);
            ASKED.store(0, Ordering::Relaxed);
            let mut all = candidates(&[
                ("Up(a)", "ok"),
                ("Up(no)", "ok"),
                ("Up(a)", "ok"),
                ("Up(never)", "ok"),
                ("Up(b)", "duplicate"),
                ("Up(c", "unparsable"),
                ("Down(d)", "ok"),
            ]);
            execute(&registry(&ASKED), &mut all, NonZeroUsize::new(jobs).unwrap());
            let found: Vec<(Status, Option<&str>)> =
                all.iter().map(|candidate| (candidate.status, candidate.result.as_deref())).collect();
            assert_eq!(found[0], (Status::Ok, Some("A")));
            assert_eq!(found[1], (Status::BadArguments, Some("bad arguments: say yes")));
            assert_eq!(found[2], found[0]);
            assert_eq!(found[3], (Status::ToolError, Some("out of order")));
            assert_eq!(found[4..6], [(Status::Duplicate, None), (Status::Unparsable, None)]);
            assert_eq!(found[6].0, Status::ToolError);
            assert_eq!(ASKED.load(Ordering::Relaxed), 3, "{jobs} at once");
            // What has a result is not run again.
            let before = all.clone();
            execute(&registry(&ASKED), &mut all, NonZeroUsize::MIN);
            assert_eq!((all, ASKED.load(Ordering::Relaxed)), (before, 3));
        }
    }
}
