//! A completion under way: its tokens, its text, and the calls in it.

use std::{borrow::Cow, sync::Arc};

use rand_chacha::ChaCha8Rng;
use toolformer_model::Tokenizer;
use toolformer_text::StreamEvent;

use super::{job::Job, streamed::Streamed};
use crate::{
    call_watch::CallWatch,
    draw::draw_rng,
    generation::{CallEvent, Finish, Generation, TokenLogprob, Tools},
};

/// A completion under way.
pub(super) struct Row<'a> {
    pub(super) job: Arc<Job<'a>>,
    pub(super) index: usize,
    pub(super) rng: ChaCha8Rng,
    /// Tokens to feed next.
    pub(super) pending: Vec<u32>,
    pub(super) ids: Vec<u32>,
    /// Of every token of `ids` that the model chose, where they are wanted.
    pub(super) logprobs: Vec<Option<TokenLogprob>>,
    pub(super) bytes: Vec<u8>,
    /// Looks for calls in `bytes`, behind the last one that was run; none where there are no tools.
    pub(super) watch: Option<CallWatch>,
    /// Where the call that was started last begins.
    pub(super) started: Option<usize>,
    /// Calls that were started, whatever became of them, or that the model wrote itself and that were run.
    pub(super) calls_begun: usize,
    pub(super) calls: Vec<CallEvent>,
    /// Where in `bytes` a call was dropped: none starts there again.
    pub(super) dropped_at: Option<usize>,
    /// Where in `bytes` the last call that was run ends.
    pub(super) plain_from: usize,
    /// Up to where stop strings have been looked for.
    pub(super) stops_checked: usize,
    /// What was told of it.
    pub(super) streamed: Streamed,
    pub(super) computed: usize,
    pub(super) reused: usize,
    /// Tokens of its text that it had computed itself before it left the batch for a while.
    pub(super) seen: usize,
    pub(super) finish: Option<Finish>,
}

impl<'a> Row<'a> {
    pub(super) fn new(job: &Arc<Job<'a>>, index: usize) -> Self {
        let watch = match &job.tools {
            Tools::Enabled(tools) => Some(CallWatch::new(tools.syntax, 0)),
            _ => None,
        };
        let (key, number) = (job.prompt.key.as_str(), index.to_string());
        let key: &[&str] = if index == 0 { &[key] } else { &[key, &number] };
        Self {
            job: job.clone(),
            index,
            rng: draw_rng(job.settings.seed, key),
            pending: Vec::new(),
            ids: Vec::new(),
            logprobs: Vec::new(),
            bytes: Vec::new(),
            watch,
            started: None,
            calls_begun: 0,
            calls: Vec::new(),
            dropped_at: None,
            plain_from: 0,
            stops_checked: 0,
            streamed: Streamed::default(),
            computed: 0,
            reused: 0,
            seen: 0,
            finish: None,
        }
    }

    /// The prompt's tokens and the completion's.
    pub(super) fn context(&self) -> Cow<'_, [u32]> {
        if self.ids.is_empty() {
            return Cow::Borrowed(&self.job.prompt.ids);
        }
        Cow::Owned([&self.job.prompt.ids[..], &self.ids].concat())
    }

    /// The part of the context that the model has seen. What a stop string cut off was seen too, and is not in it.
    pub(super) fn fed_text(&self) -> Vec<u32> {
        let mut text = self.context().into_owned();
        text.truncate(self.fed());
        text
    }

    /// Tokens of the context that the model has seen.
    pub(super) fn fed(&self) -> usize {
        self.job.prompt.ids.len() + self.ids.len() - self.pending.len()
    }

    /// Puts a token behind the others. Returns what is to know about calls then.
    pub(super) fn push(&mut self, tokenizer: &Tokenizer, id: u32) -> Vec<StreamEvent> {
        let bytes = tokenizer.token_bytes(id);
        self.ids.push(id);
        self.logprobs.push(None);
        self.bytes.extend_from_slice(&bytes);
        self.pending.push(id);
        self.watch.as_mut().map_or(Vec::new(), |watch| watch.push(&bytes))
    }

    /// Notes how likely the token was that was put behind the others last.
    pub(super) fn note(&mut self, log_probs: Option<&[f32]>, top: usize) {
        if let (Some(log_probs), Some(&id), Some(noted)) =
            (log_probs, self.ids.last(), self.logprobs.last_mut())
        {
            *noted = Some(TokenLogprob::chosen(id, log_probs, top));
        }
    }

    /// Where the call begins that is being written, if one is.
    pub(super) fn call_start(&self) -> Option<usize> {
        self.watch.as_ref().and_then(CallWatch::call_start)
    }

    /// Cuts the text behind its first `len` bytes, and all tokens that are not whole within. Returns the bytes that are
    /// left without a token.
    pub(super) fn truncate(&mut self, len: usize, tokenizer: &Tokenizer) -> Vec<u8> {
        self.bytes.truncate(len);
        let mut whole = 0;
        let mut covered = 0;
        for &id in &self.ids {
            let end = covered + tokenizer.token_bytes(id).len();
            if end > len {
                break;
            }
            (whole, covered) = (whole + 1, end);
        }
        let fed = self.ids.len() - self.pending.len().min(self.ids.len());
        self.ids.truncate(whole);
        self.logprobs.truncate(whole);
        self.pending.truncate(whole.saturating_sub(fed));
        self.bytes[covered.min(len)..].to_vec()
    }

    pub(super) fn into_generation(self) -> Generation {
        let chosen: Vec<f64> =
            self.logprobs.iter().flatten().filter_map(|noted| Some(f64::from(noted.logprob?))).collect();
        let given_or_chosen =
            |(&id, noted): (&u32, Option<TokenLogprob>)| noted.unwrap_or_else(|| TokenLogprob::given(id));
        let tell = self.job.settings.logprobs.is_some();
        let logprobs = tell.then(|| self.ids.iter().zip(self.logprobs).map(given_or_chosen).collect());
        Generation {
            completion: String::from_utf8_lossy(&self.bytes).into_owned(),
            index: self.index,
            logprobs,
            prompt_logprobs: self.job.prompt_logprobs.get().cloned(),
            mean_logprob: (!chosen.is_empty()).then(|| chosen.iter().sum::<f64>() / chosen.len() as f64),
            ids: self.ids,
            calls: self.calls,
            finish: self.finish.unwrap_or(Finish::Length),
            computed: self.computed,
            reused: self.reused,
        }
    }
}
