//! What stands for Parquet in a program that was built without it.

use std::{
    convert::Infallible,
    io::{self, Read},
    path::Path,
};

use crate::error::DataError;

/// Reads as the JSONL that the rows of a Parquet file are; needs the feature `parquet`.
pub struct ParquetLines(Infallible);

impl ParquetLines {
    /// # Errors
    /// Always: this program was built without the feature `parquet`.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let why = "is Parquet, which this program was built without; build it with the feature `parquet`, or give JSONL";
        Err(DataError::file(path, 0, why))
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        match self.0 {}
    }

    /// How many rows the file says that it has.
    pub fn rows(&self) -> usize {
        match self.0 {}
    }
}

impl Read for ParquetLines {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }
}
