//! The ranking of a search, beside a slow and obvious BM25.

use std::collections::BTreeSet;

use toolformer_tools::{Article, WikiIndex};

use crate::wiki_corpus::{ARTICLES, build};

/// Words in lower case without the accents that the corpus has; endings are cut by [`stem`].
fn words(text: &str) -> Vec<String> {
    let plain = text.to_lowercase().replace('á', "a").replace('é', "e").replace('ï', "i");
    plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(stem).collect()
}

/// The English stems of the words that the queries below use; others are compared as they are.
fn stem(word: &str) -> String {
    let stems =
        [("fishing", "fish"), ("lines", "line"), ("ships", "ship"), ("rods", "rod"), ("twins", "twin")];
    stems.iter().find(|(from, _)| *from == word).map_or(word, |(_, to)| to).to_owned()
}

/// Every article that shares a word with the query, with its score, the best first.
fn bm25(articles: &[(&str, &str)], query: &str) -> Vec<(String, f64)> {
    let documents: Vec<Vec<String>> =
        articles.iter().map(|(title, text)| words(&format!("{title} {title} {text}"))).collect();
    let count = documents.len() as f64;
    let average = documents.iter().map(Vec::len).sum::<usize>() as f64 / count;
    let mut scored = Vec::new();
    for (document, (title, _)) in documents.iter().zip(articles) {
        let mut score = 0.0;
        for term in words(query).into_iter().collect::<BTreeSet<_>>() {
            let holding = documents.iter().filter(|document| document.contains(&term)).count() as f64;
            let idf = (1.0 + (count - holding + 0.5) / (holding + 0.5)).ln();
            let frequency = document.iter().filter(|word| **word == term).count() as f64;
            let length = 1.0 - 0.75 + 0.75 * document.len() as f64 / average;
            score += idf * frequency * (1.2 + 1.0) / (frequency + 1.2 * length);
        }
        if score > 0.0 {
            scored.push(((*title).to_owned(), score));
        }
    }
    // Stable: equal scores keep the articles' order.
    scored.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    scored
}

#[track_caller]
fn check(query: &str) {
    let folder = tempfile::tempdir().unwrap();
    let hits = build(folder.path()).search(query, ARTICLES.len()).unwrap();
    let expected = bm25(ARTICLES, query);
    assert!(!expected.is_empty(), "{query}");
    let titles: Vec<&str> = hits.iter().map(|hit| hit.title.as_str()).collect();
    assert_eq!(titles, expected.iter().map(|(title, _)| title.as_str()).collect::<Vec<_>>(), "{query}");
    for (hit, (title, score)) in hits.iter().zip(&expected) {
        assert!(
            (f64::from(hit.score) - score).abs() < 1e-4,
            "{query}, {title}: {} is not {score}",
            hit.score
        );
    }
}

#[test]
fn scores_are_bm25() {
    check("picasso");
    check("fly fishing rods");
    check("the line of a heavy rod");
    check("heavy heavy water water");
    check("lighthouse coast ships");
    check("a is in the on");
    check("Malaga or Spain");
}

#[test]
fn equal_scores_keep_the_order() {
    check("both twins");
    let folder = tempfile::tempdir().unwrap();
    let same = (0..50).map(|number| Ok(Article::new(format!("t{number}"), "the same words")));
    let index = WikiIndex::build(folder.path(), same, |_| ()).unwrap();
    let titles: Vec<String> = index.search("same", 3).unwrap().into_iter().map(|hit| hit.title).collect();
    assert_eq!(titles, ["t0", "t1", "t2"]);
}

#[track_caller]
fn check_titles(query: &str, expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let hits = build(folder.path()).search(query, 2).unwrap();
    assert_eq!(hits.iter().map(|hit| hit.title.as_str()).collect::<Vec<_>>(), expected, "{query}");
}

#[test]
fn accents_capitals_and_endings_do_not_matter() {
    check_titles("malaga", &["Málaga"]);
    check_titles("MÁLAGA", &["Málaga"]);
    check_titles("Ma\u{301}laga", &["Málaga"]);
    check_titles("ｍａｌａｇａ", &["Málaga"]);
    check_titles("naive cafe", &["Naïve café"]);
    check_titles("sculptors", &["Pablo Picasso"]);
    check_titles("hydrogen's", &["Heavy water"]);
}

/// Finds the same for both queries, with the same scores.
#[track_caller]
fn check_same(query: &str, plain: &str) {
    let folder = tempfile::tempdir().unwrap();
    let index = build(folder.path());
    assert_eq!(index.search(query, 99).unwrap(), index.search(plain, 99).unwrap(), "{query}");
}

#[test]
fn no_character_of_a_query_has_a_meaning() {
    check_titles("\"sculptor lighthouse\"", &["Lighthouse", "Pablo Picasso"]);
    check_same("\"sculptor lighthouse\"", "lighthouse sculptor");
    check_same("+sculptor -lamp !line", "lamp line sculptor");
    check_same("text:sculptor title:coast", "coast sculptor text title");
    check_same("sculptor^0 lamp^9", "sculptor lamp 0 9");
    check_same("(sculptor AND deuterium", "and deuterium sculptor");
    check_same("NOT (sculptor || coast)", "coast not sculptor");
    check_same("sculptor~2 [a TO *] {", "2 a sculptor to");
    check_same("IN [coast lamp] > ships", "coast in lamp ships");
    check_titles("scul* scul?ter /scul.*/", &[]);
    check_titles("\\ \" ( ) : + - * ~ ^ \u{0} 🙂", &[]);
    check_titles("", &[]);
}

#[test]
fn a_limit_holds() {
    let folder = tempfile::tempdir().unwrap();
    let index = build(folder.path());
    assert_eq!(index.search("line", 0).unwrap(), []);
    assert_eq!(index.search("line", 2).unwrap().len(), 2);
    assert_eq!(index.search("line", usize::MAX).unwrap().len(), 4);
}
