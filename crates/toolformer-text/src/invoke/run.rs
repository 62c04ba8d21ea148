//! Calls run one by one or several at a time, their outcomes in the order of the text.

use std::{
    collections::HashMap,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use futures_util::stream::{self, StreamExt};

use super::{Invoker, Policy};
use crate::{Call, CallError, registry::Answer};

type Outcome = Result<String, CallError>;

/// The calls to run, and which outcome belongs to which call of the text.
struct Plan<'c> {
    tasks: Vec<&'c Call>,
    /// For each call of the text its task; `None` for one that holds a result.
    task_of: Vec<Option<usize>>,
}

impl<'c> Plan<'c> {
    /// With `once`, calls that are written alike share a task.
    fn new(calls: &'c [Call], once: bool) -> Self {
        let (mut tasks, mut seen) = (Vec::new(), HashMap::new());
        let task_of = calls.iter().map(|call| {
            if call.result.is_some() {
                return None;
            }
            let key = (&call.name, &call.args);
            if let Some(&task) = seen.get(&key).filter(|_| once) {
                return Some(task);
            }
            seen.insert(key, tasks.len());
            tasks.push(call);
            Some(tasks.len() - 1)
        });
        Self { task_of: task_of.collect(), tasks }
    }

    /// The outcome of each call of the text, up to the first whose task has none.
    fn by_call(&self, outcomes: &[Outcome]) -> Vec<Option<Outcome>> {
        let outcome = |&task: &Option<usize>| match task {
            None => Some(None),
            Some(task) => outcomes.get(task).cloned().map(Some),
        };
        self.task_of.iter().map_while(outcome).collect()
    }
}

impl Invoker<'_> {
    /// The outcomes of the calls that hold no result; under [`Policy::Fail`] only up to the first failure.
    pub(super) fn run(&self, calls: &[Call]) -> Vec<Option<Outcome>> {
        let plan = Plan::new(calls, self.tools.cache().is_some());
        let outcomes = self.run_tasks(&plan.tasks);
        plan.by_call(&outcomes)
    }

    fn stops_at(&self, outcome: &Outcome) -> bool {
        outcome.as_ref().is_err_and(|error| self.policies.of(error.status()) == Policy::Fail)
    }

    /// Workers, of which this thread is one, take the tasks in their order. What they give is recorded here, in that order again, so that the
    /// cache's log does not depend on who was faster.
    fn run_tasks(&self, tasks: &[&Call]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(tasks.len());
        let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 1..self.jobs.get().min(tasks.len()) {
                let (sender, next, stopped) = (sender.clone(), &next, &stopped);
                let worker =
                    move || self.work(tasks, next, stopped, |answered| sender.send(answered).is_ok());
                // Where there is no thread left, fewer calls run at a time.
                if thread::Builder::new().spawn_scoped(scope, worker).is_err() {
                    break;
                }
            }
            drop(sender);
            let mut early = HashMap::new();
            let mut take = |(task, answer): (usize, Answer)| {
                early.insert(task, answer);
                while let Some(answer) = early.remove(&outcomes.len()) {
                    let call = tasks[outcomes.len()];
                    self.tools.keep(&call.name, &call.args, &answer);
                    outcomes.push(answer.outcome);
                }
                true
            };
            // This thread works too, and takes what the others have done in between.
            self.work(tasks, &next, &stopped, |answered| {
                receiver.try_iter().for_each(|other| {
                    take(other);
                });
                take(answered)
            });
            receiver.into_iter().for_each(|other| {
                take(other);
            });
        });
        outcomes
    }

    /// Runs the next task until there is none.
    fn work(
        &self,
        tasks: &[&Call],
        next: &AtomicUsize,
        stopped: &AtomicBool,
        mut done: impl FnMut((usize, Answer)) -> bool,
    ) {
        while !stopped.load(Ordering::Relaxed) {
            let task = next.fetch_add(1, Ordering::Relaxed);
            let Some(call) = tasks.get(task) else { break };
            let answer = self.tools.ask(&call.name, &call.args);
            if self.stops_at(&answer.outcome) {
                stopped.store(true, Ordering::Relaxed);
            }
            if !done((task, answer)) {
                break;
            }
        }
    }

    /// As [`Self::run`], without blocking.
    pub(super) async fn run_async(&self, calls: &[Call]) -> Vec<Option<Outcome>> {
        let plan = Plan::new(calls, self.tools.cache().is_some());
        let mut outcomes = Vec::with_capacity(plan.tasks.len());
        let running = plan.tasks.iter().map(|call| self.tools.ask_async(&call.name, &call.args));
        let mut running = std::pin::pin!(stream::iter(running).buffered(self.jobs.get()));
        while let Some(answer) = running.next().await {
            let call = plan.tasks[outcomes.len()];
            self.tools.keep(&call.name, &call.args, &answer);
            let stops = self.stops_at(&answer.outcome);
            outcomes.push(answer.outcome);
            if stops {
                break;
            }
        }
        plan.by_call(&outcomes)
    }
}
