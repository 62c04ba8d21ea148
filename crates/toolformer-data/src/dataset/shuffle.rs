//! Rows in another order.

use std::{iter, sync::Arc};

use rand::{Rng as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;

use super::{Dataset, Rows};
use crate::{
    error::DataError,
    row_source::{Row, RowIter, RowSource},
};

/// Rows that are held to shuffle a stream, as in `datasets.IterableDataset.shuffle`.
const BUFFER: usize = 1000;

impl Dataset {
    /// The rows in an order that the seed gives. A streamed set is shuffled within 1000 rows only
    /// ([`Dataset::shuffle_within`]); give another seed for each epoch.
    pub fn shuffle(&self, seed: u64) -> Self {
        match &self.rows {
            Rows::Memory(rows) => {
                let mut rows = rows.to_vec();
                rows.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
                rows.into_iter().collect()
            }
            Rows::Stream(_) => self.shuffle_within(seed, BUFFER),
        }
    }

    /// Holds `buffer` rows, gives one of them, which the seed picks, and holds the next row in its place. No row comes more
    /// than `buffer` places early. A buffer of 0 or 1 changes nothing.
    pub fn shuffle_within(&self, seed: u64, buffer: usize) -> Self {
        let source: Arc<dyn RowSource> = match &self.rows {
            Rows::Memory(_) => Arc::new(self.clone()),
            Rows::Stream(source) => source.clone(),
        };
        Self::streamed(Shuffled { source, seed, buffer })
    }
}

struct Shuffled {
    source: Arc<dyn RowSource>,
    seed: u64,
    buffer: usize,
}

impl RowSource for Shuffled {
    fn rows(&self) -> Result<RowIter<'_>, DataError> {
        let mut rows = self.source.rows()?.fuse();
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut held: Vec<Row> = Vec::new();
        Ok(Box::new(iter::from_fn(move || {
            loop {
                match rows.next() {
                    Some(Ok(row)) if held.len() + 1 < self.buffer => held.push(row),
                    Some(Ok(row)) => {
                        held.push(row);
                        break;
                    }
                    Some(Err(error)) => return Some(Err(error)),
                    None => break,
                }
            }
            let rows = held.len();
            (rows > 0).then(|| Ok(held.swap_remove(rng.random_range(0..rows))))
        })))
    }

    fn known_len(&self) -> Result<Option<usize>, DataError> {
        self.source.known_len()
    }

    fn known_columns(&self) -> Result<Option<Vec<String>>, DataError> {
        self.source.known_columns()
    }
}
