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
use crate::{Call, CallError};

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
        let mut outcomes = Vec::with_capacity(plan.tasks.len());
        if self.jobs.get() == 1 || plan.tasks.len() < 2 {
            for call in &plan.tasks {
                outcomes.push(self.tools.call(&call.name, &call.args));
                if self.stops_at(&outcomes[outcomes.len() - 1]) {
                    break;
                }
            }
        } else {
            self.run_on_threads(&plan.tasks, &mut outcomes);
        }
        plan.by_call(&outcomes)
    }

    fn stops_at(&self, outcome: &Outcome) -> bool {
        self.policy == Policy::Fail && outcome.is_err()
    }

    /// Workers take the tasks in their order. What they give is recorded here, in that order again, so that the
    /// cache's log does not depend on who was faster.
    fn run_on_threads(&self, tasks: &[&Call], outcomes: &mut Vec<Outcome>) {
        let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..self.jobs.get().min(tasks.len()) {
                let (sender, next, stopped) = (sender.clone(), &next, &stopped);
                scope.spawn(move || {
                    while !stopped.load(Ordering::Relaxed) {
                        let task = next.fetch_add(1, Ordering::Relaxed);
                        let Some(call) = tasks.get(task) else { break };
                        let recorded = self.tools.recorded(&call.name, &call.args);
                        let new = recorded.is_none();
                        let outcome = recorded.unwrap_or_else(|| self.tools.run(&call.name, &call.args));
                        if self.stops_at(&outcome) {
                            stopped.store(true, Ordering::Relaxed);
                        }
                        if sender.send((task, new, outcome)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            let mut early = HashMap::new();
            for (task, new, outcome) in receiver {
                early.insert(task, (new, outcome));
                while let Some((new, outcome)) = early.remove(&outcomes.len()) {
                    let call = tasks[outcomes.len()];
                    if new {
                        self.tools.record(&call.name, &call.args, &outcome);
                    }
                    outcomes.push(outcome);
                }
            }
        });
    }

    /// As [`Self::run`], without blocking.
    pub(super) async fn run_async(&self, calls: &[Call]) -> Vec<Option<Outcome>> {
        let plan = Plan::new(calls, self.tools.cache().is_some());
        let mut outcomes = Vec::with_capacity(plan.tasks.len());
        let running = plan.tasks.iter().map(|call| async {
            match self.tools.recorded(&call.name, &call.args) {
                Some(outcome) => (false, outcome),
                None => (true, self.tools.run_async(&call.name, &call.args).await),
            }
        });
        let mut running = std::pin::pin!(stream::iter(running).buffered(self.jobs.get()));
        while let Some((new, outcome)) = running.next().await {
            let call = plan.tasks[outcomes.len()];
            if new {
                self.tools.record(&call.name, &call.args, &outcome);
            }
            let stops = self.stops_at(&outcome);
            outcomes.push(outcome);
            if stops {
                break;
            }
        }
        plan.by_call(&outcomes)
    }
}
