//! What the argument grammars let through, and what the tools say to it.

use std::collections::{HashSet, VecDeque};

use proptest::prelude::*;
use toolformer_text::{
    CallEnds, CallGrammar, CallPosition, FnTool, Parameter, ParameterType, Parameters, Syntax, Tool,
    ToolError,
};
use toolformer_tools::{Calculator, CalculatorError, Calendar, CalendarError, evaluate, iso_date};

fn calendar() -> Calendar {
    Calendar::on(iso_date("2023-01-30").unwrap())
}

fn grammar(tool: &dyn Tool) -> CallGrammar {
    CallGrammar::new([tool], &Syntax::default(), CallEnds::Closed).unwrap()
}

/// Where the arguments of the only tool begin.
fn arguments(grammar: &CallGrammar, tool: &dyn Tool) -> CallPosition {
    grammar.read(grammar.start(), format!("{}(", tool.name()).as_bytes()).unwrap()
}

/// Whether `args` as a whole can be written.
fn takes(tool: &dyn Tool, args: &str) -> bool {
    let grammar = grammar(tool);
    let end =
        grammar.read(arguments(&grammar, tool), format!("{args}){}", Syntax::default().close()).as_bytes());
    end.is_some_and(|end| end.is_complete())
}

/// Arguments that the grammar lets through, chosen from `pieces` and ended in the shortest way that there is.
fn write(tool: &dyn Tool, pieces: &[&str], choices: &[u8]) -> String {
    let grammar = grammar(tool);
    let close = format!("){}", Syntax::default().close());
    let mut position = arguments(&grammar, tool);
    let mut text = String::new();
    for &choice in choices {
        // The end of the arguments is left to the shortest way.
        let stays = |to: &CallPosition| {
            let end = grammar.read(*to, Syntax::default().close().as_bytes());
            !end.is_some_and(|end| end.is_complete())
        };
        let next = |piece: &&str| {
            Some((grammar.read(position, piece.as_bytes()).filter(stays)?, (*piece).to_owned()))
        };
        let possible: Vec<_> = pieces.iter().filter_map(next).collect();
        let Some((to, piece)) = possible.get(usize::from(choice) % possible.len().max(1)) else { break };
        (position, text) = (*to, text + piece);
    }
    let mut seen = HashSet::from([position]);
    let mut open = VecDeque::from([(position, text)]);
    while let Some((position, text)) = open.pop_front() {
        if grammar.read(position, close.as_bytes()).is_some_and(|end| end.is_complete()) {
            return text;
        }
        assert!(seen.len() < 100_000, "no way to the end of `{text}`");
        for byte in (0x20..0x7f).chain([b'\t']) {
            if let Some(next) = grammar.step(position, byte)
                && seen.insert(next)
            {
                open.push_back((next, format!("{text}{}", char::from(byte))));
            }
        }
    }
    panic!("there is no way to the end of arguments that the grammar let through");
}

const SIGNS: &[&str] =
    &["1", "0", "23", "456", ",", ".", "(", ")", "+", "-", "*", "**", "/", "^", "%", " ", "$", "e", "×", "−"];
const WORDS: &[&str] = &[
    "today",
    "days ",
    "day ",
    "until ",
    "since ",
    "between ",
    " and ",
    "from ",
    " to ",
    "2024-02-29",
    "1999-12-31",
    "January ",
    "30",
    "5th",
    ", 2023",
    " 2023",
    "Monday, ",
    "next ",
    "Friday",
    "the ",
    "after ",
    "before ",
    " ago",
    " + ",
    " - ",
    "-",
    "3 weeks",
    "a year",
    "in ",
    "tomorrow",
    " ",
    "1",
];
const VALUES: &[&str] = &[
    "1", "-", "2.5", "e", "true", "False", "a", "é", "don't", "'", "\"", "\\", " ", ",", ", ", "a=", "b = ",
    "c=", "=", "(", ")", "x y", ":", "{", "}", "\u{5b}", "\u{5d}", "7",
];

