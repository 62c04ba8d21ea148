//! Batched generation, with tools in the loop (Toolformer, section 2, "Inference").
//!
//! At a place where `" ["` is among the `start_top_k` most likely next tokens it is taken; when the model has
//! written `Name(args) ->`, decoding pauses, the tool runs, its result and `]` go in, and decoding goes on. The
//! cache is kept across the call: only new tokens are computed.

use burn::tensor::backend::Backend;
use rand_chacha::ChaCha8Rng;
use toolformer_model::{CausalLm, TokenBatch, Tokenizer};
use toolformer_text::{CallStatus, Progress};

use crate::{
    draw::draw_rng,
    error::DecodeError,
    generation::{CallEvent, Finish, GenerateSettings, Generation, Prompt, ToolUse, Tools},
    marker::StartMarker,
    rows::Rows,
    sampling::rank,
};

/// Completes the prompts; `done` sees each completion with its prompt's number, in no particular order.
///
/// # Errors
/// If a setting is out of range, a prompt is empty, or one does not fit into the context.
pub fn generate<B: Backend, M: CausalLm<B>>(
    model: &M,
    tokenizer: &Tokenizer,
    prompts: &[Prompt],
    settings: &GenerateSettings,
    tools: &Tools<'_>,
    mut done: impl FnMut(usize, &Generation),
) -> Result<Vec<Generation>, DecodeError> {
    settings.sampling.validate()?;
    if settings.batch == 0 {
        return Err(DecodeError::Setting { name: "batch", why: "must be at least 1".into() });
    }
    for (prompt, Prompt { ids, .. }) in prompts.iter().enumerate() {
        if ids.is_empty() {
            return Err(DecodeError::EmptyPrompt { prompt });
        }
        if ids.len() + settings.max_tokens > model.max_positions() {
            let (tokens, room, context) = (ids.len(), settings.max_tokens, model.max_positions());
            return Err(DecodeError::TooLong { prompt, tokens, room, context });
        }
    }
    let marker = match tools {
        Tools::None => None,
        Tools::Disabled(syntax) => Some(StartMarker::new(tokenizer, syntax.open())?),
        Tools::Enabled(tools) => Some(StartMarker::new(tokenizer, tools.syntax.open())?),
    };
    let decoding = Decoding { tokenizer, settings, tools, marker };
    // Prompts of like length together: less padding.
    let mut order: Vec<usize> = (0..prompts.len()).collect();
    order.sort_by_key(|&i| prompts[i].ids.len());
    let mut generations: Vec<Option<Generation>> = vec![None; prompts.len()];
    for chunk in order.chunks(settings.batch) {
        let rows: Vec<Row> =
            chunk.iter().map(|&prompt| Row::new(prompt, &prompts[prompt], settings.seed)).collect();
        decoding.run(model, rows, &mut |prompt, generation| {
            done(prompt, &generation);
            generations[prompt] = Some(generation);
        })?;
    }
    Ok(generations.into_iter().flatten().collect())
}

/// What all rows have in common.
struct Decoding<'a> {
    tokenizer: &'a Tokenizer,
    settings: &'a GenerateSettings,
    tools: &'a Tools<'a>,
    marker: Option<StartMarker>,
}

/// A prompt under way.
struct Row {
    prompt: usize,
    rng: ChaCha8Rng,
    /// Tokens to feed next.
    pending: Vec<u32>,
    ids: Vec<u32>,
    bytes: Vec<u8>,
    /// Where the call being written starts in `bytes`, at its `[`.
    open_call: Option<usize>,
    calls: Vec<CallEvent>,
    computed: usize,
    finish: Option<Finish>,
}

impl Row {
    fn new(number: usize, prompt: &Prompt, seed: u64) -> Self {
        Self {
            prompt: number,
            rng: draw_rng(seed, &[&prompt.key]),
            pending: prompt.ids.clone(),
            ids: Vec::new(),
            bytes: Vec::new(),
            open_call: None,
            calls: Vec::new(),
            computed: 0,
            finish: None,
        }
    }

    fn push(&mut self, tokenizer: &Tokenizer, id: u32) {
        self.ids.push(id);
        self.bytes.extend_from_slice(&tokenizer.token_bytes(id));
        self.pending.push(id);
    }

    fn into_generation(self) -> (usize, Generation) {
        let generation = Generation {
            completion: String::from_utf8_lossy(&self.bytes).into_owned(),
            ids: self.ids,
            calls: self.calls,
            finish: self.finish.unwrap_or(Finish::Length),
            computed: self.computed,
        };
        (self.prompt, generation)
    }
}

