//! How data lie in a file.

use std::path::Path;

/// How data lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileFormat {
    /// `.json`: an array of objects, or an object with it in a field; also objects one behind the other.
    Json,
    /// `.jsonl`, `.ndjson`: an object a line.
    Jsonl,
    /// `.csv`: a header, then cells with commas between.
    Csv,
    /// `.tsv`: the same with tabs.
    Tsv,
    /// `.parquet`, which packs its own content.
    Parquet,
    /// `.txt`: plain text.
    Text,
}

impl FileFormat {
    /// By the end of the name; a further `.gz` means packed. None if that tells nothing, and for packed Parquet.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        let (inner, packed) = name.strip_suffix(".gz").map_or((&*name, false), |inner| (inner, true));
        match inner.rsplit_once('.')?.1 {
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "csv" => Some(Self::Csv),
            "tsv" => Some(Self::Tsv),
            "txt" => Some(Self::Text),
            "parquet" if !packed => Some(Self::Parquet),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<FileFormat>) {
        assert_eq!(FileFormat::of(Path::new(name)), expected);
    }

    #[test]
    fn the_end_of_the_name_tells() {
        check("a/b.jsonl", Some(FileFormat::Jsonl));
        check("b.JSON.gz", Some(FileFormat::Json));
        check("b.train.csv.gz", Some(FileFormat::Csv));
        check("b.tsv", Some(FileFormat::Tsv));
        check("b.parquet", Some(FileFormat::Parquet));
        check("b.parquet.gz", None);
        check("b.ndjson", Some(FileFormat::Jsonl));
        check("a.txt/b", None);
        check("txt", None);
    }
}
