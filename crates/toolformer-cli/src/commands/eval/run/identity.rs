//! What tells one run from another, for people and for a file that is gone on with.

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

    /// Stands for all that the rows depend on.
    pub(super) fn fingerprint<B: Backend>(
        &self,
        asked: &Asked<'_, B>,
        calls: &CallSettings,
        disabled: bool,
    ) -> Result<String> {
        let (model, adapter) = (self.model.fingerprint()?, self.adapter.fingerprint()?);
        let states = tool_fingerprints(&asked.tools.registry, asked.tools.names.iter().map(String::as_str));
        let items: Vec<String> =
            asked.set.items.iter().map(|item| serde_json::to_string(item).unwrap_or_default()).collect();
        let (task, functions) = (format!("{:?}", asked.task), format!("{:?}", asked.set.functions));
        let parts = ["eval", &model, &adapter, &task, &functions];
        let parts = parts.into_iter().chain(items.iter().map(String::as_str));
        let parts = parts.chain(states.values().map(String::as_str));
        let settings = (
            (calls, disabled, self.calling.overlap_calls),
            (self.batch, self.cache_memory.as_u64(), self.unit_items, self.whole_outputs, self.window),
            (&asked.tools.names, self.tools.max_result_chars, self.tools.tool_timeout),
            self.tools.now.map(|now| now.to_string()),
        );
        Ok(fingerprint(&settings, parts))
    }
}
