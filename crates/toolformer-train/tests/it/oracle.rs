//! The data pipeline by the paper's words (section 2), to be read beside them: a pass of the model over the whole
//! sequence for every number, nothing kept from one to the next.
//!
//! Of the pipeline's code it uses the model's forward, the tokenizer and the generator of random numbers, no more.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use toolformer_decode::draw_rng;
use toolformer_model::Pretrained;

use crate::tiny::{B, next_log_probs};

/// One tool's sampling of calls with a model `M`.
pub(crate) struct Oracle<'a> {
    pub(crate) pretrained: &'a Pretrained<B>,
    /// `P`, with `{text}` for `x`.
    pub(crate) prompt: &'a str,
    pub(crate) tool: &'a str,
    pub(crate) tau_s: f64,
    pub(crate) k: usize,
    pub(crate) max_tokens: usize,
    pub(crate) seed: u64,
}

impl Oracle<'_> {
    fn ids(&self, text: &str) -> Vec<u32> {
        self.pretrained.tokenizer.encode(text).unwrap()
    }

    /// `P(x), x_{1:i-1}`; here the first token is number 0.
    fn before(&self, text: &str, i: usize) -> Vec<u32> {
        let (head, tail) = self.prompt.split_once("{text}").unwrap();
        let x = self.ids(text);
        [self.ids(head), x.clone(), self.ids(tail), x[..i].to_vec()].concat()
    }

    /// `p_i = p_M(<API> | P(x), x_{1:i-1})` for every `i`; where `<API>` is several tokens, their product.
    pub(crate) fn p(&self, text: &str) -> Vec<f64> {
        let start = self.ids(" [");
        let p_i = |i: usize| -> f64 {
            let factor = |n: usize| {
                let before = [self.before(text, i), start[..n].to_vec()].concat();
                next_log_probs(&self.pretrained.model, &before)[start[n] as usize].exp()
            };
            (0..start.len()).map(factor).product()
        };
        (0..self.ids(text).len()).map(p_i).collect()
    }

    /// `I = {i : p_i > tau_s}`; if there are more than `k`, the top `k`.
    pub(crate) fn positions(&self, p: &[f64]) -> Vec<usize> {
        let mut positions: Vec<usize> = (0..p.len()).filter(|&i| p[i] > self.tau_s).collect();
        while positions.len() > self.k {
            let worst =
                (0..positions.len()).rev().min_by(|&a, &b| p[positions[a]].total_cmp(&p[positions[b]]));
            positions.remove(worst.unwrap());
        }
        positions
    }

    /// A sample given `[P(x), x_{1:i-1}, <API>]`, token by token until there is enough of it, the model ends it or it is
    /// too long. Its random numbers are those of (seed, text id, tool, `i`, number of the sample).
    pub(crate) fn sample(
        &self,
        text: &str,
        text_id: usize,
        i: usize,
        sample: usize,
        enough: impl Fn(&[u8]) -> bool,
    ) -> Vec<u8> {
        let key: [&str; 4] = [&text_id.to_string(), self.tool, &i.to_string(), &sample.to_string()];
        self.draw([self.before(text, i), self.ids(" [")].concat(), draw_rng(self.seed, &key), enough)
    }

    /// A rewrite: what the model writes behind `P(x)`.
    pub(crate) fn rewrite(&self, text: &str, rng: ChaCha8Rng) -> String {
        String::from_utf8_lossy(&self.draw(self.before(text, 0), rng, |_| false)).into_owned()
    }

    /// What the model writes behind `ids`.
    fn draw(&self, mut ids: Vec<u32>, mut rng: ChaCha8Rng, enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let tokenizer = &self.pretrained.tokenizer;
        let mut drawn = Vec::new();
        for _ in 0..self.max_tokens {
            let p: Vec<f64> =
                next_log_probs(&self.pretrained.model, &ids).into_iter().map(f64::exp).collect();
            // The token in whose share of [0, 1) the random number falls.
            let mut left: f64 = rng.random();
            let token = p.iter().position(|p| {
                left -= p;
                left < 0.0
            });
            let token = token.unwrap_or(p.len() - 1) as u32;
            if tokenizer.eos() == Some(token) {
                break;
            }
            ids.push(token);
            drawn.extend(tokenizer.token_bytes(token));
            if enough(&drawn) {
                break;
            }
        }
        drawn
    }
}

/// The random numbers of a rewrite are those of (seed, text id, tool, "rewrite", number of the sample).
pub(crate) fn rewrite_draw(seed: u64, text_id: usize, tool: &str, sample: usize) -> ChaCha8Rng {
    draw_rng(seed, &[&text_id.to_string(), tool, "rewrite", &sample.to_string()])
}

/// The call that a sample begins with: `name(arguments)`, closed by `]` or asking for its result by `->`.
pub(crate) fn call_of(sample: &str) -> Option<(&str, &str)> {
    let (name, rest) = sample.split_once('(')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    let (args, behind) = rest.split_once(')')?;
    let behind = behind.trim_start();
    let plain = !args.contains(['(', '"', '\'', '\n', '[', ']']);
    (is_name && plain && (behind.starts_with(']') || behind.starts_with("->"))).then_some((name, args.trim()))
}

/// `L_i(z) = - sum_{j=i}^n w_{j-i} log p_M(x_j | z, x_{1:j-1})`, `w_t = max(0, 1 - 0.2 t) / 3`, where `z` is the begin
/// token and `prefix`.
pub(crate) fn loss(pretrained: &Pretrained<B>, prefix: &str, text: &str, i: usize) -> f64 {
    loss_by(pretrained, &[1.0 / 3.0, 0.8 / 3.0, 0.6 / 3.0, 0.4 / 3.0, 0.2 / 3.0], prefix, text, i)
}

/// The same with other weights.
pub(crate) fn loss_by(pretrained: &Pretrained<B>, w: &[f64], prefix: &str, text: &str, i: usize) -> f64 {
    let x = pretrained.tokenizer.encode(text).unwrap();
    let z =
        [vec![pretrained.tokenizer.bos().unwrap()], pretrained.tokenizer.encode(prefix).unwrap()].concat();
    let mut loss = 0.0;
    for j in i..x.len().min(i + w.len()) {
        let before = [&z, &x[..j]].concat();
        loss -= w[j - i] * next_log_probs(&pretrained.model, &before)[x[j] as usize];
    }
    loss
}
