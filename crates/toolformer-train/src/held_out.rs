//! Texts that are kept apart, to measure on.

use rand::seq::SliceRandom;
use toolformer_decode::draw_rng;

use crate::{
    error::TrainError,
    texts::{Text, TextIter, TextSource},
};

/// The texts of a run without those held out.
pub(crate) struct WithoutHeldOut<'a> {
    all: &'a dyn TextSource,
    /// Of each text, whether it is held out.
    is_held_out: Vec<bool>,
}

impl<'a> WithoutHeldOut<'a> {
    /// Holds out `part` of the `count` texts, drawn by the seed. Memory: a byte a text, and nine while drawing.
    pub(crate) fn new(all: &'a dyn TextSource, count: usize, part: f64, seed: u64) -> Self {
        let wanted = (part * count as f64).round() as usize;
        let mut order: Vec<usize> = (0..count).collect();
        order.shuffle(&mut draw_rng(seed, &["held-out"]));
        let mut is_held_out = vec![false; count];
        order[..wanted].iter().for_each(|&i| is_held_out[i] = true);
        Self { all, is_held_out }
    }

    /// Those held out, or the others, in their order.
    fn part(&self, held_out: bool) -> Result<TextIter<'_>, TrainError> {
        let texts = self.all.texts()?.zip(&self.is_held_out);
        Ok(Box::new(texts.filter(move |&(_, &out)| out == held_out).map(|(text, _)| text)))
    }

    /// Those held out, in their order.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(crate) fn held_out(&self) -> Result<Vec<Text>, TrainError> {
        self.part(true)?.collect()
    }
}

impl TextSource for WithoutHeldOut<'_> {
    fn texts(&self) -> Result<TextIter<'_>, TrainError> {
        self.part(false)
    }
}
