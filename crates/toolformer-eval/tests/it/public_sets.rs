//! The public file formats.

use toolformer_eval::{EvalError, Item, Task};
use toolformer_text::Syntax;

use crate::fixture;

/// The items of a fixture as `id | prompt | answers`.
#[track_caller]
fn check(task: &str, file: &str, expected: &[&str], left_out: usize) -> Vec<Item> {
    let task = Task::builtin(task).unwrap();
    let set = task.items(Some(&fixture(file)), 0).unwrap();
    let shown = set
        .items
        .iter()
        .map(|item| format!("{} | {} | {}", item.id, task.prompt_of(item).unwrap(), item.answers.join(", ")));
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    assert_eq!(set.left_out.values().sum::<usize>(), left_out);
    set.items
}

const COMPLETE: &str = "Please complete the following text so that it is factually correct:";

#[test]
fn lama() {
    let bridge = format!("5700a1_0 | {COMPLETE} The bridge over the Elde was built by | Krause");
    check("lama-squad", "lama_squad.jsonl", &[&bridge], 1);
    let place = format!("a-3 | {COMPLETE} Ole Vik, a skier, was born in | Bergen");
    check("lama-google-re", "google_re", &[&place], 2);
    let letters = format!("t-1 | {COMPLETE} Dahl wrote his letters in | Norwegian");
    let oslo = format!("t-1#2 | {COMPLETE} Dahl was born in | Oslo");
    let items = check("lama-trex", "lama_trex.jsonl", &[&letters, &oslo], 1);
    assert_eq!(items[1].category.as_deref(), Some("P19"));
}

#[test]
fn mathematics() {
    let expected = [
        "chal-1 | Each pack of dvds costs 76 dollars. If there is a discount of 25 dollars on each pack How much do \
         you have to pay to buy each pack? The answer is | 51.0",
        "chal-2 | Dan had $ 3 left with him after he bought a candy bar. If he had $ 4 at the start How much did the \
         candy bar cost? The answer is | 1.0",
        "chal-3 | Paco had 26 salty cookies and 17 sweet cookies. He ate 14 sweet cookies and 9 salty cookies. How \
         many salty cookies did Paco have left? The answer is | 17.0",
    ];
    let items = check("svamp", "svamp.json", &expected, 0);
    assert_eq!(items[0].category.as_deref(), Some("Subtraction"));
    let score =
        Task::builtin("svamp").unwrap().metric.score(" 76 - 25 = $51.", &items[0], &Syntax::default());
    assert!(score.unwrap().correct);

    let pens = "own-0001 | Ann has 4 pens & Ben has 5 pens. How many pens do they have? The answer is | 9";
    let cake =
        "own-0003 | A cake is cut into 4 equal parts. Which part of it are 3 of them? The answer is | 3/4";
    check("asdiv", "asdiv.xml", &[pens, cake], 1);
    let nuts = "11 | Ida has 12.0 nuts . She eats 5.0 . How many are left ? The answer is | 7.0";
    check("mawps", "mawps.json", &[nuts], 1);
    let bags = "1 | Ida has 3 bags of 12 nuts and eats 5. How many are left? The answer is | 31";
    check("gsm8k", "gsm8k.jsonl", &[bags], 0);
}

#[test]
fn questions() {
    let elde = "Answer the following question: where does the elde flow through? | Müritz Lake, Parchim";
    check("webquestions", "webquestions.jsonl", &[&format!("1 | {elde}")], 0);
    let moor = "2 | Answer the following question: what did ada moor do? | Painter";
    check("webquestions", "webquestions_2013.json", &[&format!("1 | {elde}"), moor], 0);
    let built = "1 | Answer the following question: when was the bridge over the elde built? | 1911, in 1911";
    check("nq", "nq_open.jsonl", &[built], 0);
    let river = "qb_1 | Answer the following question: Which river flows through Parchim? | Elde, The Elde";
    check("triviaqa", "triviaqa_hub.jsonl", &[river], 0);
    check("triviaqa", "triviaqa.json", &[&format!("{river}, River Elde")], 0);
}

#[test]
fn other_languages() {
    let task = "Your task is to answer a question based on the following paragraph: The Elde is a river. It is 208 km \
                long. Now answer the following question in English:";
    let long = format!("m-1 | {task} ¿Qué longitud tiene el Elde? | 208 km");
    check("mlqa", "mlqa_hub.jsonl", &[&long], 0);
    let both = check("mlqa", "mlqa.json", &[&long, &format!("m-2 | {task} ¿Qué es el Elde? | a river")], 0);
    assert!(both.iter().all(|item| item.cluster.as_deref() == Some("1")), "they share their paragraph");
}

#[test]
fn facts_of_a_year() {
    let vik = format!("Q6_P54_2012 | {COMPLETE} Ole Vik plays for | Bergen FK, Norway");
    let items = check("templama", "templama.json", &[&vik], 1);
    assert_eq!(items[0].date.unwrap().to_string(), "2012-07-01");
    // A fact is asked about once a year, by the same words.
    assert_eq!(items[0].cluster.as_deref(), Some("Ole Vik plays for _X_."));
}

