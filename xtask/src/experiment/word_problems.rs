//! Word problems of our own, with their answers, as plain texts: from templates and a seed. No calculation stands in them.

use serde_json::{Value, json};

use super::draws::Draws;

/// How the answer follows from `a` and `b`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
}

use Operation::{Add, Divide, Multiply, Subtract};

/// `{a}` and `{b}` are calculated with, `{c}` is a number that does not matter.
const TEMPLATES: &[(Operation, &str)] = &[
    (
        Add,
        "{name} picked {a} {things} in the morning and {b} more after lunch. How many {things} did {name} pick that day?",
    ),
    (
        Add,
        "There were {a} {things} in the drawer. {name} put {b} new ones into it. How many {things} are in the drawer now?",
    ),
    (
        Add,
        "{name} lent {a} {things} to a neighbour and still has {b}. How many {things} did {name} have before?",
    ),
    (
        Add,
        "A shelf holds {a} {things} on the left, {b} on the right and {c} cups below. How many {things} does it hold?",
    ),
    (
        Add,
        "The first class brought {a} {things} to the fair, the second class brought {b}. How many {things} did both bring together?",
    ),
    (
        Add,
        "{name} is {c} years old and owns {a} {things}. For a birthday {name} was given {b} more. How many {things} does {name} own now?",
    ),
    (Add, "After selling {a} {things} a shop had {b} left. How many {things} did the shop have at first?"),
    (Subtract, "{name} baked {a} {things} and gave away {b}. How many {things} are left?"),
    (
        Subtract,
        "{name} has {a} {things}, the brother of {name} has {b}. How many more {things} does {name} have?",
    ),
    (
        Subtract,
        "A box had {a} {things} in it. Some were taken out, and {b} remained. How many {things} were taken out?",
    ),
    (
        Subtract,
        "{name} wants to collect {a} {things} and has {b} so far. How many {things} are still missing?",
    ),
    (
        Subtract,
        "On Monday {a} {things} were sold, on Tuesday {b} and {c} lamps. How many fewer {things} were sold on Tuesday than on Monday?",
    ),
    (
        Subtract,
        "A book has {a} pages. {name} has read {b} of them in {c} days. How many pages are left to read?",
    ),
    (
        Subtract,
        "{name} found some {things} and now has {a} of them, after starting with {b}. How many {things} did {name} find?",
    ),
    (
        Subtract,
        "A jacket costs {a} dollars. With a coupon {name} pays {b} dollars less. How many dollars does {name} pay?",
    ),
    (Multiply, "There are {a} bags with {b} {things} in each. How many {things} are there altogether?"),
    (Multiply, "{name} makes {a} {things} every day. How many {things} does {name} make in {b} days?"),
    (Multiply, "A ticket costs {a} dollars. {name} buys {b} tickets. How many dollars does {name} pay?"),
    (
        Multiply,
        "Each of {a} rows in the hall has {b} chairs, and there are {c} lamps. How many chairs are in the hall?",
    ),
    (Multiply, "A machine fills {a} bottles a minute. How many bottles does it fill in {b} minutes?"),
    (Multiply, "{name} walks {a} miles a day for {b} days. How many miles does {name} walk?"),
    (Divide, "{name} shares {a} {things} equally among {b} friends. How many {things} does each friend get?"),
    (Divide, "{a} {things} are packed into boxes of {b}. How many boxes are needed?"),
    (
        Divide,
        "{name} earned {a} dollars in {b} weeks, the same amount each week. How many dollars did {name} earn in a week?",
    ),
    (
        Divide,
        "A rope of {a} feet is cut into {b} equal pieces; it cost {c} dollars. How many feet long is each piece?",
    ),
    (Divide, "{name} reads {b} pages a day. How many days does {name} need for a book of {a} pages?"),
];

const NAMES: [&str; 16] = [
    "Nora", "Omar", "Lena", "Hugo", "Ines", "Karl", "Maya", "Theo", "Vera", "Yusuf", "Clara", "Emil",
    "Greta", "Ivan", "Paula", "Rosa",
];

const THINGS: [&str; 16] = [
    "apples",
    "stamps",
    "shells",
    "marbles",
    "pencils",
    "tomatoes",
    "coins",
    "buttons",
    "postcards",
    "lemons",
    "bricks",
    "candles",
    "tickets",
    "plums",
    "stickers",
    "eggs",
];

/// `count` texts with ids from `own-0` on.
pub(super) fn word_problems(count: usize, seed: u64) -> Vec<Value> {
    (0..count).map(|number| json!({"id": format!("own-{number}"), "text": problem(number, seed)})).collect()
}

fn problem(number: usize, seed: u64) -> String {
    let mut draws = Draws::new(seed, number);
    let template = draws.one(TEMPLATES);
    from_template(template, &mut draws)
}

fn from_template((operation, template): (Operation, &str), draws: &mut Draws) -> String {
    // One in four has a large number.
    let large = draws.below(4) == 0;
    let (a, b) = match operation {
        Add if large => (draws.between(100, 900), draws.between(12, 99)),
        Add => (draws.between(2, 99), draws.between(2, 99)),
        Subtract => {
            let b = draws.between(2, 60);
            (b + draws.between(1, if large { 800 } else { 60 }), b)
        }
        Multiply => (draws.between(2, if large { 120 } else { 25 }), draws.between(2, 30)),
        Divide => {
            let b = draws.between(2, 20);
            (b * draws.between(2, if large { 90 } else { 15 }), b)
        }
    };
    let answer = match operation {
        Add => a + b,
        Subtract => a - b,
        Multiply => a * b,
        Divide => a / b,
    };
    let problem = template
        .replace("{name}", draws.one(&NAMES))
        .replace("{things}", draws.one(&THINGS))
        .replace("{a}", &a.to_string())
        .replace("{b}", &b.to_string())
        .replace("{c}", &draws.between(2, 50).to_string());
    format!("{problem} The answer is {answer}.")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn problems_are_whole_and_differ() {
        let problems = word_problems(2_000, 0);
        let texts: HashSet<&str> = problems.iter().filter_map(|row| row["text"].as_str()).collect();
        assert!(texts.len() > 1_950, "{}", texts.len());
        assert!(texts.iter().all(|text| !text.contains('{') && text.contains("? The answer is ")));
        assert_eq!(problems, word_problems(2_000, 0));
        assert_ne!(problems, word_problems(2_000, 1));
    }

    /// The numbers stand in a sentence as they stand in its template.
    #[test]
    fn answers_follow_from_the_operation_of_the_template() {
        let is_place = |word: &str| ["{a}", "{b}", "{c}"].into_iter().find(|place| word.contains(place));
        for (number, &(operation, template)) in TEMPLATES.iter().enumerate() {
            for seed in 0..20 {
                let text = from_template((operation, template), &mut Draws::new(seed, number));
                let (problem, answer) = text.rsplit_once(" The answer is ").unwrap();
                let words = template.split_whitespace().zip(problem.split_whitespace());
                let found: Vec<(&str, usize)> = words
                    .filter_map(|(place, word)| {
                        let digits: String = word.chars().filter(char::is_ascii_digit).collect();
                        Some((is_place(place)?, digits.parse().ok()?))
                    })
                    .collect();
                let of = |place: &str| found.iter().find(|(found, _)| *found == place).unwrap().1;
                let expected = match operation {
                    Add => of("{a}") + of("{b}"),
                    Subtract => of("{a}") - of("{b}"),
                    Multiply => of("{a}") * of("{b}"),
                    Divide => of("{a}") / of("{b}"),
                };
                assert_eq!(answer, format!("{expected}."), "{text}");
            }
        }
    }
}
