//! What a model writes behind the prompts of a unit.

use std::collections::BTreeMap;

use burn::tensor::backend::Backend;
use toolformer_decode::{
    CallEvent, CallSettings, Engine, Event, GenerateSettings, Prompt, Request, RequestId, ToolUse, Tools,
};
use toolformer_model::CausalLm;
use toolformer_text::{Call, CallStatus, Piece, parse};

use super::{Calling, TaskRun, row_of, tools_of_item::ToolsOfItems};
use crate::{CallResult, EvalError, FunctionCase, Item, ItemResult, ItemSet, Score, Task, TokenCounts};

/// Tokens that a call and its result may take beside those that a task allows.
const TOKENS_OF_CALL: usize = 128;

/// An output as it grows.
struct Output<'i> {
    item: &'i Item,
    prompt: String,
    prompt_tokens: usize,
    text: String,
    /// The same without results of calls.
    own_text: String,
    calls: Vec<CallResult>,
}

impl Output<'_> {
    fn call(&mut self, text: &str, call: CallEvent) {
        self.text.push_str(text);
        let result = call.result.as_deref().unwrap_or_default();
        self.own_text.push_str(&text.replacen(result, "", usize::from(!result.is_empty())));
        let CallEvent { name, args, result, status, .. } = call;
        self.calls.push(CallResult { tool: name, args, result, status, error: None });
    }
}

