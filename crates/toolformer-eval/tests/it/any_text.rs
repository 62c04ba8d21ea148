//! Whatever a model writes is scored, and nothing panics.

use proptest::prelude::*;
use toolformer_eval::{
    Item, Metric, PromptTemplate, contains_answer, first_number, normalized_words, without_calls,
};
use toolformer_text::{Syntax, has_calls};

const ARTICLES: [&str; 3] = ["a", "an", "the"];

proptest! {
    #[test]
    fn any_text_is_scored(
        text in "(\\PC|[0-9.,/=$€−\\[\\]()> \n-]){0,60}",
        answer in "\\PC{0,8}",
        words in 0_usize..30,
    ) {
        let syntax = Syntax::default();
        let item = Item::new("1", vec![answer, "1".to_owned()]);
        for metric in [Metric::WithinFirstWords { words }, Metric::FirstNumber { tolerance: 0.0 }] {
            prop_assert!(metric.score(&text, &item, &syntax).is_ok());
            metric.is_settled(&text, &syntax);
        }
        let _ = PromptTemplate::parse(&text);
    }

    #[test]
    fn a_text_without_calls_stays_as_it_is(text in "(\\[A\\(|[a1\\[\\]() >\n-]|->){0,30}") {
        let syntax = Syntax::default();
        let said = without_calls(&text, &syntax);
        if !has_calls(&text, &syntax) {
            prop_assert!(text.starts_with(&*said) && !has_calls(&said, &syntax));
        }
        prop_assert!(said.len() <= text.len());
    }

    #[test]
    fn an_answer_is_found_where_it_stands(
        before in "[a-z ]{0,20}",
        answer in "[A-Za-z0-9'. -]{1,12}",
        after in "[a-z ]{0,20}",
    ) {
        let words = normalized_words(&answer);
        // Alone, an article counts; beside other words it does not.
        prop_assume!(words.iter().any(|word| !ARTICLES.contains(&word.as_str())));
        let text = format!("{before} {answer} {after}");
        prop_assert!(contains_answer(&text, &answer));
    }

    #[test]
    fn a_number_is_read_as_it_is_written(number in -1_000_000_000_i64..1_000_000_000, cents in 0_u8..100) {
        let (sign, whole) = (if number < 0 { "-" } else { "" }, number.unsigned_abs());
        let value: f64 = format!("{sign}{whole}.{cents:02}").parse().unwrap();
        let grouped = grouped(whole);
        let written = format!("{sign}{grouped}.{cents:02}");
        for text in [written.clone(), format!("It is {sign}${grouped}.{cents:02}."), format!("2 x = {written} km")] {
            prop_assert_eq!(first_number(&text), Some(value), "{}", text);
        }
    }
}

/// With commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let places = digits.char_indices().map(|(at, digit)| {
        let comma = at > 0 && (digits.len() - at).is_multiple_of(3);
        if comma { format!(",{digit}") } else { digit.to_string() }
    });
    places.collect()
}
