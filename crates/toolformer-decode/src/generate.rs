//! Batched generation, with tools in the loop (Toolformer, section 2, "Inference").
//!
//! At a place where `" ["` is among the `start_top_k` most likely next tokens it is taken; when the model has
//! written `Name(args) ->`, decoding pauses, the tool runs, its result and `]` go in, and decoding goes on. The
//! cache is kept across the call: only new tokens are computed.

mod choices;
mod follow_call;
mod row;

use burn::tensor::{Tensor, backend::Backend};
use toolformer_model::{CausalLm, TokenBatch, Tokenizer, check_ids, check_numbers, visit_log_probs};

use crate::{
    error::DecodeError,
    generation::{Finish, GenerateSettings, Generation, Prompt, TokenLogprob, Tools},
    marker::StartMarker,
    prompt_checks::{check_prompts, first_room},
    rows::Rows,
    sampling::{log_softmax, rank},
};
use choices::Choices;
use row::Row;

/// Completes the prompts; `done` sees each completion with its prompt's number, in no particular order.
///
/// # Errors
/// If a setting is out of range, a prompt is empty or does not fit into the context, or a prompt or a tool's result
/// has an id that the model has not.
pub fn generate<B: Backend, M: CausalLm<B>>(
    model: &M,
    tokenizer: &Tokenizer,
    prompts: &[Prompt],
    settings: &GenerateSettings,
    tools: &Tools<'_>,
    mut done: impl FnMut(usize, &Generation),
) -> Result<Vec<Generation>, DecodeError> {
    settings.validate(model.vocab_size())?;
    check_prompts(model, tokenizer, prompts, settings.max_tokens)?;
    let marker = match tools {
        Tools::None => None,
        Tools::Disabled(syntax) => Some(StartMarker::new(tokenizer, syntax.open())?),
        Tools::Enabled(tools) => Some(StartMarker::new(tokenizer, tools.syntax.open())?),
    };
    check_ids(marker.as_ref().map_or(&[], StartMarker::ids), model.vocab_size(), Some(tokenizer))?;
    let decoding = Decoding { tokenizer, vocab_size: model.vocab_size(), settings, tools, marker };
    // Prompts of like length together: less padding.
    let mut order: Vec<(usize, usize)> = (0..prompts.len())
        .flat_map(|prompt| (0..settings.samples()).map(move |sample| (prompt, sample)))
        .collect();
    order.sort_by_key(|&(prompt, _)| prompts[prompt].ids.len());
    let mut choices: Vec<Choices> = prompts.iter().map(|_| Choices::default()).collect();
    for chunk in order.chunks(settings.batch) {
        let row = |&(prompt, sample): &(usize, usize)| Row::new(prompt, sample, &prompts[prompt], &decoding);
        decoding.run(model, chunk.iter().map(row).collect(), &mut |prompt, generation| {
            for kept in choices[prompt].take(generation, settings) {
                done(prompt, kept);
            }
        })?;
    }
    Ok(choices.into_iter().flat_map(Choices::into_kept).collect())
}

/// What all rows have in common.
struct Decoding<'a> {
    tokenizer: &'a Tokenizer,
    /// Number of ids that the model has.
    vocab_size: usize,
    settings: &'a GenerateSettings,
    tools: &'a Tools<'a>,
    marker: Option<StartMarker>,
}