impl<M> TaskRun<'_, M> {
    /// Rows for the items of a unit, in their order.
    pub(super) fn ask<B: Backend>(
        &self,
        unit: &[Item],
        set: &ItemSet,
        told: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<ItemResult>, EvalError>
    where
        M: CausalLm<B>,
    {
        let tools = match &self.calling {
            Calling::Enabled { tools_on, calls } => {
                Some((ToolsOfItems::new(unit, set, tools_on)?, calls_within(self.task, calls)))
            }
            Calling::None | Calling::Disabled => None,
        };
        let mut engine = Engine::new(self.model, self.tokenizer, self.settings.engine)?;
        let mut under_way: BTreeMap<RequestId, Output<'_>> = BTreeMap::new();
        let mut rows: BTreeMap<&str, ItemResult> = BTreeMap::new();
        for item in unit {
            let text = self.task.prompt_of(item)?;
            let ids = self.tokenizer.encode_with_special(&text)?;
            let room = self.model.max_positions().saturating_sub(ids.len());
            if room < self.task.max_tokens {
                let why = format!("a prompt of {} tokens does not fit into the model's context", ids.len());
                rows.insert(
                    &item.id,
                    self.scored(set, item, ItemResult { not_asked: Some(why), ..row_of(item) })?,
                );
                told(1, 0);
                continue;
            }
            let (tools, of_calls) = match (&self.calling, &tools) {
                (Calling::Enabled { .. }, Some((tools, calls))) => {
                    let registry = tools.of(item);
                    let known = |name: &String| registry.get(name).is_some();
                    let forbidden = calls.forbidden.iter().filter(|name| known(name)).cloned().collect();
                    let calls = CallSettings { forbidden, ..calls.clone() };
                    let of_calls = TOKENS_OF_CALL.saturating_mul(calls.max_calls);
                    let tools = ToolUse::new(registry, self.syntax, self.clock).with(calls);
                    (Tools::Enabled(tools), of_calls)
                }
                (Calling::Disabled, _) => (Tools::Disabled(self.syntax), 0),
                _ => (Tools::None, 0),
            };
            let settings = GenerateSettings {
                max_tokens: self.task.max_tokens.saturating_add(of_calls).min(room),
                stop: self.task.stop.clone(),
                ..GenerateSettings::default()
            };
            let output = Output {
                item,
                prompt: text,
                prompt_tokens: ids.len(),
                text: String::new(),
                own_text: String::new(),
                calls: Vec::new(),
            };
            let prompt = Prompt { key: item.id.clone(), ids };
            under_way.insert(engine.submit(Request { prompt, settings, tools })?, output);
        }
        while !engine.is_idle() {
            let before = engine.usage().computed;
            let events = engine.step()?;
            told(0, engine.usage().computed - before);
            for event in events {
                let request = event.request();
                let Some(output) = under_way.get_mut(&request) else { continue };
                let tokens = match event {
                    Event::Text { text, .. } => {
                        output.text.push_str(&text);
                        output.own_text.push_str(&text);
                        None
                    }
                    Event::Call { text, call, .. } => {
                        output.call(&text, call);
                        None
                    }
                    Event::Done { generation, .. } => Some(generation.ids.len()),
                    Event::Failed { error, .. } => return Err(error.into()),
                };
                let tokens = match tokens {
                    None if !self.is_enough(output)? => continue,
                    None => {
                        engine.cancel(request);
                        self.tokenizer.encode(&output.text)?.len()
                    }
                    Some(tokens) => tokens,
                };
                let Some(output) = under_way.remove(&request) else { continue };
                let row = ItemResult {
                    malformed_calls: self.malformed_calls(&output),
                    prompt: output.prompt,
                    output: output.text,
                    calls: output.calls,
                    tokens: TokenCounts { prompt: output.prompt_tokens, completion: tokens },
                    ..row_of(output.item)
                };
                rows.insert(&output.item.id, self.scored(set, output.item, row)?);
                told(1, 0);
            }
        }
        Ok(unit.iter().filter_map(|item| rows.remove(item.id.as_str())).collect())
    }

    /// Whether nothing that could follow counts: the score is settled, or the model has written as much as the task allows.
    fn is_enough(&self, output: &Output<'_>) -> Result<bool, EvalError> {
        let settled = !self.settings.whole_outputs && self.task.metric.is_settled(&output.text, self.syntax);
        Ok(settled || self.tokenizer.encode(&output.own_text)?.len() >= self.task.max_tokens)
    }

    /// Calls that were begun and are none in the output. Where tools are enabled the beginning of a call stands for nothing
    /// else.
    fn malformed_calls(&self, output: &Output<'_>) -> usize {
        let Calling::Enabled { .. } = self.calling else { return 0 };
        let document = parse(&output.text, self.syntax);
        let text = document.pieces().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.matches(self.syntax.open()).count()),
            Piece::Call { .. } => None,
        });
        text.sum()
    }

    fn scored(&self, set: &ItemSet, item: &Item, mut row: ItemResult) -> Result<ItemResult, EvalError> {
        let Score { correct, prediction } = match set.functions.get(&item.id) {
            Some(case) => {
                let document = parse(&row.output, self.syntax);
                let verdict = case.judge(document.calls());
                // A call of a function is over where it closes; most have no arrow, which would run it.
                row.calls = document.calls().iter().map(|call| declared(case, call)).collect();
                Score { correct: verdict.is_correct(), prediction: verdict.to_string() }
            }
            None => self.task.metric.score(&row.output, item, self.syntax)?,
        };
        // What was not asked is not right, even where silence would be.
        Ok(ItemResult { correct: correct && row.not_asked.is_none(), prediction, ..row })
    }
}

/// A call of a function that is only declared: it is answered by nobody.
fn declared(case: &FunctionCase, call: &Call) -> CallResult {
    let function = case.functions.iter().find(|function| function.name == call.name);
    let status = match function.map(|function| function.parameters.bind(&call.args)) {
        None => CallStatus::UnknownTool,
        Some(Err(_)) => CallStatus::BadArguments,
        Some(Ok(_)) => CallStatus::NoResult,
    };
    CallResult { tool: call.name.clone(), args: call.args.clone(), result: None, status, error: None }
}

/// The task's forbidden tools are forbidden as well.
fn calls_within(task: &Task, calls: &CallSettings) -> CallSettings {
    let mut calls = calls.clone();
    calls.forbidden.extend(task.forbidden_tools.iter().cloned());
    calls
}
