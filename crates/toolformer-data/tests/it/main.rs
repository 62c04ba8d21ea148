//! What the crate promises, as a table of cases and as properties of random data.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod batches;
mod columns;
mod csv_tables;
mod files;
mod given;
mod interleaved;
mod json_files;
mod packing;
#[cfg(feature = "parquet")]
mod parquet_files;
mod shuffled;
mod splits;
mod streaming;
mod token_cache;
