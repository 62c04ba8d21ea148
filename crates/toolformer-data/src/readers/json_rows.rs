//! JSON: an array of objects, objects one behind the other, or an object with the array in one of its fields.

use std::{
    io::{BufRead as _, Read},
    path::PathBuf,
};

use struson::reader::{JsonReader as _, JsonStreamReader, ReaderError, ReaderSettings, ValueType};

use super::content::{Content, unreadable};
use crate::{error::DataError, row_source::Row};

/// The rows of a JSON file. One row is in memory at a time, however long the array is.
pub(crate) struct JsonRows {
    reader: JsonStreamReader<Box<dyn Read + Send>>,
    path: PathBuf,
    field: Option<String>,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing was read yet.
    Start,
    /// In the array of rows.
    InArray,
    /// Before the first of objects that stand one behind the other.
    AtObject,
    /// Behind one of them.
    BehindObject,
    /// Behind the last row, or an error.
    End,
}

impl JsonRows {
    /// With `field`, the rows are in this field of one object.
    pub(crate) fn open(
        mut content: Content,
        path: PathBuf,
        field: Option<String>,
    ) -> Result<Self, DataError> {
        let start = content.fill_buf().map_err(|error| DataError::file(&path, 0, unreadable(&error)))?;
        if start.starts_with(b"\xef\xbb\xbf") {
            content.consume(3);
        }
        let settings =
            ReaderSettings { allow_multiple_top_level: true, track_path: false, ..ReaderSettings::default() };
        let reader = JsonStreamReader::new_custom(Box::new(content) as Box<dyn Read + Send>, settings);
        Ok(Self { reader, path, field, place: Place::Start })
    }

    fn read(&mut self) -> Result<Option<Row>, DataError> {
        if self.place == Place::Start {
            self.start()?;
        }
        let more = match self.place {
            Place::Start | Place::End => false,
            Place::AtObject => true,
            Place::InArray | Place::BehindObject => {
                self.reader.has_next().map_err(|error| self.wrong(&error))?
            }
        };
        match self.place {
            Place::AtObject => self.place = Place::BehindObject,
            Place::InArray if !more => self.finish()?,
            _ => {}
        }
        if more {
            return self.row().map(Some);
        }
        self.place = Place::End;
        Ok(None)
    }

    /// Goes to the first row.
    fn start(&mut self) -> Result<(), DataError> {
        if let Some(field) = self.field.clone() {
            self.find(&field)?;
        }
        match self.reader.peek().map_err(|error| self.wrong(&error))? {
            ValueType::Array => {
                self.reader.begin_array().map_err(|error| self.wrong(&error))?;
                self.place = Place::InArray;
            }
            ValueType::Object if self.field.is_none() => self.place = Place::AtObject,
            other => {
                let what = self.field.as_ref().map_or("it".into(), |field| format!("its field `{field}`"));
                let why = format!("is no data: {what} has to be an array of objects, and is: {other}");
                return Err(self.error(why));
            }
        }
        Ok(())
    }

    /// Goes to the value of a field.
    fn find(&mut self, field: &str) -> Result<(), DataError> {
        let mut others = Vec::new();
        self.reader.begin_object().map_err(|error| self.wrong(&error))?;
        while self.reader.has_next().map_err(|error| self.wrong(&error))? {
            let name = self.reader.next_name_owned().map_err(|error| self.wrong(&error))?;
            if name == field {
                return Ok(());
            }
            others.push(name);
            self.reader.skip_value().map_err(|error| self.wrong(&error))?;
        }
        let others = if others.is_empty() { "none at all".into() } else { others.join(", ") };
        Err(DataError::file(&self.path, 0, format!("has no field `{field}`, only {others}")))
    }

    fn row(&mut self) -> Result<Row, DataError> {
        self.reader.deserialize_next().map_err(|error| match error {
            struson::serde::DeserializerError::ReaderError(error) => self.wrong(&error),
            other => self.error(not_objects(&other.to_string())),
        })
    }

    /// Reads what stands behind the array, so that a file that was cut off is noticed.
    fn finish(&mut self) -> Result<(), DataError> {
        let more = self.read_behind_array().map_err(|error| self.wrong(&error))?;
        if more { Err(self.error(not_objects("there is more behind its end"))) } else { Ok(()) }
    }

    /// Whether there is more behind the end.
    fn read_behind_array(&mut self) -> Result<bool, ReaderError> {
        self.reader.end_array()?;
        if self.field.is_some() {
            while self.reader.has_next()? {
                self.reader.skip_name()?;
                self.reader.skip_value()?;
            }
            self.reader.end_object()?;
        }
        self.reader.has_next()
    }

    fn wrong(&self, error: &ReaderError) -> DataError {
        self.error(match error {
            ReaderError::SyntaxError(error) => not_objects(&format!("{}", error.kind)),
            ReaderError::UnexpectedValueType { expected, actual, .. } => {
                not_objects(&format!("{actual} where {expected} is expected"))
            }
            ReaderError::IoError { error, .. } => unreadable(error),
            other => not_objects(&other.to_string()),
        })
    }

    /// An error about the line that was come to.
    fn error(&self, why: String) -> DataError {
        let line = self.reader.current_position(false).line_pos.map_or(0, |at| at.line + 1);
        DataError::file(&self.path, usize::try_from(line).unwrap_or(0), why)
    }
}

fn not_objects(error: &str) -> String {
    format!("is not an array of JSON objects ({error}); see that the file is whole, and every row an object")
}

impl Iterator for JsonRows {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.read();
        if row.is_err() {
            self.place = Place::End;
        }
        row.transpose()
    }
}
