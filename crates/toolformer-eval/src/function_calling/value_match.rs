//! Whether a value is one of those that are possible: BFCL's rules for Python (`ast_checker.py` of bfcl-eval
//! 2026.3.23).

use serde_json::{Map, Value};

/// Python's types, as far as JSON tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Float,
    Boolean,
    List,
    Object,
    Null,
}

impl Kind {
    fn of(value: &Value) -> Self {
        match value {
            Value::String(_) => Self::Text,
            Value::Number(number) if number.is_f64() => Self::Float,
            Value::Number(_) => Self::Integer,
            Value::Bool(_) => Self::Boolean,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Object,
            Value::Null => Self::Null,
        }
    }

    /// What BFCL's type means; an unknown one, as `any`, is a text.
    fn declared(name: &str) -> Self {
        match name {
            "integer" => Self::Integer,
            "float" => Self::Float,
            "boolean" => Self::Boolean,
            "array" | "tuple" => Self::List,
            "dict" => Self::Object,
            _ => Self::Text,
        }
    }
}

/// Whether `value` fits a parameter of BFCL's type `kind`, with elements of type `items`, and is one of `possible`.
pub(super) fn check_value(
    kind: &str,
    items: Option<&str>,
    value: &Value,
    possible: &[Value],
) -> Result<(), String> {
    let expected = Kind::declared(kind);
    let items = items.filter(|_| expected == Kind::List).map(Kind::declared);
    let as_float = (expected == Kind::Float && Kind::of(value) == Kind::Integer)
        .then(|| value.as_f64().map(Value::from));
    let value = &as_float.flatten().unwrap_or_else(|| value.clone());
    let of_other_type = type_check(expected, items, value, possible)
        .ok_or_else(|| format!("is `{value}`, which is no {kind}"))?;
    let fits = match (expected, value) {
        // Where the possible values are of another type, such as names of variables, they are compared as they are.
        _ if of_other_type => possible.iter().any(|possible| equal(value, possible)),
        (Kind::Object, Value::Object(value)) => possible.iter().any(|possible| fits_object(value, possible)),
        (Kind::List, Value::Array(values)) if items == Some(Kind::Object) => {
            possible.iter().any(|possible| fits_objects(values, possible))
        }
        (Kind::Text, Value::String(text)) => {
            let wanted = standardized(text);
            possible.iter().filter_map(Value::as_str).any(|possible| standardized(possible) == wanted)
        }
        (Kind::List, Value::Array(values)) => {
            let values = standardized_all(values);
            // An empty text, where the list may be left out, stands for an empty one.
            let possible = possible.iter().map(|possible| possible.as_array().map_or(&[][..], Vec::as_slice));
            possible.into_iter().any(|possible| equal(&values, &standardized_all(possible)))
        }
        _ => possible.iter().any(|possible| equal(value, possible)),
    };
    if fits { Ok(()) } else { Err(format!("is `{value}`, which is none of {}", Value::from(possible))) }
}

/// None if the type is wrong, else whether the possible values are of another type than the declared one.
fn type_check(expected: Kind, items: Option<Kind>, value: &Value, possible: &[Value]) -> Option<bool> {
    let possible_kind = possible.iter().find(|possible| possible.as_str() != Some("")).map(Kind::of);
    let of_other_type = possible_kind.is_some_and(|kind| kind != expected);
    if Kind::of(value) != expected {
        return (possible_kind == Some(Kind::of(value))).then_some(true);
    }
    let (Some(items), Value::Array(values)) = (items, value) else { return Some(of_other_type) };
    let elements_fit = |possible: &Value| {
        possible.as_array().is_none_or(|possible| {
            values.iter().all(|value| type_check(items, None, value, possible).is_some())
        })
    };
    possible.iter().any(elements_fit).then_some(of_other_type)
}

/// Each field of the value is possible, and each that is not there may be left out.
fn fits_object(value: &Map<String, Value>, possible: &Value) -> bool {
    let Some(possible) = possible.as_object() else { return false };
    let values_of = |name: &str| possible.get(name).and_then(Value::as_array);
    let is_possible = |(name, value): (&String, &Value)| {
        let value = standardized_value(value);
        values_of(name).is_some_and(|all| all.iter().any(|one| equal(&value, &standardized_value(one))))
    };
    let may_be_left_out =
        |name: &str| values_of(name).is_some_and(|all| all.iter().any(|one| one.as_str() == Some("")));
    value.iter().all(is_possible)
        && possible.keys().all(|name| value.contains_key(name) || may_be_left_out(name))
}

