//! Whether what a model wrote is right.

mod first_number;
mod first_words;
mod score;
mod without_calls;

pub use self::{
    first_number::{first_number, number_in},
    first_words::{contains_answer, normalized_words},
    score::{Metric, Score},
    without_calls::without_calls,
};
