//! A model on the items of a task: in batches, onto a file that a killed run goes on with.
//!
//! Items are done in units. What a unit gives depends on nothing but its items, the model and the settings, also where a run
//! was cut off before it: the same run gives the same rows.

mod asked;
mod likelihoods;
mod tools_of_item;

use burn::tensor::backend::Backend;
use jiff::civil::Date;
use toolformer_decode::{CallSettings, EngineSettings};
use toolformer_model::{CausalLm, Tokenizer};
use toolformer_text::{Registry, Syntax};

use crate::{EvalError, Item, ItemResult, ItemSet, Metric, ResultLog, Task};

/// What the model may call.
#[derive(Clone)]
pub enum Calling<'a> {
    /// Text comes as it does, and nothing runs.
    None,
    /// The start of a call has probability 0: the paper's "disabled".
    Disabled,
    /// Tools run. Those that the task forbids are forbidden besides; an item with functions of its own has these alone.
    Enabled {
        /// The tools, as they are on an item's day, or on any where it has none.
        tools_on: &'a dyn Fn(Option<Date>) -> Registry,
        /// When they are called.
        calls: CallSettings,
    },
}

/// How much is done at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunSettings {
    /// Completions that are written together, and memory for what was read.
    pub engine: EngineSettings,
    /// Items between two writings to the file of results. Other batches round otherwise, so that it belongs to what results
    /// depend on.
    pub unit_items: usize,
    /// Whether an output is written to its end also where its score is settled before. A call that would come later counts
    /// only then.
    pub whole_outputs: bool,
    /// Most tokens of a text that are looked at together, for perplexity; of longer ones each half is predicted from the
    /// half before it.
    pub window: usize,
    /// Most tokens of a batch, for perplexity.
    pub batch_tokens: usize,
}

impl Default for RunSettings {
    /// 128 items between two writings, outputs up to where their scores are settled, windows of 1,024 tokens.
    fn default() -> Self {
        Self {
            engine: EngineSettings::default(),
            unit_items: 128,
            whole_outputs: false,
            window: 1024,
            batch_tokens: 2048,
        }
    }
}

/// A model on a task.
pub struct TaskRun<'a, M> {
    /// The model.
    pub model: &'a M,
    /// Its tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// How calls are written.
    pub syntax: &'a Syntax,
    /// The task.
    pub task: &'a Task,
    /// What may be called.
    pub calling: Calling<'a>,
    /// How much is done at a time.
    pub settings: RunSettings,
    /// Seconds since any fixed moment.
    pub clock: &'a (dyn Fn() -> f64 + Sync),
}

impl<M> TaskRun<'_, M> {
    /// Asks the model what has no row in `log` yet. `told` sees, now and then, how many items are done since it was last told,
    /// and how many tokens went through the model for them.
    ///
    /// # Errors
    /// If an item does not fit the task's prompt or metric, the model cannot go on from a prompt, a call fails whose policy is
    /// to fail, or a row cannot be written.
    pub fn run<B: Backend>(
        &self,
        set: &ItemSet,
        log: &mut ResultLog,
        told: &mut dyn FnMut(usize, usize),
    ) -> Result<(), EvalError>
    where
        M: CausalLm<B>,
    {
        for unit in set.items.chunks(self.settings.unit_items.max(1)) {
            let missing = unit.iter().filter(|item| !log.is_done(&item.id)).count();
            if missing == 0 {
                continue;
            }
            // Done anew as a whole, though some rows may be there: so that batches are the same.
            let repeated = unit.len() - missing;
            let mut ended = 0;
            let mut told = |items: usize, tokens: usize| {
                let before = ended;
                ended += items;
                told(ended.saturating_sub(repeated.max(before)), tokens);
            };
            let began = (self.clock)();
            let rows = match self.task.metric {
                Metric::Perplexity => self.likelihoods::<B>(unit, &mut told)?,
                _ => self.ask::<B>(unit, set, &mut told)?,
            };
            log.append(&rows, (self.clock)() - began)?;
        }
        Ok(())
    }
}

/// A row before anything is known of it.
fn row_of(item: &Item) -> ItemResult {
    ItemResult {
        id: item.id.clone(),
        answers: item.answers.clone(),
        category: item.category.clone(),
        cluster: item.cluster.clone(),
        ..ItemResult::default()
    }
}