impl Decoding<'_> {
    fn run<B: Backend, M: CausalLm<B>>(
        &self,
        model: &M,
        mut rows: Vec<Row>,
        done: &mut impl FnMut(usize, Generation),
    ) -> Result<(), DecodeError> {
        let mut batch = self.read_prompts(model, &mut rows)?;
        loop {
            let keep: Vec<usize> = (0..rows.len()).filter(|&i| rows[i].finish.is_none()).collect();
            if keep.len() < rows.len() {
                batch.select(&keep);
                let (ended, live): (Vec<Row>, Vec<Row>) =
                    rows.into_iter().partition(|row| row.finish.is_some());
                for row in ended {
                    let (prompt, generation) = row.into_generation(self.settings.logprobs.is_some());
                    done(prompt, generation);
                }
                rows = live;
            }
            if rows.is_empty() {
                return Ok(());
            }
            // All rows feed as many tokens as the one with the fewest has waiting, so that an inserted result neither
            // pads the others nor takes a step a token where a row is alone.
            let width = rows.iter().map(|row| row.pending.len()).min().unwrap_or(0);
            let fed: Vec<Vec<u32>> =
                rows.iter_mut().map(|row| row.pending.drain(..width).collect()).collect();
            let logits = batch.next_logits(&TokenBatch::new(&fed));
            for ((row, fed), mut logits) in rows.iter_mut().zip(&fed).zip(logits) {
                row.computed += fed.len();
                if row.pending.is_empty() {
                    self.advance(row, &mut logits)?;
                }
            }
        }
    }

    /// Feeds the prompts, once each however many completions are made of it, and takes every row one token on.
    fn read_prompts<'m, B: Backend, M: CausalLm<B>>(
        &self,
        model: &'m M,
        rows: &mut [Row],
    ) -> Result<Rows<'m, B, M>, DecodeError> {
        let mut read: Vec<usize> = Vec::new();
        let of_row: Vec<usize> = (0..rows.len())
            .map(|row| {
                let same = read.iter().position(|&first| rows[first].prompt == rows[row].prompt);
                same.unwrap_or_else(|| {
                    read.push(row);
                    read.len() - 1
                })
            })
            .collect();
        let longest = rows.iter().map(|row| row.pending.len()).max().unwrap_or(0);
        let mut batch = Rows::new(model, read.len(), longest + first_room(self.settings.max_tokens));
        let fed: Vec<&[u32]> = read.iter().map(|&row| rows[row].prompt_ids.as_slice()).collect();
        let fed = TokenBatch::new(&fed);
        let hidden = batch.feed(&fed);
        if let (Some(top), true) = (self.settings.logprobs, self.settings.echo) {
            let told = told(model, &fed, hidden.clone(), top);
            for (row, &of) in rows.iter_mut().zip(&of_row) {
                row.prompt_logprobs = Some(told[of].clone());
            }
        }
        let logits = batch.last_logits(&fed, hidden);
        batch.select(&of_row);
        for &row in &read {
            rows[row].computed = rows[row].prompt_ids.len();
        }
        for (row, of) in rows.iter_mut().zip(of_row) {
            row.pending.clear();
            self.advance(row, &mut logits[of].clone())?;
        }
        Ok(batch)
    }

    /// Takes a row one token on.
    fn advance(&self, row: &mut Row, logits: &mut [f32]) -> Result<(), DecodeError> {
        check_numbers(logits.iter().copied())?;
        if row.ids.len() < self.settings.max_tokens {
            self.choose(row, logits)?;
        }
        if row.finish.is_none() && row.ids.len() >= self.settings.max_tokens {
            row.finish = Some(Finish::Length);
        }
        Ok(())
    }

    /// Starts a call, or draws a token; runs the call that the row's text then asks for.
    fn choose(&self, row: &mut Row, logits: &mut [f32]) -> Result<(), DecodeError> {
        let settings = self.settings;
        let log_probs = (settings.logprobs.is_some() || settings.samples() > settings.n).then(|| {
            let mut log_probs = logits.to_vec();
            log_softmax(&mut log_probs);
            log_probs
        });
        let (log_probs, top) = (log_probs.as_deref(), settings.logprobs.unwrap_or(0));
        let due = match (row.call_start(), &self.marker) {
            (None, Some(marker)) => marker.due(&row.ids),
            _ => None,
        };
        match (self.tools, due) {
            (Tools::Enabled(tools), Some(start))
                if row.calls_begun < tools.max_calls && rank(logits, start) < tools.start_top_k =>
            {
                row.calls_begun += 1;
                row.push(self.tokenizer, start);
                row.note(log_probs, top);
                row.started = row.call_start();
                return Ok(());
            }
            (Tools::Enabled(tools), Some(start)) if row.calls_begun >= tools.max_calls => {
                logits[start as usize] = f32::NEG_INFINITY;
            }
            (Tools::Disabled(_), Some(start)) => logits[start as usize] = f32::NEG_INFINITY,
            _ => {}
        }
        settings.penalties.apply(logits, &row.prompt_ids, &row.ids);
        let may_end = row.ids.len() >= settings.min_tokens;
        if !may_end {
            for id in self.tokenizer.ends().chain(settings.stop_ids.iter().copied()) {
                if let Some(logit) = logits.get_mut(id as usize) {
                    *logit = f32::NEG_INFINITY;
                }
            }
        }
        let id = settings.sampling.pick(logits, &mut row.rng);
        if self.tokenizer.is_end(id) || settings.stop_ids.contains(&id) {
            row.finish = Some(if self.tokenizer.is_end(id) { Finish::Eos } else { Finish::Stop });
            return Ok(());
        }
        let events = row.push(self.tokenizer, id);
        row.note(log_probs, top);
        if let Tools::Enabled(tools) = self.tools {
            self.follow_call(row, tools, events)?;
        }
        if may_end && row.call_start().is_none() && row.finish.is_none() {
            self.stop_at_string(row);
        }
        Ok(())
    }

    /// Ends the row at the first stop string in its text; what is in a call or its result is not looked at.
    fn stop_at_string(&self, row: &mut Row) {
        let text = &row.bytes[row.plain_from..];
        let Some(at) = self.settings.stop.iter().filter_map(|stop| find(text, stop.as_bytes())).min() else {
            return;
        };
        row.truncate(row.plain_from + at, self.tokenizer);
        row.finish = Some(Finish::Stop);
    }
}

/// How likely the tokens of prompts were, and the `top` most likely ones in their places.
///
/// # Shapes
/// - `hidden`: `[batch, seq, d_model]`, of `tokens`
fn told<B: Backend, M: CausalLm<B>>(
    model: &M,
    tokens: &TokenBatch,
    hidden: Tensor<B, 3>,
    top: usize,
) -> Vec<Vec<TokenLogprob>> {
    let [batch, seq, d_model] = hidden.dims();
    let first = |row: usize| tokens.row(row).first().map(|&id| TokenLogprob::given(id));
    let mut told: Vec<Vec<TokenLogprob>> = (0..batch).map(|row| first(row).into_iter().collect()).collect();
    visit_log_probs(model, hidden.reshape([batch * seq, d_model]), |place, log_probs| {
        let (row, position) = (place / seq, place % seq);
        if position + 1 < tokens.lens()[row] {
            let id = tokens.row(row)[position + 1];
            told[row].push(TokenLogprob::chosen(id, log_probs, top));
        }
    });
    told
}

/// Where `needle` first stands in `text`.
fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len().max(1)).position(|window| window == needle)
}
