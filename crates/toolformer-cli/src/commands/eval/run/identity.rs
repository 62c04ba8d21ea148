//! What tells one run from another, for people and for a file that is gone on with.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};
use toolformer::{
    burn::tensor::backend::Backend,
    decode::CallSettings,
    train::{fingerprint, tool_fingerprints},
};

use super::{Args, Asked};

impl Args {
    /// What the run was, for people.
    pub(super) fn described<B: Backend>(
        &self,
        asked: &Asked<'_, B>,
        calls: &CallSettings,
        disabled: bool,
    ) -> Value {
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "task": asked.task.name,
            "data": self.data,
            "items": asked.set.items.len(),
            "limit": self.limit,
            "seed": self.seed,
            "model": self.model.name(),
            "adapter": self.adapter.adapter,
            "tools": asked.tools.names,
            "now": self.tools.now.map(|now| now.to_string()),
            "calls_disabled": disabled,
            "calls": calls,
            "whole_outputs": self.whole_outputs,
            "window": self.window,
            "batch": self.batch,
            "unit_items": self.unit_items,
        })
    }

    /// What the rows depend on, part by part.
    pub(super) fn parts<B: Backend>(
        &self,
        asked: &Asked<'_, B>,
        calls: &CallSettings,
        disabled: bool,
    ) -> Result<BTreeMap<String, String>> {
        let mut tools =
            tool_fingerprints(&asked.tools.registry, asked.tools.names.iter().map(String::as_str));
        let dated = asked.set.items.iter().all(|item| item.date.is_some());
        if dated {
            // Each item has its own, whatever the day of the run.
            tools.remove("Calendar");
        }
        let now = self.tools.now.filter(|_| !dated).map(|now| now.to_string());
        let hash = |part: &dyn Fn() -> String| fingerprint(&part(), []);
        Ok([
            ("model", self.model.fingerprint()?),
            ("adapter", self.adapter.fingerprint()?),
            ("task", hash(&|| format!("{:?}", asked.task))),
            (
                "the items (--data or --limit or --seed)",
                fingerprint(&asked.set.items, [format!("{:?}", asked.set.functions).as_str()]),
            ),
            (
                "tools",
                fingerprint(
                    &(&asked.tools.names, tools, now, self.tools.max_result_chars, self.tools.tool_timeout),
                    [],
                ),
            ),
            ("how calls are made", fingerprint(&(calls, disabled, self.calling.overlap_calls), [])),
            (
                "--batch, --cache-memory, --unit-items, --whole-outputs or --window",
                fingerprint(
                    &(
                        self.batch,
                        self.cache_memory.as_u64(),
                        self.unit_items,
                        self.whole_outputs,
                        self.window,
                    ),
                    [],
                ),
            ),
        ]
        .map(|(name, part)| (name.to_owned(), part))
        .into())
    }
}
