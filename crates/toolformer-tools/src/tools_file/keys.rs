//! The tables and values of a tools file, read strictly.

use std::{ops::Range, time::Duration};

#[cfg(feature = "http")]
use {serde_json::Value, std::collections::BTreeMap};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{ToolsFileDefaults, ToolsFileError, ToolsFileProblem, source::Source};

/// A table.
#[derive(Clone)]
pub(super) struct Keys<'t> {
    source: Source<'t>,
    path: String,
    span: Range<usize>,
    table: &'t DeTable<'t>,
}

/// What a key says.
#[derive(Clone)]
pub(super) struct Field<'t> {
    source: Source<'t>,
    path: String,
    value: &'t Spanned<DeValue<'t>>,
}

impl<'t> Keys<'t> {
    pub(super) fn root(source: Source<'t>, table: &'t Spanned<DeTable<'t>>) -> Self {
        Self { source, path: String::new(), span: 0..0, table: table.get_ref() }
    }

    /// An error about the table.
    pub(super) fn error(&self, problem: impl Into<ToolsFileProblem>) -> ToolsFileError {
        self.source.error(self.span.clone(), &self.path, problem.into())
    }

    /// Refuses other keys than these.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), ToolsFileError> {
        match self.table.keys().find(|key| !known.contains(&key.get_ref().as_ref())) {
            None => Ok(()),
            Some(key) => {
                let known = known.iter().map(|&name| format!("`{name}`")).collect();
                let problem = ToolsFileProblem::UnknownKey { known };
                Err(self.source.error(key.span(), &self.path_to(key.get_ref()), problem))
            }
        }
    }

    /// What a key says, if it is there.
    pub(super) fn get(&self, key: &str) -> Option<Field<'t>> {
        let value = self.table.get(key)?;
        Some(Field { source: self.source, path: self.path_to(key), value })
    }

    /// What a key says that must be there; `example` shows how it is written.
    pub(super) fn require(&self, key: &str, example: &str) -> Result<Field<'t>, ToolsFileError> {
        let missing = || ToolsFileProblem::Missing { key: key.to_owned(), example: example.to_owned() };
        self.get(key).ok_or_else(|| self.error(missing()))
    }

    /// The time that a key says, if it is there.
    pub(super) fn seconds(&self, key: &str) -> Result<Option<Duration>, ToolsFileError> {
        self.get(key).map(|field| field.seconds()).transpose()
    }

    /// The time that a call has, where one is set.
    pub(super) fn timeout(&self, defaults: &ToolsFileDefaults) -> Result<Option<Duration>, ToolsFileError> {
        Ok(self.seconds("timeout_seconds")?.or(defaults.timeout()))
    }

    /// Every key with what it says.
    pub(super) fn fields(self) -> impl Iterator<Item = (&'t str, Field<'t>)> {
        self.table.iter().map(move |(key, value)| {
            let key = key.get_ref().as_ref();
            (key, Field { source: self.source, path: self.path_to(key), value })
        })
    }

    fn path_to(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

impl<'t> Field<'t> {
    /// An error about it.
    pub(super) fn error(&self, problem: impl Into<ToolsFileProblem>) -> ToolsFileError {
        self.source.error(self.value.span(), &self.path, problem.into())
    }

    fn wrong_type(&self, expected: &str) -> ToolsFileError {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a truth value",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.error(ToolsFileProblem::Type { found: found.to_owned(), expected: expected.to_owned() })
    }

    /// An error that says that `value` cannot be and what can.
    pub(super) fn impossible(&self, value: impl ToString, advice: impl Into<String>) -> ToolsFileError {
        self.error(ToolsFileProblem::Value { value: value.to_string(), advice: advice.into() })
    }

    pub(super) fn string(&self) -> Result<&'t str, ToolsFileError> {
        self.value.get_ref().as_str().ok_or_else(|| self.wrong_type("a string, in quotes"))
    }

    pub(super) fn boolean(&self) -> Result<bool, ToolsFileError> {
        self.value.get_ref().as_bool().ok_or_else(|| self.wrong_type("true or false"))
    }

    pub(super) fn list(&self) -> Result<Vec<Self>, ToolsFileError> {
        let elements = self.value.get_ref().as_array().ok_or_else(|| self.wrong_type("a list"))?;
        let (source, path) = (self.source, &self.path);
        Ok(elements.iter().map(|value| Self { source, path: path.clone(), value }).collect())
    }

    pub(super) fn strings(&self) -> Result<Vec<String>, ToolsFileError> {
        self.list()?.iter().map(|element| element.string().map(str::to_owned)).collect()
    }

    pub(super) fn table(&self) -> Result<Keys<'t>, ToolsFileError> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.wrong_type("a table"))?;
        Ok(Keys { source: self.source, path: self.path.clone(), span: self.value.span(), table })
    }

    /// A table of strings.
    #[cfg(feature = "http")]
    pub(super) fn string_map(&self) -> Result<BTreeMap<String, String>, ToolsFileError> {
        self.table()?.fields().map(|(key, value)| Ok((key.to_owned(), value.string()?.to_owned()))).collect()
    }

    /// A whole number in `range`.
    pub(super) fn whole(&self, range: std::ops::RangeInclusive<i64>) -> Result<i64, ToolsFileError> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let DeValue::Integer(integer) = self.value.get_ref() else {
            return Err(self.wrong_type(&expected));
        };
        let value = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let value = value.filter(|value| range.contains(value));
        value.ok_or_else(|| self.impossible(integer.as_str(), format!("write {expected}")))
    }

    /// A size, bytes.
    pub(super) fn bytes(&self) -> Result<usize, ToolsFileError> {
        let bytes = self.whole(1..=1 << 30)?;
        usize::try_from(bytes).map_err(|_| self.impossible(bytes, "write a smaller number"))
    }

    /// A number, whole or not; `expected` says which.
    pub(super) fn number(&self, expected: &str) -> Result<(f64, &'t str), ToolsFileError> {
        let text = match self.value.get_ref() {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            DeValue::Float(float) => float.as_str(),
            _ => return Err(self.wrong_type(expected)),
        };
        let number = text.parse().map_err(|_| self.impossible(text, format!("write {expected}")))?;
        Ok((number, text))
    }

    /// A time, seconds.
    pub(super) fn seconds(&self) -> Result<Duration, ToolsFileError> {
        const EXPECTED: &str = "a number of seconds, more than 0 and at most 86400";
        let (number, text) = self.number(EXPECTED)?;
        let seconds = Some(number).filter(|&seconds| seconds > 0.0 && seconds <= 86_400.0);
        let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let duration = duration.filter(|duration| !duration.is_zero());
        duration.ok_or_else(|| self.impossible(text, format!("write {EXPECTED}")))
    }

    /// Whatever it says, as JSON; a date becomes its text.
    #[cfg(feature = "http")]
    pub(super) fn json(&self) -> Result<Value, ToolsFileError> {
        Ok(match self.value.get_ref() {
            DeValue::String(text) => Value::from(text.as_ref()),
            DeValue::Boolean(truth) => Value::from(*truth),
            DeValue::Datetime(date) => Value::from(date.to_string()),
            DeValue::Integer(_) => Value::from(self.whole(i64::MIN..=i64::MAX)?),
            DeValue::Float(float) => {
                let number = float.as_str().parse().ok().and_then(serde_json::Number::from_f64);
                Value::from(number.ok_or_else(|| self.impossible(float.as_str(), "write a finite number"))?)
            }
            DeValue::Array(_) => self.list()?.iter().map(Self::json).collect::<Result<_, _>>()?,
            DeValue::Table(_) => {
                let entries = self.table()?.fields().map(|(key, value)| Ok((key.to_owned(), value.json()?)));
                Value::Object(entries.collect::<Result<_, _>>()?)
            }
        })
    }
}
