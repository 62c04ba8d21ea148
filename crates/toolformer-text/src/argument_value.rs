//! The Rust types that a parameter can have.

use serde_json::Value;

use crate::ParameterType;

/// A type that a parameter of a [`TypedTool`](crate::TypedTool) can have: `i64`, `f64`, `bool`, `String`,
/// [`Raw`], `serde_json::Value`, and `Option<T>` and `Vec<T>` of these.
pub trait ArgumentValue: Sized {
    /// Whether it takes the rest of the arguments, as [`Raw`] does.
    const IS_RAW: bool = false;

    /// What the parameter holds.
    fn parameter_type() -> ParameterType;

    /// Whether a call must give it.
    fn is_required() -> bool {
        true
    }

    /// The value, as [`Parameters::bind`](crate::Parameters::bind) read it for that type; `None` if the call
    /// left it out. Gives `None` where it does not fit.
    fn from_bound(value: Option<Value>) -> Option<Self>;
}

/// The rest of the arguments as they are written, commas and all; if they are one string literal as a whole,
/// what it says. Only the last parameter of a function can be of this type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw(pub String);

impl ArgumentValue for i64 {
    fn parameter_type() -> ParameterType {
        ParameterType::Integer
    }

    fn from_bound(value: Option<Value>) -> Option<Self> {
        value?.as_i64()
    }
}

impl ArgumentValue for f64 {
    fn parameter_type() -> ParameterType {
        ParameterType::Number
    }

    fn from_bound(value: Option<Value>) -> Option<Self> {
        value?.as_f64()
    }
}

impl ArgumentValue for bool {
    fn parameter_type() -> ParameterType {
        ParameterType::Boolean
    }

    fn from_bound(value: Option<Value>) -> Option<Self> {
        value?.as_bool()
    }
}

impl ArgumentValue for String {
    fn parameter_type() -> ParameterType {
        ParameterType::String
    }

    fn from_bound(value: Option<Value>) -> Option<Self> {
        match value? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl ArgumentValue for Raw {
    const IS_RAW: bool = true;

    fn parameter_type() -> ParameterType {
        ParameterType::Raw
    }

    fn from_bound(value: Option<Value>) -> Option<Self> {
        String::from_bound(value).map(Self)
    }
}

impl ArgumentValue for Value {
    fn parameter_type() -> ParameterType {
        ParameterType::Any
    }

    fn from_bound(value: Option<Value>) -> Option<Self> {
        value
    }
}

impl<T: ArgumentValue> ArgumentValue for Option<T> {
    const IS_RAW: bool = T::IS_RAW;

    fn parameter_type() -> ParameterType {
        T::parameter_type()
    }

    fn is_required() -> bool {
        false
    }

    fn from_bound(value: Option<Value>) -> Option<Self> {
        match value {
            None => Some(None),
            some => T::from_bound(some).map(Some),
        }
    }
}

impl<T: ArgumentValue> ArgumentValue for Vec<T> {
    fn parameter_type() -> ParameterType {
        const { assert!(!T::IS_RAW, "a list has no raw elements: take one `Raw`, or a list of strings") };
        ParameterType::List(Box::new(T::parameter_type()))
    }

    fn from_bound(value: Option<Value>) -> Option<Self> {
        match value? {
            Value::Array(items) => items.into_iter().map(|item| T::from_bound(Some(item))).collect(),
            _ => None,
        }
    }
}
