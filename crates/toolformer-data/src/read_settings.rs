//! How files are read.

use crate::file_format::FileFormat;

/// What is a row of plain text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextUnit {
    /// A line, empty ones too.
    #[default]
    Line,
    /// A paragraph: lines with a blank one behind.
    Paragraph,
    /// A whole file, which then is in memory.
    File,
}

/// What the cells of a table are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CsvTypes {
    /// Numbers and truth values, where all cells of a column in a file are such; empty cells are null. Each file is gone
    /// through once more for it.
    #[default]
    Inferred,
    /// Text, empty ones too.
    Text,
}

/// How files are read. The default is what Hugging Face's `load_dataset` does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadSettings {
    /// How data lie in the files; by their names where it is not given.
    pub format: Option<FileFormat>,
    /// The field that holds the array, in files of JSON; none where the array is all there is.
    pub field: Option<String>,
    /// What stands between the cells of a table; else a comma, in `.tsv` a tab.
    pub delimiter: Option<u8>,
    /// What the cells of a table are.
    pub csv_types: CsvTypes,
    /// What is a row of plain text.
    pub text_unit: TextUnit,
}
