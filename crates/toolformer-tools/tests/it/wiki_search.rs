//! The tools over a wiki: what they take and what they say.

use std::{collections::HashSet, sync::Mutex};

use toolformer_text::{Registry, Tool, ToolError};
use toolformer_tools::{Article, QuestionAnswering, WikiIndex, WikiSearch};

use crate::wiki_corpus::build;

const LIGHTHOUSE: &str =
    "Lighthouse > A lighthouse is a tower with a lamp, built on a coast to warn ships of rocks.";

#[track_caller]
fn check(args: &str, expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(WikiSearch::new(build(folder.path())).call(args).as_deref(), Ok(expected));
}

#[test]
fn search_takes_raw_text_with_or_without_quotes() {
    check("lighthouse", LIGHTHOUSE);
    check("\"the lighthouse, and ships\"", LIGHTHOUSE);
    check("'lighthouse'", LIGHTHOUSE);
    check(" lighthouse? ", LIGHTHOUSE);
}

#[test]
fn search_shows_as_much_as_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let search = WikiSearch::new(build(folder.path())).with_max_chars(24);
    assert_eq!(search.call("lamp").unwrap(), "Lighthouse > A…");
    assert_eq!(search.with_hits(2).call("fishing").unwrap(), "Fishing reel > A… | Fly fishing > In fly…");
}

#[test]
fn search_without_a_hit_or_a_query_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let search = WikiSearch::new(build(folder.path()));
    assert_eq!(search.call("xylophone"), Err(ToolError::NoResult));
    assert_eq!(search.call("?!"), Err(ToolError::NoResult));
    assert!(matches!(search.call(" "), Err(ToolError::BadArguments { .. })));
    assert!(matches!(search.call("\"\""), Err(ToolError::BadArguments { .. })));
}

#[test]
fn search_gives_one_line_whatever_the_article() {
    let folder = tempfile::tempdir().unwrap();
    let articles =
        [Article::new("Line\nbreaks", "a\r\n\tb"), Article::new("Alone", " "), Article::new("", "Untitled")];
    let index = WikiIndex::build(folder.path(), articles.map(Ok), |_| ()).unwrap();
    let mut tools = Registry::new();
    tools.insert(WikiSearch::new(index.into())).unwrap();
    assert_eq!(tools.call("WikiSearch", "breaks").unwrap(), "Line breaks > a b");
    assert_eq!(tools.call("WikiSearch", "alone").unwrap(), "Alone");
    assert_eq!(tools.call("WikiSearch", "untitled").unwrap(), "Untitled");
}

#[test]
fn fingerprints_tell_settings_apart() {
    let folder = tempfile::tempdir().unwrap();
    let index = build(folder.path());
    let search = WikiSearch::new(index.clone());
    let reader = |_: &str| Ok("yes".to_owned());
    let qa = QuestionAnswering::new(index, reader);
    let prints = [
        search.fingerprint(),
        search.clone().with_hits(2).fingerprint(),
        search.clone().with_max_chars(2).fingerprint(),
        qa.fingerprint(),
        qa.clone().with_passages(2).fingerprint(),
        qa.clone().with_max_chars(2).fingerprint(),
        qa.clone().with_reader_fingerprint("a model").fingerprint(),
    ];
    assert_eq!(prints.iter().collect::<HashSet<_>>().len(), prints.len());
    assert_eq!(search.clone().fingerprint(), search.fingerprint());
}

/// A reader that finds an answer only where the prompt has it: the word before the clue, in a passage.
fn look_up(prompt: &str, clue: &str) -> Result<String, ToolError> {
    let (passages, question) = prompt.rsplit_once("Question: ").unwrap();
    assert!(question.ends_with("\nAnswer:"));
    let before = passages.split(clue).next().filter(|before| before.len() < passages.len());
    Ok(before
        .and_then(|before| before.split_whitespace().last())
        .map_or("\n \n".into(), |word| format!("\n {word} \nQ")))
}

#[test]
fn qa_reads_the_answer_in_the_passages() {
    let folder = tempfile::tempdir().unwrap();
    let index = build(folder.path());
    let qa = QuestionAnswering::new(index.clone(), |prompt: &str| look_up(prompt, " was born there"));
    assert_eq!(qa.call("\"Who was born in Malaga?\""), Ok("Picasso".into()));
    assert_eq!(qa.call("What is a lighthouse?"), Err(ToolError::NoResult), "no passage tells it");
    assert_eq!(qa.call("Xylophone?"), Err(ToolError::NoResult));
    assert!(matches!(qa.call("''"), Err(ToolError::BadArguments { .. })));
    let failing = QuestionAnswering::new(index, |_: &str| Err(ToolError::failed("no model")));
    assert_eq!(failing.call("lamp"), Err(ToolError::failed("no model")));
}

/// The prompt for the question "fishing line, rod?".
fn prompt(passages: usize, max_chars: usize) -> String {
    let folder = tempfile::tempdir().unwrap();
    let seen = Mutex::new(String::new());
    let qa = QuestionAnswering::new(build(folder.path()), |prompt: &str| {
        *seen.lock().unwrap() = prompt.to_owned();
        Ok("yes".to_owned())
    });
    qa.with_passages(passages).with_max_chars(max_chars).call("fishing line, rod?").unwrap();
    seen.into_inner().unwrap()
}

#[test]
fn qa_prompts_hold_passages_question_and_slot() {
    let example = "Passage: Honey: Honey is a sweet food that bees make from the nectar of flowers. It keeps for \
                   years if it is sealed.\n\nQuestion: What do bees make honey from?\nAnswer: the nectar of flowers\n\n";
    let head = "Read the passages. Then answer the question with a name, a number or a few words.\n\n";
    let head = format!("{head}{example}");
    let reel = "Passage: Fishing reel: A fishing reel is a hand-cranked winder on a rod, for winding the line in.\n\n";
    let fly = "Passage: Fly fishing: In fly fishing a light lure, the fly, is cast with a heavy line and a long rod.\n\n";
    let tail = "Question: fishing line, rod?\nAnswer:";
    assert_eq!(prompt(2, 1_000), format!("{head}{reel}{fly}{tail}"));
    let cut = "Passage: Fishing reel: A fishing…\n\nPassage: Fly fishing: In fly…\n\n";
    assert_eq!(prompt(2, 50), format!("{head}{cut}{tail}"));
}
