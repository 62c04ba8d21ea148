//! A batch of rows that are equally long.

/// A batch of rows that are equally long, one after the other in each field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaddedBatch {
    /// Rows.
    pub rows: usize,
    /// Tokens of a row, with its padding.
    pub width: usize,
    /// `[rows, width]`, token ids.
    pub ids: Vec<u32>,
    /// `[rows, width]`, false where there is padding.
    pub attention: Vec<bool>,
    /// `[rows, width]`, whether a token is to be predicted. False where there is padding, and for the first token of a row,
    /// which nothing predicts.
    pub in_loss: Vec<bool>,
}

impl PaddedBatch {
    /// The place of each token in its own sequence.
    ///
    /// # Shapes
    /// - returns `[rows, width]`, tokens; 0 where there is padding
    pub fn positions(&self) -> Vec<usize> {
        let row = |attention: &[bool]| {
            let mut tokens = 0;
            let place = |&is_token: &bool| {
                tokens += usize::from(is_token);
                if is_token { tokens - 1 } else { 0 }
            };
            attention.iter().map(place).collect::<Vec<_>>()
        };
        self.attention.chunks(self.width.max(1)).flat_map(row).collect()
    }

    /// The length of each sequence without its padding.
    ///
    /// # Shapes
    /// - returns `[rows]`, tokens
    pub fn lengths(&self) -> Vec<usize> {
        let tokens = |row: usize| &self.attention[row * self.width..(row + 1) * self.width];
        (0..self.rows).map(|row| tokens(row).iter().filter(|&&is_token| is_token).count()).collect()
    }
}
