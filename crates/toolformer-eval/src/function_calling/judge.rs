//! Whether the calls of an output are those that were asked for.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use toolformer_text::Call;

use super::{ExpectedCalls, FunctionCase, FunctionSchema, value_match::check_value};

/// What an output's calls are worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FunctionVerdict {
    /// As asked for.
    Correct,
    /// Nothing was called, though a function fits.
    NoCall,
    /// Something was called, though no function fits.
    UnexpectedCall {
        /// What.
        function: String,
    },
    /// One call was asked for, and there are more.
    SeveralCalls {
        /// How many.
        calls: usize,
    },
    /// Another function was called.
    WrongFunction {
        /// Which.
        function: String,
    },
    /// The right function was called with wrong arguments.
    WrongArguments {
        /// What is wrong.
        why: String,
    },
}

/// As it stands in a row of results.
impl fmt::Display for FunctionVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Correct => f.write_str("correct"),
            Self::NoCall => f.write_str("no call"),
            Self::UnexpectedCall { function } => write!(f, "unexpected call of {function}"),
            Self::SeveralCalls { calls } => write!(f, "{calls} calls"),
            Self::WrongFunction { function } => write!(f, "wrong function {function}"),
            Self::WrongArguments { why } => write!(f, "wrong arguments: {why}"),
        }
    }
}

impl FunctionVerdict {
    /// Whether it is right.
    pub fn is_correct(&self) -> bool {
        *self == Self::Correct
    }
}

impl FunctionCase {
    /// Judges the calls of an output by BFCL's rules of comparing syntax trees: the right function once, all required
    /// parameters, none that is unknown, each value of the right type and among the possible ones. Of texts, case and
    /// ` ,./-_*^` do not count, and `'` is `"`; a whole number is as good as a decimal one where a decimal one is
    /// asked for; a parameter whose possible values hold `""` may be left out.
    ///
    /// ```
    /// use toolformer_eval::{ExpectedCalls, FunctionCase, FunctionSchema};
    /// use toolformer_text::{Syntax, parse};
    /// use serde_json::json;
    ///
    /// let area = json!({"name": "area", "parameters": {"type": "dict", "required": ["base"], "properties": {
    ///     "base": {"type": "integer"}, "unit": {"type": "string"}}}});
    /// let case = FunctionCase {
    ///     id: "simple_0".into(),
    ///     category: "simple".into(),
    ///     question: "How large is it?".into(),
    ///     functions: vec![FunctionSchema::from_bfcl(&area).unwrap()],
    ///     expected: ExpectedCalls::One {
    ///         function: "area".into(),
    ///         arguments: json!({"base": [10], "unit": ["cm", ""]}).as_object().unwrap().clone(),
    ///     },
    /// };
    /// let judge = |output: &str| case.judge(parse(output, &Syntax::default()).calls()).is_correct();
    /// assert!(judge("It is [area(base=10)]") && judge("[area(10, \"CM\") -> 50]"));
    /// assert!(!judge("[area(base=11)]") && !judge("fifty"));
    /// ```
    pub fn judge(&self, calls: &[Call]) -> FunctionVerdict {
        match (&self.expected, calls) {
            (ExpectedCalls::None, []) => FunctionVerdict::Correct,
            (ExpectedCalls::None, [call, ..]) => {
                FunctionVerdict::UnexpectedCall { function: call.name.clone() }
            }
            (_, []) => FunctionVerdict::NoCall,
            (ExpectedCalls::Any, calls) => {
                let unknown =
                    calls.iter().find(|call| !self.functions.iter().any(|known| known.name == call.name));
                unknown.map_or(FunctionVerdict::Correct, |call| FunctionVerdict::WrongFunction {
                    function: call.name.clone(),
                })
            }
            (ExpectedCalls::One { function, arguments }, [call]) => {
                let schema = self.functions.iter().find(|schema| schema.name == *function);
                match schema.filter(|_| call.name == *function) {
                    None => FunctionVerdict::WrongFunction { function: call.name.clone() },
                    Some(schema) => match check_arguments(schema, &call.args, arguments) {
                        Ok(()) => FunctionVerdict::Correct,
                        Err(why) => FunctionVerdict::WrongArguments { why },
                    },
                }
            }
            (ExpectedCalls::One { .. }, calls) => FunctionVerdict::SeveralCalls { calls: calls.len() },
        }
    }
}

fn check_arguments(schema: &FunctionSchema, args: &str, possible: &Map<String, Value>) -> Result<(), String> {
    let given = schema.as_read(possible).bind(args).map_err(|error| error.to_string())?;
    for (name, value) in &given {
        let (Some((kind, items)), Some(values)) = (schema.type_of(name), possible.get(name)) else {
            return Err(format!("`{name}` was not asked for"));
        };
        let values = values.as_array().map_or(&[][..], Vec::as_slice);
        check_value(kind, items, value, values).map_err(|why| format!("`{name}` {why}"))?;
    }
    // In an inline call `null` leaves a parameter out.
    let leaves_out = |value: &Value| value.is_null() || value.as_str() == Some("");
    let may_be_left_out =
        |values: &Value| values.as_array().is_some_and(|values| values.iter().any(leaves_out));
    match possible.iter().find(|(name, values)| !given.contains_key(*name) && !may_be_left_out(values)) {
        Some((name, _)) => Err(format!("`{name}` is missing")),
        None => Ok(()),
    }
}
