//! Batched generation, with tools in the loop (Toolformer, section 2, "Inference").
//!
//! At a place where `" ["` is among the `start_top_k` most likely next tokens it is taken; when the model has
//! written `Name(args) ->`, decoding pauses, the tool runs, its result and `]` go in, and decoding goes on. The
//! cache is kept across the call: only new tokens are computed.

mod follow_call;

use burn::tensor::backend::Backend;
use rand_chacha::ChaCha8Rng;
use toolformer_model::{CausalLm, TokenBatch, Tokenizer, check_ids, check_numbers};
use toolformer_text::StreamEvent;

use crate::{
    call_watch::CallWatch,
    draw::draw_rng,
    error::DecodeError,
    generation::{CallEvent, Finish, GenerateSettings, Generation, Prompt, Tools},
    marker::StartMarker,
    prompt_checks::{check_prompts, first_room},
    rows::Rows,
    sampling::rank,
};

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
    settings.sampling.validate()?;
    if settings.batch == 0 {
        return Err(DecodeError::Setting { name: "batch", why: "must be at least 1".into() });
    }
    check_prompts(model, tokenizer, prompts, settings.max_tokens)?;
    let marker = match tools {
        Tools::None => None,
        Tools::Disabled(syntax) => Some(StartMarker::new(tokenizer, syntax.open())?),
        Tools::Enabled(tools) => Some(StartMarker::new(tokenizer, tools.syntax.open())?),
    };
    check_ids(marker.as_ref().map_or(&[], StartMarker::ids), model.vocab_size(), Some(tokenizer))?;
    let decoding = Decoding { tokenizer, vocab_size: model.vocab_size(), settings, tools, marker };
    // Prompts of like length together: less padding.
    let mut order: Vec<usize> = (0..prompts.len()).collect();
    order.sort_by_key(|&i| prompts[i].ids.len());
    let mut generations: Vec<Option<Generation>> = vec![None; prompts.len()];
    for chunk in order.chunks(settings.batch) {
        let rows = chunk.iter().map(|&prompt| Row::new(prompt, &prompts[prompt], &decoding)).collect();
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
    /// Number of ids that the model has.
    vocab_size: usize,
    settings: &'a GenerateSettings,
    tools: &'a Tools<'a>,
    marker: Option<StartMarker>,
}

/// A prompt under way.
struct Row {
    prompt: usize,
    /// What the prompt's last line holds: quotes and parentheses of it may be open still.
    line_before: String,
    rng: ChaCha8Rng,
    /// Tokens to feed next.
    pending: Vec<u32>,
    ids: Vec<u32>,
    bytes: Vec<u8>,
    /// Looks for calls in `bytes`, behind the last one that was run; none where there are no tools.
    watch: Option<CallWatch>,
    /// Where the call that was started last begins.
    started: Option<usize>,
    /// Calls that were started, whatever became of them, or that the model wrote itself and that were run.
    calls_begun: usize,
    calls: Vec<CallEvent>,
    /// Where in `bytes` the last call that was run ends.
    plain_from: usize,
    computed: usize,
    finish: Option<Finish>,
}

impl Row {
    fn new(number: usize, prompt: &Prompt, decoding: &Decoding<'_>) -> Self {
        let Decoding { tokenizer, settings, tools, .. } = decoding;
        let watch = match tools {
            Tools::Enabled(tools) => Some(CallWatch::new(tools.syntax, 0)),
            _ => None,
        };
        let bytes: Vec<u8> = prompt.ids.iter().flat_map(|&id| tokenizer.token_bytes(id)).collect();
        let text = String::from_utf8_lossy(&bytes);
        Self {
            prompt: number,
            line_before: text.rsplit(['\n', '\r']).next().unwrap_or_default().to_owned(),
            rng: draw_rng(settings.seed, &[&prompt.key]),
            pending: prompt.ids.clone(),
            ids: Vec::new(),
            bytes: Vec::new(),
            watch,
            started: None,
            calls_begun: 0,
            calls: Vec::new(),
            plain_from: 0,
            computed: 0,
            finish: None,
        }
    }

    /// Puts a token behind the others. Returns what is to know about calls then.
    fn push(&mut self, tokenizer: &Tokenizer, id: u32) -> Vec<StreamEvent> {
        let bytes = tokenizer.token_bytes(id);
        self.ids.push(id);
        self.bytes.extend_from_slice(&bytes);
        self.pending.push(id);
        self.watch.as_mut().map_or(Vec::new(), |watch| watch.push(&bytes))
    }

    /// Where the call begins that is being written, if one is.
    fn call_start(&self) -> Option<usize> {
        self.watch.as_ref().and_then(CallWatch::call_start)
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
        let mut batch = Rows::new(model, rows.len(), longest + first_room(self.settings.max_tokens));
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
                row.started = row.call_start();
                return Ok(());
            }
            (Tools::Enabled(tools), Some(start)) if row.calls_begun >= tools.max_calls => {
                logits[start as usize] = f32::NEG_INFINITY;
            }
            (Tools::Disabled(_), Some(start)) => logits[start as usize] = f32::NEG_INFINITY,
            _ => {}
        }
        let id = self.settings.sampling.pick(logits, &mut row.rng);
        if self.tokenizer.is_end(id) {
            row.finish = Some(Finish::Eos);
            return Ok(());
        }
        let events = row.push(self.tokenizer, id);
        if let Tools::Enabled(tools) = self.tools {
            self.follow_call(row, tools, events)?;
        }
        if row.call_start().is_none() && row.finish.is_none() {
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
        row.bytes.truncate(row.plain_from + at);
        let mut left = row.bytes.len();
        let whole = row.ids.iter().take_while(|&&id| {
            let len = self.tokenizer.token_bytes(id).len();
            let fits = len <= left;
            left = left.saturating_sub(len);
            fits
        });
        row.ids.truncate(whole.count());
        row.finish = Some(Finish::Stop);
    }
}

/// Where `needle` first stands in `text`.
fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len().max(1)).position(|window| window == needle)
}
