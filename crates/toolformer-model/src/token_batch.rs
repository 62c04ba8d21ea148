//! Token ids of several rows, right-padded to one length.

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};

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

    /// The ids as a tensor `[batch * seq]`.
    pub fn to_tensor<B: Backend>(&self, device: &B::Device) -> Tensor<B, 1, Int> {
        let ids: Vec<i32> = self.ids.iter().map(|&id| id.cast_signed()).collect();
        let len = ids.len();
        Tensor::from_data(TensorData::new(ids, [len]), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_padded_on_the_right() {
        let batch = TokenBatch::new(&[vec![1, 2, 3], vec![4]]);
        assert_eq!((batch.batch(), batch.seq(), batch.tokens()), (2, 3, 4));
        assert_eq!(batch.ids, [1, 2, 3, 4, 0, 0]);
        assert_eq!((batch.row(0), batch.row(1)), (&[1, 2, 3][..], &[4][..]));
    }
}
