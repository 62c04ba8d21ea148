//! Arguments cut apart and bound to parameters.

use proptest::prelude::*;
use serde_json::{Value, json};
use toolformer_text::{Parameter, ParameterType, Parameters, split_arguments};

#[test]
fn every_case_of_the_file() {
    let mut checked = 0;
    for case in include_str!("cases/arguments.txt").split("\n\n") {
        let mut lines = case.lines().filter(|line| !line.starts_with('#'));
        let Some(args) = lines.next() else { continue };
        let args = args.strip_prefix('>').unwrap().trim_start();
        let shown = split_arguments(args).into_iter().map(|a| {
            assert_eq!(args[a.span.clone()].trim(), &args[a.span.clone()]);
            format!("= {} ¦ {}", a.keyword.unwrap_or("-"), a.text())
        });
        assert_eq!(shown.collect::<Vec<_>>(), lines.collect::<Vec<_>>(), "\n{case}");
        checked += 1;
    }
    assert!(checked >= 25, "only {checked} cases were read");
}

fn weather() -> Parameters {
    Parameters::new([
        Parameter::new("city", ParameterType::String),
        Parameter::new("days", ParameterType::Integer).optional(),
        Parameter::new("scale", ParameterType::Number).optional(),
        Parameter::new("rain", ParameterType::Boolean).optional(),
        Parameter::new("hours", ParameterType::List(Box::new(ParameterType::Integer))).optional(),
        Parameter::new("more", ParameterType::Any).optional(),
    ])
}

#[track_caller]
fn check(parameters: &Parameters, args: &str, expected: Value) {
    assert_eq!(parameters.bind(args).map(Value::from), Ok(expected), "{args}");
}

#[track_caller]
fn check_error(parameters: &Parameters, args: &str, expected: &str) {
    let error = parameters.bind(args).unwrap_err().to_string();
    assert_eq!(error.strip_prefix("bad arguments: "), Some(expected), "{args}");
}

#[test]
fn by_position_and_by_name() {
    let of = weather();
    check(&of, "Paris", json!({"city": "Paris"}));
    check(&of, "'Paris, France', 3", json!({"city": "Paris, France", "days": 3}));
    check(&of, "Paris, scale=.5, days=-1", json!({"city": "Paris", "scale": 0.5, "days": -1}));
    check(&of, "rain=True, city=Paris", json!({"city": "Paris", "rain": true}));
    check(&of, "Paris, None, null, false", json!({"city": "Paris", "rain": false}));
    check(&of, "None", json!({"city": "None"}));
    check(&of, "Paris, hours=[1, 2,]", json!({"city": "Paris", "hours": [1, 2]}));
    check(&of, "Paris, hours=[]", json!({"city": "Paris", "hours": []}));
    check(&of, "Paris, scale=1e3", json!({"city": "Paris", "scale": 1000.0}));
}

#[test]
fn anything() {
    let of = Parameters::new([Parameter::new("it", ParameterType::Any)]);
    check(&of, "{\"a\": [1, null]}", json!({"it": {"a": [1, null]}}));
    check(&of, "[a, 'b', 1.5, True, [None]]", json!({"it": ["a", "b", 1.5, true, [null]]}));
    check(&of, "bare text", json!({"it": "bare text"}));
    check(&of, "'quoted'", json!({"it": "quoted"}));
}

#[test]
fn lists_are_not_read_too_deep() {
    let of = Parameters::new([Parameter::new("it", ParameterType::Any)]);
    let text = "[".repeat(200_000) + &"]".repeat(200_000);
    assert!(of.bind(&text).unwrap()["it"].is_array());
    let bare = "[a".repeat(1_000) + &"]".repeat(1_000);
    assert!(of.bind(&bare).unwrap()["it"].is_array());
}

#[test]
fn raw_text() {
    let only = Parameters::text("text");
    check(&only, "a, b=c, \"d", json!({"text": "a, b=c, \"d"}));
    check(&only, "'a, b'", json!({"text": "a, b"}));
    check(&only, "'a', 'b'", json!({"text": "'a', 'b'"}));
    check(&only, "text=x", json!({"text": "text=x"}));
    check_error(&only, "", "parameter `text` is missing; write (text: text)");
    let last = Parameters::new([
        Parameter::new("n", ParameterType::Integer),
        Parameter::new("rest", ParameterType::Raw).optional(),
    ]);
    check(&last, "1", json!({"n": 1}));
    check(&last, "1, a, b=2", json!({"n": 1, "rest": "a, b=2"}));
    check_error(
        &last,
        "n=1, rest=2",
        "there is no parameter `rest`; write (n: integer, rest: text = null), and quote a text that holds `=`",
    );
}

