//! What reads one file: its bytes unpacked, then lines, objects, cells or paragraphs.

mod content;
mod csv_rows;
mod csv_types;
mod json_rows;
mod jsonl_rows;
mod lines;
mod paragraphs;
#[cfg(feature = "parquet")]
mod parquet_lines;
#[cfg(not(feature = "parquet"))]
mod parquet_missing;
mod text_rows;

#[cfg(feature = "parquet")]
pub use self::parquet_lines::ParquetLines;
#[cfg(not(feature = "parquet"))]
pub use self::parquet_missing::ParquetLines;
pub use self::{
    content::{Content, open_unpacked},
    lines::Lines,
    paragraphs::Paragraphs,
};
pub(crate) use self::{
    csv_rows::{CsvRows, csv_columns},
    json_rows::JsonRows,
    jsonl_rows::JsonlRows,
    text_rows::text_rows,
};
