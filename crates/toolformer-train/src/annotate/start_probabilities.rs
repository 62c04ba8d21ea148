//! `p_i`: how likely a call starts before `x_i`.

use std::sync::Arc;

use burn::tensor::{Tensor, backend::Backend};
use toolformer_decode::Rows;
use toolformer_model::{CausalLm, Prefix, TokenBatch, check_numbers, log_probs};

use super::Annotator;
use crate::{error::TrainError, tokenized::Tokenized};

impl<B: Backend, M: CausalLm<B>> Annotator<'_, B, M> {
    /// `p_i` for every `i` of every text, and the tokens computed for it beyond `hidden`.
    ///
    /// `hidden` holds the states of a batch that is now `prefix`; `behind[row]` is how many of a row's tokens there come before
    /// the one that predicts `x_0`.
    pub(super) fn p_start(
        &self,
        texts: &[&Tokenized<'_>],
        behind: &[usize],
        hidden: Tensor<B, 3>,
        prefix: &Arc<Prefix<B>>,
    ) -> Result<(Vec<Vec<f64>>, usize), TrainError> {
        let [batch, seq, d_model] = hidden.dims();
        let places: Vec<(usize, usize)> = texts
            .iter()
            .enumerate()
            .flat_map(|(row, text)| (0..text.ids.len()).map(move |i| (row, i)))
            .collect();
        let index: Vec<i32> = places
            .iter()
            .map(|&(row, i)| i32::try_from(row * seq + behind[row] + i).unwrap_or(i32::MAX))
            .collect();
        let index = Tensor::from_ints(index.as_slice(), &self.model.device());
        let states = hidden.reshape([batch * seq, d_model]).select(0, index); // [places, d_model]
        let first = vec![self.marker.first(); places.len()];
        let mut log_p = log_probs(self.model, states, &first);
        let mut computed = 0;
        if self.marker.ids().len() > 1 {
            // A marker of several tokens: the product over them, at every place.
            for (chunk, log_p) in places.chunks(64).zip(log_p.chunks_mut(64)) {
                computed += self.multiply_rest(chunk, behind, prefix, log_p);
            }
        }
        let mut log_p = log_p.into_iter().map(|log_p| f64::from(log_p).exp());
        let p: Vec<Vec<f64>> =
            texts.iter().map(|text| log_p.by_ref().take(text.ids.len()).collect()).collect();
        check_numbers(p.iter().flatten().copied())?;
        Ok((p, computed))
    }

    fn multiply_rest(
        &self,
        places: &[(usize, usize)],
        behind: &[usize],
        prefix: &Arc<Prefix<B>>,
        log_p: &mut [f32],
    ) -> usize {
        let ids = self.marker.ids();
        let groups = places.iter().map(|&(row, _)| row).collect();
        let visible = places.iter().map(|&(row, i)| behind[row] + 1 + i).collect();
        let mut rows = Rows::on_prefix(self.model, prefix, groups, visible, ids.len());
        let hidden = rows.feed(&TokenBatch::new(&vec![&ids[..ids.len() - 1]; places.len()]));
        let [batch, seq, d_model] = hidden.dims();
        let targets = ids[1..].repeat(batch);
        let rest = log_probs(self.model, hidden.reshape([batch * seq, d_model]), &targets); // [places * seq]
        for (log_p, rest) in log_p.iter_mut().zip(rest.chunks(seq)) {
            *log_p += rest.iter().sum::<f32>();
        }
        rows.computed()
    }
}
