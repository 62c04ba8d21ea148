//! A completion under way: its tokens, its text, and the calls in it.

use rand_chacha::ChaCha8Rng;
use toolformer_model::Tokenizer;
use toolformer_text::StreamEvent;

use super::Decoding;
use crate::{
    call_watch::CallWatch,
    draw::draw_rng,
    generation::{CallEvent, Finish, Generation, Prompt, TokenLogprob, Tools},
};

/// A completion under way.
pub(super) struct Row {
    pub(super) prompt: usize,
    pub(super) index: usize,
    pub(super) prompt_ids: Vec<u32>,
    /// What the prompt's last line holds: quotes and parentheses of it may be open still.
    pub(super) line_before: String,
    pub(super) rng: ChaCha8Rng,
    /// Tokens to feed next.
    pub(super) pending: Vec<u32>,
    pub(super) ids: Vec<u32>,
    /// Of every token of `ids` that the model chose, where they are wanted.
    pub(super) logprobs: Vec<Option<TokenLogprob>>,
    pub(super) prompt_logprobs: Option<Vec<TokenLogprob>>,
    pub(super) bytes: Vec<u8>,
    /// Looks for calls in `bytes`, behind the last one that was run; none where there are no tools.
    pub(super) watch: Option<CallWatch>,
    /// Where the call that was started last begins.
    pub(super) started: Option<usize>,
    /// Calls that were started, whatever became of them, or that the model wrote itself and that were run.
    pub(super) calls_begun: usize,
    pub(super) calls: Vec<CallEvent>,
    /// Where in `bytes` the last call that was run ends.
    pub(super) plain_from: usize,
    pub(super) computed: usize,
    pub(super) finish: Option<Finish>,
}

impl Row {
    pub(super) fn new(number: usize, sample: usize, prompt: &Prompt, decoding: &Decoding<'_>) -> Self {
        let Decoding { tokenizer, settings, tools, .. } = decoding;
        let watch = match tools {
            Tools::Enabled(tools) => Some(CallWatch::new(tools.syntax, 0)),
            _ => None,
        };
        let bytes: Vec<u8> = prompt.ids.iter().flat_map(|&id| tokenizer.token_bytes(id)).collect();
        let text = String::from_utf8_lossy(&bytes);
        let sample_key = sample.to_string();
        let key: &[&str] = if sample == 0 { &[&prompt.key] } else { &[&prompt.key, &sample_key] };
        Self {
            prompt: number,
            index: sample,
            prompt_ids: prompt.ids.clone(),
            line_before: text.rsplit(['\n', '\r']).next().unwrap_or_default().to_owned(),
            rng: draw_rng(settings.seed, key),
            pending: prompt.ids.clone(),
            ids: Vec::new(),
            logprobs: Vec::new(),
            prompt_logprobs: None,
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

    /// Takes the last token away again, before it was fed.
    pub(super) fn pop(&mut self) -> Option<u32> {
        self.pending.pop();
        self.logprobs.pop();
        self.ids.pop()
    }

    /// Where the call begins that is being written, if one is.
    pub(super) fn call_start(&self) -> Option<usize> {
        self.watch.as_ref().and_then(CallWatch::call_start)
    }

    /// Cuts the text behind its first `len` bytes, and all tokens that are not whole within.
    pub(super) fn truncate(&mut self, len: usize, tokenizer: &Tokenizer) {
        self.bytes.truncate(len);
        let mut left = len;
        let whole = self.ids.iter().take_while(|&&id| {
            let len = tokenizer.token_bytes(id).len();
            let fits = len <= left;
            left = left.saturating_sub(len);
            fits
        });
        let whole = whole.count();
        self.ids.truncate(whole);
        self.logprobs.truncate(whole);
    }

    pub(super) fn into_generation(self, tell: bool) -> (usize, Generation) {
        let chosen: Vec<f64> =
            self.logprobs.iter().flatten().filter_map(|noted| Some(f64::from(noted.logprob?))).collect();
        let given_or_chosen =
            |(&id, noted): (&u32, Option<TokenLogprob>)| noted.unwrap_or_else(|| TokenLogprob::given(id));
        let logprobs = tell.then(|| self.ids.iter().zip(self.logprobs).map(given_or_chosen).collect());
        let generation = Generation {
            completion: String::from_utf8_lossy(&self.bytes).into_owned(),
            index: self.index,
            logprobs,
            prompt_logprobs: self.prompt_logprobs,
            mean_logprob: (!chosen.is_empty()).then(|| chosen.iter().sum::<f64>() / chosen.len() as f64),
            ids: self.ids,
            calls: self.calls,
            finish: self.finish.unwrap_or(Finish::Length),
            computed: self.computed,
        };
        (self.prompt, generation)
    }
}
