//! What the cells of a column are.

use serde_json::{Number, Value};

/// What all cells of a column are that were seen so far. Each kind can become a later one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ColumnType {
    /// Empty.
    #[default]
    Empty,
    /// `true`, `True`, `TRUE`, and so for false.
    Truth,
    /// Whole numbers as JSON writes them, so not `007`.
    Whole,
    /// Numbers as JSON writes them.
    Number,
    /// Anything.
    Text,
}

impl ColumnType {
    /// With a further cell.
    pub(super) fn with(self, cell: &str) -> Self {
        let found = match cell {
            "" => return self,
            _ if truth(cell).is_some() => Self::Truth,
            _ => match number(cell) {
                Some(number) if !number.is_f64() => Self::Whole,
                Some(_) => Self::Number,
                None => Self::Text,
            },
        };
        match (self, found) {
            (Self::Empty, found) => found,
            (own, found) if own == found => own,
            (Self::Whole | Self::Number, Self::Whole | Self::Number) => Self::Number,
            _ => Self::Text,
        }
    }

    /// The value of a cell of such a column; an empty one has none.
    pub(super) fn value(self, cell: &str) -> Value {
        match self {
            _ if cell.is_empty() => Value::Null,
            Self::Empty | Self::Text => cell.into(),
            Self::Truth => truth(cell).map_or_else(|| cell.into(), Value::from),
            Self::Whole => number(cell).map_or_else(|| cell.into(), Value::from),
            Self::Number => {
                let number = number(cell).and_then(|number| number.as_f64());
                number.map_or_else(|| cell.into(), Value::from)
            }
        }
    }
}

fn truth(cell: &str) -> Option<bool> {
    match cell {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// A number that loses nothing when it is read.
fn number(cell: &str) -> Option<Number> {
    let is_whole = cell.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let starts_well = cell.starts_with(|start: char| start == '-' || start.is_ascii_digit());
    let number: Number = starts_well.then(|| serde_json::from_str(cell).ok()).flatten()?;
    // Digits beyond 64 bits are rather an id than a number.
    Some(number).filter(|number| !(is_whole && number.is_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cells: &[&str], expected: &str) {
        let column = cells.iter().fold(ColumnType::default(), |column, cell| column.with(cell));
        let found: Vec<Value> = cells.iter().map(|cell| column.value(cell)).collect();
        assert_eq!(Value::from(found).to_string(), expected, "{column:?}");
    }

    #[test]
    fn a_column_is_of_one_type() {
        check(&["1", "", "-2"], "[1,null,-2]");
        check(&["1", "2.5", "1e3"], "[1.0,2.5,1000.0]");
        check(&["1", "x"], r#"["1","x"]"#);
        check(&["True", "false"], "[true,false]");
        check(&["True", "1"], r#"["True","1"]"#);
        check(&["007", "8"], r#"["007","8"]"#);
        check(&["1", "123456789012345678901"], r#"["1","123456789012345678901"]"#);
        check(&["NaN", "1"], r#"["NaN","1"]"#);
        check(&[" 1"], r#"[" 1"]"#);
        check(&["", ""], "[null,null]");
    }
}