#[test]
fn the_only_string_takes_all() {
    let of = Parameters::new([Parameter::new("query", ParameterType::String)]);
    check(&of, "Paris, France", json!({"query": "Paris, France"}));
    check(&of, "'Paris, France'", json!({"query": "Paris, France"}));
    check(&of, "query=Paris", json!({"query": "Paris"}));
    check(&of, "a=b", json!({"query": "a=b"}));
}

#[test]
fn errors_name_the_parameter() {
    let of = weather();
    let signature = "(city: string, days: integer = null, scale: number = null, rain: boolean = null, \
                     hours: list of integer = null, more: any = null)";
    check_error(&of, "", &format!("parameter `city` is missing; write {signature}"));
    check_error(&of, "days=3", &format!("parameter `city` is missing; write {signature}"));
    check_error(&of, "P, 2.5", "parameter `days` is of type integer, not `2.5`; write digits, such as 42");
    check_error(&of, "P, '3'", "parameter `days` is of type integer, not `'3'`; write digits, such as 42");
    check_error(
        &of,
        "P, scale=inf",
        "parameter `scale` is of type number, not `inf`; write digits, such as 42 or 0.5",
    );
    check_error(&of, "P, rain=1", "parameter `rain` is of type boolean, not `1`; write true or false");
    check_error(
        &of,
        "P, hours=[1, x]",
        "parameter `hours` is of type list of integer, not `[1, x]`; write square brackets around each integer, with commas between them",
    );
    check_error(&of, "P, days=", "parameter `days` is empty; give a value");
    check_error(&of, "P, city=Q", "parameter `city` is given twice; give it once");
    check_error(&of, "city=P, 3", "`3` has no name but stands after `city`; put it before");
    check_error(
        &of,
        "P, day=3",
        &format!("there is no parameter `day`; write {signature}, and quote a text that holds `=`"),
    );
    check_error(
        &of,
        "1,2,3,true,[1],5,6",
        &format!("too many arguments (7, at most 6): write {signature}, and quote a text that holds a comma"),
    );
    check_error(
        &Parameters::none(),
        "1",
        "too many arguments (1, at most 0): write none; there are no parameters",
    );
    let long = format!("P, {}", "9".repeat(100));
    check_error(
        &of,
        &long,
        &format!("parameter `days` is of type integer, not `{}…`; write digits, such as 42", "9".repeat(40)),
    );
}

/// Positions depend on it.
#[test]
fn a_schema_keeps_the_order_of_its_properties() {
    let schema = r#"{"properties": {"z": {}, "a": {}, "m": {}}, "required": ["m", "z", "a"]}"#;
    let of = Parameters::from_json_schema(serde_json::from_str(schema).unwrap());
    assert_eq!(of.to_string(), "z: any, a: any, m: any");
}

#[test]
fn schemas_there_and_back() {
    let schema = weather().json_schema();
    assert_eq!(schema["required"], json!(["city"]));
    assert_eq!(schema["properties"]["hours"], json!({"type": "array", "items": {"type": "integer"}}));
    let back = Parameters::from_json_schema(schema.clone());
    assert_eq!(back.as_slice(), weather().as_slice());
    assert_eq!(back.json_schema(), schema);
    let foreign = Parameters::from_json_schema(json!({
        "properties": {
            "unit": {"type": ["string", "null"], "description": "C or F"},
            "place": {"anyOf": [{"type": "string"}, {"type": "object"}]},
        },
        "required": ["place"],
    }));
    assert_eq!(foreign.to_string(), "place: any, unit: string = null");
    assert_eq!(foreign.get("unit").unwrap().description.as_deref(), Some("C or F"));
    for nonsense in [json!(null), json!([]), json!({"properties": 3, "required": "x"})] {
        assert!(Parameters::from_json_schema(nonsense).as_slice().is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(args in "[\\[\\](){},='\"\\\\ a1é\\n]{0,24}") {
        let arguments = split_arguments(&args);
        prop_assert!(arguments.windows(2).all(|pair| pair[0].span.end < pair[1].span.start));
        // Only commas and white space stand between and around them.
        let mut left: Vec<u8> = args.bytes().collect();
        for argument in &arguments {
            left[argument.span.clone()].fill(b' ');
        }
        prop_assert!(left.iter().all(|&byte| byte == b',' || byte.is_ascii_whitespace()));
        let _ = weather().bind(&args);
        let _ = Parameters::text("t").bind(&args);
    }

    #[test]
    fn a_quoted_text_is_read_back(text in any::<String>(), days in any::<i64>()) {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        let bound = weather().bind(&format!("\"{escaped}\", {days}")).unwrap();
        prop_assert_eq!(Value::from(bound), json!({"city": text, "days": days}));
    }
}
