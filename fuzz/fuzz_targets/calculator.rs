//! An expression has a finite value or an error that says something.

#![no_main]

use libfuzzer_sys::fuzz_target;
use toolformer_text::Tool;
use toolformer_tools::{Calculator, Calendar, Date, evaluate, format_value};

fuzz_target!(|text: &str| {
    match evaluate(text) {
        Ok(value) => {
            assert!(value.is_finite());
            let printed = format_value(value);
            // What is printed can be read again, as a text that a model goes on with is.
            assert!(evaluate(&printed).is_ok(), "{text:?} gives {printed:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let _ = Calculator.call(text);
    let _ = Calendar::on(Date::constant(2023, 1, 30)).call(text);
});
