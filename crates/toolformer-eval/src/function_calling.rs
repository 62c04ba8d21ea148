//! Calls of functions, in the style of the Berkeley Function Calling Leaderboard: the right one with the right
//! arguments, and none where none fits.

mod argument_text;
mod case;
mod cases_file;
mod judge;
mod schema;
mod value_match;

pub(crate) use self::cases_file::ANSWERS;
pub use self::{
    argument_text::argument_text,
    case::{ExpectedCalls, FunctionCase},
    cases_file::read_function_cases,
    judge::FunctionVerdict,
    schema::FunctionSchema,
};
