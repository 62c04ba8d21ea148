//! A part of a set held out.

use std::sync::Arc;

use rand::{SeedableRng as _, seq::index};
use rand_chacha::ChaCha8Rng;

use super::{Dataset, Rows};
use crate::{
    error::DataError,
    row_source::{RowIter, RowSource},
};

/// How much of a set is held out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SplitSize {
    /// So many rows.
    Rows(usize),
    /// This share of the rows, between 0 and 1, rounded up.
    Share(f64),
}

impl SplitSize {
    /// Of a set with so many rows; something is left on both sides.
    pub(crate) fn of(self, rows: usize) -> Result<usize, DataError> {
        let wrong = |why: String| DataError::setting("test size", why);
        let held_out = match self {
            Self::Rows(held_out) => held_out,
            Self::Share(share) if share > 0.0 && share < 1.0 => (share * rows as f64).ceil() as usize,
            Self::Share(share) => return Err(wrong(format!("{share} is not between 0 and 1"))),
        };
        if held_out == 0 || held_out >= rows {
            let why =
                format!("{held_out} of {rows} rows leaves one side empty; give more rows, or another size");
            return Err(wrong(why));
        }
        Ok(held_out)
    }
}

impl Dataset {
    /// Two sets: to train on, and held out. With a seed, it says which rows are held out; without, the last ones are. Rows keep
    /// their order ([`Dataset::shuffle`] gives another), so that a streamed set gives the same as one in memory; it is
    /// counted first where it does not know its length.
    ///
    /// # Errors
    /// If one of the two would be empty, or rows cannot be read.
    pub fn train_test_split(&self, test: SplitSize, seed: Option<u64>) -> Result<(Self, Self), DataError> {
        let rows = self.count()?;
        let held_out = test.of(rows)?;
        Ok(match seed {
            Some(seed) => self.divided(rows, held_out, seed),
            None => (self.take(rows - held_out), self.skip(rows - held_out)),
        })
    }

    /// All rows but those that are drawn, and these.
    pub(crate) fn divided(&self, rows: usize, held_out: usize, seed: u64) -> (Self, Self) {
        let drawn = index::sample(&mut ChaCha8Rng::seed_from_u64(seed), rows, held_out);
        let mut drawn = drawn.into_vec();
        drawn.sort_unstable();
        let drawn: Arc<[usize]> = drawn.into();
        let part = |wanted: bool| match &self.rows {
            Rows::Memory(rows) => {
                let mut is_drawn = is_drawn(&drawn);
                rows.iter()
                    .enumerate()
                    .filter(|(row, _)| is_drawn(*row) == wanted)
                    .map(|(_, row)| row.clone())
                    .collect()
            }
            Rows::Stream(source) => {
                let known_len = Some(if wanted { held_out } else { rows - held_out });
                Self::streamed(Part { source: source.clone(), drawn: drawn.clone(), wanted, known_len })
            }
        };
        (part(false), part(true))
    }
}

/// Whether a row is drawn; asked for rows with rising numbers.
fn is_drawn(drawn: &[usize]) -> impl FnMut(usize) -> bool + Send + '_ {
    let mut drawn = drawn.iter().copied().peekable();
    move |row| drawn.next_if_eq(&row).is_some()
}

struct Part {
    source: Arc<dyn RowSource>,
    drawn: Arc<[usize]>,
    wanted: bool,
    known_len: Option<usize>,
}

impl RowSource for Part {
    fn rows(&self) -> Result<RowIter<'_>, DataError> {
        let mut is_drawn = is_drawn(&self.drawn);
        let rows = self.source.rows()?.enumerate();
        let rows = rows.filter(move |(index, row)| is_drawn(*index) == self.wanted || row.is_err());
        Ok(Box::new(rows.map(|(_, row)| row)))
    }

    fn known_len(&self) -> Result<Option<usize>, DataError> {
        Ok(self.known_len)
    }

    fn known_columns(&self) -> Result<Option<Vec<String>>, DataError> {
        self.source.known_columns()
    }
}