fn fits_objects(values: &[Value], possible: &Value) -> bool {
    let Some(possible) = possible.as_array().filter(|possible| possible.len() == values.len()) else {
        return false;
    };
    values
        .iter()
        .zip(possible)
        .all(|(value, possible)| value.as_object().is_some_and(|value| fits_object(value, possible)))
}

/// In lower case, without ` ,./-_*^`, and with double quotes.
fn standardized(text: &str) -> String {
    let kept = text.chars().filter(|c| !" ,./-_*^".contains(*c)).collect::<String>();
    kept.to_lowercase().replace('\'', "\"")
}

fn standardized_value(value: &Value) -> Value {
    value.as_str().map_or_else(|| value.clone(), |text| Value::from(standardized(text)))
}

fn standardized_all(values: &[Value]) -> Value {
    values.iter().map(standardized_value).collect()
}

/// As in Python, where `1`, `1.0` and `True` are equal.
fn equal(one: &Value, other: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Bool(truth) => Some(f64::from(*truth)),
        value => value.as_f64(),
    };
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let same =
                |(name, value): (&String, &Value)| other.get(name).is_some_and(|other| equal(value, other));
            one.len() == other.len() && one.iter().all(same)
        }
        _ => match (number(one), number(other)) {
            (Some(one), Some(other)) => one == other,
            _ => one == other,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(kind: &str, value: Value, possible: Value, expected: bool) {
        let (kind, items) = kind.split_once(' ').map_or((kind, None), |(kind, items)| (kind, Some(items)));
        let found = check_value(kind, items, &value, possible.as_array().unwrap());
        assert_eq!(found.is_ok(), expected, "{found:?}");
    }

    #[test]
    fn scalars() {
        check("integer", json!(5), json!([5]), true);
        check("integer", json!(5.0), json!([5]), false);
        check("integer", json!("5"), json!([5]), false);
        check("integer", json!(true), json!([1]), false);
        check("float", json!(5), json!([5.0]), true);
        check("float", json!(5), json!([5]), true);
        check("float", json!(5.5), json!([5, ""]), false);
        check("boolean", json!(true), json!(["", true]), true);
        check("boolean", json!(false), json!([true]), false);
        check("boolean", json!("true"), json!([true]), false);
    }

    #[test]
    fn texts_are_compared_without_case_and_punctuation() {
        check("string", json!("April 1,2024"), json!(["april 1, 2024"]), true);
        check("string", json!("San-Francisco, CA"), json!(["San Francisco", "san francisco ca"]), true);
        check("string", json!("it's"), json!(["it\"s"]), true);
        check("string", json!("Berkeley"), json!(["San Francisco", ""]), false);
        check("any", json!("x"), json!(["X"]), true);
        // A variable is compared as it is.
        check("integer", json!("user_id"), json!(["user_id"]), true);
        check("integer", json!("User_id"), json!(["user_id"]), false);
    }

    #[test]
    fn lists() {
        check("array string", json!(["A b", "c"]), json!([["a,b", "C"]]), true);
        check("array string", json!(["c", "a"]), json!([["a", "c"]]), false);
        check("array integer", json!([1, 2]), json!([[1, 2], [2, 1]]), true);
        check("array integer", json!([1, "x"]), json!([[1, 2]]), false);
        check("array float", json!([1, 2.5]), json!([[1, 2.5]]), true);
        check("array string", json!([]), json!([["a"], ""]), true);
        check("tuple float", json!([1.5, 2.5]), json!([[1.5, 2.5]]), true);
        check("array string", json!("a"), json!([["a"]]), false);
    }

    #[test]
    fn objects() {
        let possible = json!([{"size": ["large", "big"], "milk": ["", "oat"]}]);
        check("dict", json!({"size": "Large"}), possible.clone(), true);
        check("dict", json!({"size": "big", "milk": "oat"}), possible.clone(), true);
        check("dict", json!({"milk": "oat"}), possible.clone(), false);
        check("dict", json!({"size": "big", "ice": true}), possible.clone(), false);
        check("dict", json!({"size": "small"}), possible, false);
        let list = json!([[{"name": ["a"]}, {"name": ["b"]}]]);
        check("array dict", json!([{"name": "A"}, {"name": "b"}]), list.clone(), true);
        check("array dict", json!([{"name": "b"}, {"name": "a"}]), list.clone(), false);
        check("array dict", json!([{"name": "a"}]), list, false);
    }
}