fn kinds() -> impl Strategy<Value = ParameterType> {
    let one = prop::sample::select(vec![
        ParameterType::Integer,
        ParameterType::Number,
        ParameterType::Boolean,
        ParameterType::String,
        ParameterType::Any,
    ]);
    one.prop_recursive(2, 3, 1, |item| item.prop_map(|item| ParameterType::List(Box::new(item))))
}

/// Up to three parameters, the required ones first; the last may be raw.
fn parameters() -> impl Strategy<Value = Parameters> {
    (prop::collection::vec(kinds(), 0..=3), 0..=3usize, any::<bool>()).prop_map(
        |(mut kinds, required, raw)| {
            if raw && let Some(last) = kinds.last_mut() {
                *last = ParameterType::Raw;
            }
            let parameter = |(at, kind)| {
                let parameter = Parameter::new(["a", "b", "c"][at], kind);
                if at < required { parameter } else { parameter.optional() }
            };
            Parameters::new(kinds.into_iter().enumerate().map(parameter))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_calculator_reads_what_its_grammar_lets_through(choices in prop::collection::vec(any::<u8>(), 0..40)) {
        use CalculatorError::{DivisionByZero, NotReal, Overflow};
        let expression = write(&Calculator, SIGNS, &choices);
        let read = evaluate(&expression);
        prop_assert!(matches!(read, Ok(_) | Err(DivisionByZero | NotReal | Overflow)), "{}: {:?}", expression, read);
    }

    #[test]
    fn the_calendar_reads_what_its_grammar_lets_through(choices in prop::collection::vec(any::<u8>(), 0..30)) {
        use CalendarError::{NoSuchDay, OutOfRange, TooLong, WrongWeekday};
        let question = write(&calendar(), WORDS, &choices);
        let read = calendar().answer(&question);
        let is_read = matches!(
            read,
            Ok(_) | Err(NoSuchDay { .. } | OutOfRange | TooLong { .. } | WrongWeekday { .. })
        );
        prop_assert!(is_read, "{}: {:?}", question, read);
    }

    #[test]
    fn parameters_bind_what_their_grammar_lets_through(
        parameters in parameters(),
        choices in prop::collection::vec(any::<u8>(), 0..30),
    ) {
        let bind = { let parameters = parameters.clone(); move |args: &str| match parameters.bind(args) {
            Ok(_) => Ok(String::new()),
            Err(error) => Err(error),
        } };
        let tool = FnTool::new("T", "", bind).with_parameters(parameters.clone());
        let args = write(&tool, VALUES, &choices);
        prop_assert_eq!(tool.call(&args), Ok(String::new()), "{} for ({})", args, parameters);
    }
}

/// With names their expression would be too large.
#[test]
fn large_parameters_are_given_by_position() {
    let list = || ParameterType::List(Box::new(ParameterType::List(Box::new(ParameterType::Any))));
    let many = |count: usize, kind: &dyn Fn() -> ParameterType, required: usize| {
        let parameter = |at: usize| {
            let parameter = Parameter::new(format!("p{at}"), kind());
            if at < required { parameter } else { parameter.optional() }
        };
        let parameters = Parameters::new((0..count).map(parameter));
        FnTool::new("T", "", |_: &str| Ok(String::new())).with_parameters(parameters)
    };
    let check =
        |tool: &FnTool<_>, args: &str, expected: bool| assert_eq!(takes(tool, args), expected, "{args}");
    let lists = many(3, &list, 0);
    check(&lists, "", true);
    check(&lists, "\u{5b}\u{5b}1, a\u{5d}\u{5d}, \u{5b}\u{5d}", true);
    check(&lists, "1", false);
    let numbers = many(20, &|| ParameterType::Integer, 2);
    check(&numbers, "1, 2", true);
    check(&numbers, "1, 2, 3", true);
    check(&numbers, "1", false);
    check(&numbers, "1, x", false);
}

#[test]
fn expressions_that_a_model_may_write() {
    let check = |expression: &str, expected: bool| {
        assert_eq!(takes(&Calculator, expression), expected, "{expression}");
        assert!(!expected || evaluate(expression).is_ok(), "{expression}");
    };
    for expression in [
        "27 + 4 * 2",
        "400 / 1400",
        "658,893 / 11.4%",
        "-(2 + 3)^2",
        "2 ** -1",
        "$1,200 × 5%",
        "((7))",
        " 1e3 ",
        ".5-5.",
        "- -3",
        "4 − 1",
        "(1 + 2)% / 3",
    ] {
        check(expression, true);
    }
    for expression in
        ["", " ", "2(3)", "1 2", "1,2", "5 +", "()", "(1", "1)", "ans", "0x10", "1.2.3", "'2 + 3'", "= 5"]
    {
        check(expression, false);
    }
}

#[test]
fn questions_that_a_model_may_write() {
    let check = |question: &str, expected: bool| {
        assert_eq!(takes(&calendar(), question), expected, "{question}");
        assert!(!expected || calendar().answer(question).is_ok(), "{question}");
    };
    for question in [
        "",
        " ",
        "today",
        "Today + 3 weeks",
        "2023-01-30",
        "January 30, 2023 - 2022-12-25",
        "days until 2023-12-25",
        "days since March 1st 2020",
        "days from 2023-01-30 to 2023-12-25",
        "days between 1 May 2023 and tomorrow",
        "3 weeks ago",
        "in 2 months, 3 days",
        "the day after tomorrow",
        "2 days before next Friday",
        "+ 3 days",
        "Monday, January 30, 2023",
        "one week from today - 1 day",
    ] {
        check(question, true);
    }
    for question in ["what day is it", "yester", "2023-13-01", "3 weeks", "Friday", "'today'", "days"] {
        check(question, false);
    }
}

#[test]
fn arguments_of_declared_parameters() {
    let check = |list: Vec<Parameter>, args: &str, expected: bool| {
        let tool =
            FnTool::new("T", "", |_: &str| Err(ToolError::NoResult)).with_parameters(Parameters::new(list));
        assert_eq!(takes(&tool, args), expected, "{args}");
    };
    use ParameterType::{Any, Boolean, Integer, List, Number, Raw, String};
    let two = || vec![Parameter::new("city", String), Parameter::new("days", Integer).optional()];
    check(two(), "Paris", true);
    check(two(), "Paris, 3", true);
    check(two(), "'Paris, France', days = 3", true);
    check(two(), "city=Paris,days=3", true);
    check(two(), "Zürich's lake, 3", true);
    check(two(), "Jones' lake, 3", false); // a bare text holds no quotes but those within words
    check(two(), "\"it's \\\"here\\\"\", 3", true);
    check(two(), "", false);
    check(two(), "days=3", false);
    check(two(), "Paris, three", false);
    check(two(), "Paris, 3, 4", false);
    check(vec![Parameter::new("text", Raw)], "what is (1, 2), 'x', don't?", true);
    check(vec![Parameter::new("text", Raw)], "'' ", false);
    check(vec![Parameter::new("text", Raw).optional()], "", true);
    check(vec![Parameter::new("n", Number), Parameter::new("on", Boolean)], "-1.5e3, True", true);
    check(vec![Parameter::new("l", List(Box::new(Integer)))], "\u{5b}1, 2\u{5d}", true);
    check(vec![Parameter::new("l", List(Box::new(Integer)))], "\u{5b}1, x\u{5d}", false);
    check(vec![Parameter::new("v", Any)], "{\"a\": 1.5, \"b\": \"(\"}", true);
    check(vec![Parameter::new("v", Any)], "{\"a\": 1.5", false);
    check(vec![], "", true);
    check(vec![], "1", false);
    // Of so many, given by position alone.
    let many = || (0..17).map(|n| Parameter::new(format!("p{n}"), Integer)).collect();
    check(many(), &(0..17).map(|n| n.to_string()).collect::<Vec<_>>().join(", "), true);
    check(many(), "whatever, it is", false);
}