impl Decoding<'_> {
    fn run<B: Backend, M: CausalLm<B>>(
        &self,
        model: &M,
        mut rows: Vec<Row>,
        done: &mut impl FnMut(usize, Generation),
    ) -> Result<(), DecodeError> {
        let longest = rows.iter().map(|row| row.pending.len()).max().unwrap_or(0);
        let mut batch = Rows::new(model, rows.len(), longest + self.settings.max_tokens);
        let mut first = true;
        while !rows.is_empty() {
            // Prompts go in whole; later all rows feed as many tokens as the one with the fewest has waiting, so
            // that an inserted result neither pads the others nor takes a step a token where a row is alone.
            let width =
                if first { usize::MAX } else { rows.iter().map(|row| row.pending.len()).min().unwrap_or(0) };
            first = false;
            let fed: Vec<Vec<u32>> = rows
                .iter_mut()
                .map(|row| row.pending.drain(..width.min(row.pending.len())).collect())
                .collect();
            let logits = batch.next_logits(&TokenBatch::new(&fed));
            for ((row, fed), mut logits) in rows.iter_mut().zip(&fed).zip(logits) {
                row.computed += fed.len();
                if row.pending.is_empty() {
                    self.advance(row, &mut logits)?;
                }
            }
            let keep: Vec<usize> = (0..rows.len()).filter(|&i| rows[i].finish.is_none()).collect();
            if keep.len() < rows.len() {
                batch.select(&keep);
                let (ended, live): (Vec<Row>, Vec<Row>) =
                    rows.into_iter().partition(|row| row.finish.is_some());
                for row in ended {
                    let (prompt, generation) = row.into_generation();
                    done(prompt, generation);
                }
                rows = live;
            }
        }
        Ok(())
    }

    /// Takes a row one token on.
    fn advance(&self, row: &mut Row, logits: &mut [f32]) -> Result<(), DecodeError> {
        if row.ids.len() >= self.settings.max_tokens {
            row.finish = Some(Finish::Length);
            return Ok(());
        }
        let in_call = row.open_call.is_some();
        match (self.tools, &self.marker) {
            (Tools::Enabled(tools), Some(marker)) if !in_call && row.calls.len() < tools.max_calls => {
                if rank(logits, marker.first()) < tools.start_top_k {
                    for &id in marker.ids() {
                        row.push(self.tokenizer, id);
                    }
                    self.follow_call(row, tools)?;
                    return Ok(());
                }
            }
            (Tools::Enabled(_) | Tools::Disabled(_), Some(marker)) if !in_call => {
                logits[marker.first() as usize] = f32::NEG_INFINITY;
            }
            _ => {}
        }
        let id = self.settings.sampling.pick(logits, &mut row.rng);
        if self.tokenizer.eos() == Some(id) {
            row.finish = Some(Finish::Eos);
            return Ok(());
        }
        row.push(self.tokenizer, id);
        if let Tools::Enabled(tools) = self.tools
            && row.calls.len() < tools.max_calls
        {
            self.follow_call(row, tools)?;
        }
        if row.open_call.is_none() {
            self.stop_at_string(row);
        }
        Ok(())
    }

    fn stop_at_string(&self, row: &mut Row) {
        let find = |stop: &String| {
            let stop = stop.as_bytes();
            row.bytes.windows(stop.len().max(1)).position(|window| window == stop)
        };
        if let Some(at) = self.settings.stop.iter().filter_map(find).min() {
            row.bytes.truncate(at);
            row.finish = Some(Finish::Stop);
        }
    }

    /// Looks whether the row's text is in a call, and runs it where it asks for its result.
    fn follow_call(&self, row: &mut Row, tools: &ToolUse<'_>) -> Result<(), DecodeError> {
        let start = match row.open_call {
            Some(start) => start,
            // The call is looked for in the text, so that a token such as ` [C` cannot hide it.
            None => {
                let last = row.ids.last().map_or(0, |&id| self.tokenizer.token_bytes(id).len());
                let from = row.bytes.len() - last;
                match row.bytes[from..].iter().position(|&byte| byte == b'[') {
                    Some(offset) => from + offset,
                    None => return Ok(()),
                }
            }
        };
        let text = String::from_utf8_lossy(&row.bytes[start..]).into_owned();
        row.open_call = match tools.syntax.progress(&text) {
            Progress::Pending => Some(start),
            Progress::AwaitsResult { name, args, end } => {
                self.run_call(row, tools, start, start + end, &name, &args)?;
                None
            }
            _ => None,
        };
        Ok(())
    }

    fn run_call(
        &self,
        row: &mut Row,
        tools: &ToolUse<'_>,
        start: usize,
        end: usize,
        name: &str,
        args: &str,
    ) -> Result<(), DecodeError> {
        let began = (tools.clock)();
        let outcome = tools.registry.call(name, args);
        let seconds = (tools.clock)() - began;
        let (result, status) = match outcome {
            Ok(result) => (Some(result), CallStatus::Ok),
            Err(error) => (None, error.status()),
        };
        // What the last token holds behind the arrow is not the model's to say.
        if row.bytes.len() > end {
            let last = row.ids.pop().map_or(0, |id| self.tokenizer.token_bytes(id).len());
            row.pending.pop();
            let from = row.bytes.len() - last;
            let kept = String::from_utf8_lossy(&row.bytes[from..end]).into_owned();
            row.bytes.truncate(from);
            for id in self.tokenizer.encode(&kept)? {
                row.push(self.tokenizer, id);
            }
        }
        let answer = result.as_deref().map_or(String::new(), |result| format!(" {result}"));
        for id in self.tokenizer.encode(&format!("{answer}{}", tools.syntax.close()))? {
            row.push(self.tokenizer, id);
        }
        let span = [start, row.bytes.len()];
        row.calls.push(CallEvent { span, name: name.into(), args: args.into(), result, status, seconds });
        Ok(())
    }
}
