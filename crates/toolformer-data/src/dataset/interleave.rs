//! Sets mixed with each other.

use std::{iter, sync::Arc};

use super::{
    Dataset,
    combine::{all_columns, in_memory},
    turns::{StoppingStrategy, Turns},
};
use crate::{
    error::DataError,
    row_source::{Row, RowIter, RowSource},
};

/// How sets are mixed: row by row, each set in turn or drawn by weight. As `datasets.interleave_datasets`, whose draws are
/// others.
///
/// ```
/// use toolformer_data::{Dataset, Interleave, Row, RowSource as _};
///
/// let numbers = |from: u64, to: u64| -> Dataset {
///     (from..to).map(|n| Row::from_iter([("n".to_owned(), n.into())])).collect()
/// };
/// let mixed = Interleave::default().mix(&[numbers(0, 3), numbers(10, 15)])?;
/// let found: Vec<u64> = mixed.rows()?.map(|row| row.unwrap()["n"].as_u64().unwrap()).collect();
/// assert_eq!(found, [0, 10, 1, 11, 2, 12]);
/// # Ok::<(), toolformer_data::DataError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interleave {
    /// How often each set has its turn, in relation to the others; in turn where there are none.
    pub weights: Option<Vec<f64>>,
    /// The seed of what is drawn.
    pub seed: u64,
    /// When the mix ends. An empty set has no rows left from the start.
    pub stop: StoppingStrategy,
}

impl Interleave {
    /// Mixes sets; in memory if all are. Of streamed ones a row of each is read ahead.
    ///
    /// # Errors
    /// If the weights are not one number above 0 for each set.
    pub fn mix(&self, sets: &[Dataset]) -> Result<Dataset, DataError> {
        let turns = Turns::new(sets.len(), self.weights.as_deref(), self.seed, self.stop)?;
        match in_memory(sets) {
            Some(sets) => {
                let starts = sets.into_iter().map(|rows| move || Ok(boxed(rows.iter().cloned().map(Ok))));
                mixed::<Arc<Row>, _>(turns, starts)?.collect()
            }
            None => Ok(Dataset::streamed(Mixed { sets: sets.to_vec(), turns })),
        }
    }
}

struct Mixed {
    sets: Vec<Dataset>,
    turns: Turns,
}

impl RowSource for Mixed {
    fn rows(&self) -> Result<RowIter<'_>, DataError> {
        Ok(Box::new(mixed(self.turns.clone(), self.sets.iter().map(|set| || set.rows()))?))
    }

    fn known_columns(&self) -> Result<Option<Vec<String>>, DataError> {
        all_columns(&self.sets).map(Some)
    }
}

type Rows<'a, T> = Box<dyn Iterator<Item = Result<T, DataError>> + Send + 'a>;

fn boxed<'a, T>(rows: impl Iterator<Item = Result<T, DataError>> + Send + 'a) -> Rows<'a, T> {
    Box::new(rows)
}

/// A set that is gone through, again and again if need be.
struct Mixing<'a, T, S> {
    start: S,
    rows: Rows<'a, T>,
    /// The row after the one that was given last: so it is known that a set has no rows left when its last one is given.
    next: Option<Result<T, DataError>>,
}

fn mixed<'a, T: Send + 'a, S>(
    mut turns: Turns,
    starts: impl Iterator<Item = S>,
) -> Result<impl Iterator<Item = Result<T, DataError>> + Send + 'a, DataError>
where
    S: Fn() -> Result<Rows<'a, T>, DataError> + Send + 'a,
{
    let mut sets = Vec::new();
    for (index, start) in starts.enumerate() {
        let mut rows = start()?;
        let next = rows.next();
        if next.is_none() {
            turns.is_empty(index);
        }
        sets.push(Mixing { start, rows, next });
    }
    Ok(iter::from_fn(move || {
        let index = turns.next()?;
        let set = &mut sets[index];
        let row = set.next.take();
        set.next = set.rows.next();
        if set.next.is_none() && turns.ran_out(index) {
            match (set.start)() {
                Ok(rows) => set.rows = rows,
                Err(error) => return Some(Err(error)),
            }
            set.next = set.rows.next();
        }
        row
    }))
}
