//! Token ids of several rows, right-padded to one length.

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};

use crate::index_tensor::index_tensor;

/// A right-padded batch of token ids on the host.
///
/// Rows keep their own length; what stands behind it is padding that no valid token ever attends to.
#[derive(Clone, Debug)]
pub struct TokenBatch {
    ids: Vec<u32>,
    lens: Vec<usize>,
    seq: usize,
}

impl TokenBatch {
    /// Builds a batch from rows of ids.
    ///
    /// # Panics
    /// If there is no row or a row is empty.
    pub fn new<R: AsRef<[u32]>>(rows: &[R]) -> Self {
        let lens: Vec<usize> = rows.iter().map(|row| row.as_ref().len()).collect();
        assert!(!lens.is_empty() && lens.iter().all(|&len| len > 0), "a batch needs rows, and a row ids");
        let seq = lens.iter().copied().max().unwrap_or(0);
        let mut ids = Vec::with_capacity(rows.len() * seq);
        for row in rows {
            ids.extend_from_slice(row.as_ref());
            ids.resize(ids.len().next_multiple_of(seq), 0);
        }
        Self { ids, lens, seq }
    }

    /// Number of rows.
    pub fn batch(&self) -> usize {
        self.lens.len()
    }

    /// Padded length of a row, in tokens.
    pub fn seq(&self) -> usize {
        self.seq
    }

    /// Valid length of every row, in tokens.
    pub fn lens(&self) -> &[usize] {
        &self.lens
    }

    /// The ids of a row, without padding.
    pub fn row(&self, row: usize) -> &[u32] {
        &self.ids[row * self.seq..][..self.lens[row]]
    }

    /// Number of tokens that are not padding.
    pub fn tokens(&self) -> usize {
        self.lens.iter().sum()
    }

    /// The ids that are not padding, row after row, as a tensor `[tokens]`.
    pub fn to_tensor<B: Backend>(&self, device: &B::Device) -> Tensor<B, 1, Int> {
        let ids = (0..self.batch()).flat_map(|row| self.row(row));
        let ids: Vec<i32> = ids.map(|id| id.cast_signed()).collect();
        let len = ids.len();
        Tensor::from_data(TensorData::new(ids, [len]), device)
    }

    /// What belongs to the tokens, put where they stand in the batch; padding gets what belongs to the row's last token.
    ///
    /// # Shapes
    /// - `x`: `[tokens, width]`
    /// - returns `[batch, seq, width]`
    pub fn padded<B: Backend>(&self, x: Tensor<B, 2>) -> Tensor<B, 3> {
        let (width, device) = (x.dims()[1], x.device());
        let x = match self.padding(&device) {
            Some(padding) => x.select(0, padding.places), // [batch * seq, width]
            None => x,
        };
        x.reshape([self.batch(), self.seq, width]) // [batch, seq, width]
    }

    /// Where tokens stand in the padded batch; none if all rows are equally long.
    pub(crate) fn padding<B: Backend>(&self, device: &B::Device) -> Option<Padding<B>> {
        if self.tokens() == self.batch() * self.seq {
            return None;
        }
        let (mut places, mut tokens) = (Vec::new(), Vec::new());
        let mut first = 0;
        for (row, &len) in self.lens.iter().enumerate() {
            places.extend((0..self.seq).map(|at| first + at.min(len - 1)));
            tokens.extend((0..len).map(|at| row * self.seq + at));
            first += len;
        }
        Some(Padding { places: index_tensor(places, device), tokens: index_tensor(tokens, device) })
    }
}

/// The places of a batch whose rows are not equally long.
#[derive(Clone, Debug)]
pub(crate) struct Padding<B: Backend> {
    /// For every place of the batch, `[batch * seq]`, the number of its token.
    pub(crate) places: Tensor<B, 1, Int>,
    /// For every token, `[tokens]`, its place.
    pub(crate) tokens: Tensor<B, 1, Int>,
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;

    use super::*;

    #[test]
    fn rows_are_padded_on_the_right() {
        let batch = TokenBatch::new(&[vec![1, 2, 3], vec![4]]);
        assert_eq!((batch.batch(), batch.seq(), batch.tokens()), (2, 3, 4));
        assert_eq!(batch.ids, [1, 2, 3, 4, 0, 0]);
        assert_eq!((batch.row(0), batch.row(1)), (&[1, 2, 3][..], &[4][..]));
    }

    #[test]
    fn padding_is_not_among_the_tokens() {
        let batch = TokenBatch::new(&[vec![1, 2, 3], vec![4]]);
        let device = Default::default();
        assert_eq!(batch.to_tensor::<Flex>(&device).into_data(), TensorData::from([1, 2, 3, 4]));
        let x = Tensor::<Flex, 2>::from_data([[1.0], [2.0], [3.0], [4.0]], &device);
        let padded = batch.padded(x.clone());
        assert_eq!(
            padded.clone().into_data(),
            TensorData::from([[[1.0f32], [2.0], [3.0]], [[4.0], [4.0], [4.0]]])
        );
        let tokens = batch.padding::<Flex>(&device).unwrap().tokens;
        assert_eq!(padded.reshape([6, 1]).select(0, tokens).into_data(), x.into_data());
        assert!(TokenBatch::new(&[[1, 2], [3, 4]]).padding::<Flex>(&device).is_none());
    }
}