#[test]
fn texts_for_perplexity() {
    let found = Task::builtin("wikitext").unwrap().items(Some(&fixture("wiki.test.tokens")), 0).unwrap();
    assert_eq!(found.items.len(), 2);
    let text = &found.items[0].fields["text"];
    assert!(text.starts_with(" = Elde = \n") && text.ends_with("It flows north .\n"), "{text:?}");
    assert!(found.items[1].fields["text"].contains("painter"));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    std::fs::write(&path, "One.\nTwo.\n\nThree.\n").unwrap();
    let texts = Task::builtin("texts").unwrap().items(Some(&path.to_string_lossy()), 0).unwrap();
    assert_eq!(texts.items.len(), 1);
    std::fs::write(folder.path().join("b.jsonl"), "{\"text\": \"One.\"}\n{\"text\": \" \"}\n").unwrap();
    let texts =
        Task::builtin("texts").unwrap().items(Some(&folder.path().join("b.jsonl").to_string_lossy()), 0);
    assert_eq!(texts.unwrap().items.len(), 1);
}

/// The error that a row gives.
#[track_caller]
fn check_error(task: &str, file: &str, content: &str, expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    std::fs::write(&path, content).unwrap();
    let error = Task::builtin(task).unwrap().items(Some(&path.to_string_lossy()), 0).unwrap_err();
    let error = error.to_string();
    assert!(error.contains(file) && expected.iter().all(|part| error.contains(part)), "{error}");
}

#[test]
fn bad_rows_are_named() {
    let good = r#"{"question": "q", "answer": ["a"]}"#;
    check_error(
        "nq",
        "a.jsonl",
        &format!("{good}\n{{\"question\": \"q\"}}\n"),
        &["row 2", "`answer` or `answers`", "missing"],
    );
    check_error(
        "nq",
        "a.jsonl",
        r#"{"question": " ", "answer": ["a"]}"#,
        &["row 1", "`question`", "no text"],
    );
    check_error("nq", "a.jsonl", r#"{"question": "q", "answer": []}"#, &["`answer`", "list of texts"]);
    check_error("nq", "a.jsonl", "{\"question\": ", &["line 1", "JSON"]);
    check_error(
        "svamp",
        "a.json",
        r#"[{"Body": "b", "Question": "q", "Answer": "x"}]"#,
        &["`Answer`", "no number"],
    );
    check_error(
        "mawps",
        "a.json",
        r#"[{"sQuestion": "q", "lSolutions": ["x"]}]"#,
        &["`lSolutions`", "no number"],
    );
    check_error("lama-squad", "a.jsonl", r#"{"obj_label": "x"}"#, &["`masked_sentences`", "missing"]);
    check_error("lama-trex", "a.jsonl", r#"{"obj_label": "x", "evidences": [1]}"#, &["`evidences`"]);
    check_error(
        "templama",
        "a.jsonl",
        r#"{"query": "a _X_.", "answer": [{"name": "b"}], "date": "x"}"#,
        &["`date`", "2010"],
    );
    check_error("templama", "a.jsonl", r#"{"query": "a _X_.", "answer": [], "date": "2010"}"#, &["`answer`"]);
    check_error("webquestions", "a.json", r#"[{"utterance": "q", "targetValue": "x"}]"#, &["`targetValue`"]);
    check_error(
        "triviaqa",
        "a.json",
        r#"{"Data": [{"Question": "q"}]}"#,
        &["`Answer.Value` or `answer.value`"],
    );
    check_error("triviaqa", "a.json", r#"{"data": []}"#, &["no field `Data`"]);
    check_error("mlqa", "a.json", r#"{"data": [{"paragraphs": [{"context": "c"}]}]}"#, &["`paragraphs.qas`"]);
    check_error("asdiv", "a.xml", "<a>\n<Problem ID=\"1\"/></a>", &["line 2", "`Body`"]);
    check_error("asdiv", "a.xml", "<a>\n<b></a>", &["line 2", "no XML"]);
    check_error(
        "lama-squad",
        "a.jsonl",
        r#"{"masked_sentences": ["[MASK] is"], "obj_label": "x"}"#,
        &["1 rows", "not at the end"],
    );
}

#[test]
fn data_has_to_be_given_and_be_there() {
    let svamp = Task::builtin("svamp").unwrap();
    assert!(svamp.items(None, 0).unwrap_err().to_string().contains("Patel"));
    assert!(matches!(svamp.items(Some("/no/such/file.json"), 0), Err(EvalError::Data(_))));
    assert!(Task::builtin("x").unwrap_err().to_string().contains("lama-squad"));
    assert!(matches!(Task::find("no/such/task.toml"), Err(EvalError::Read { .. })));
    assert_eq!(Task::find("svamp").unwrap(), svamp);
}
