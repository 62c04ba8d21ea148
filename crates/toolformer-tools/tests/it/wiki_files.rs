//! What an index leaves on the disk, whatever happens.

use std::{
    fs,
    path::{Path, PathBuf},
};

use toolformer_tools::{Article, IndexError, IndexProgress, JsonlArticles, WikiIndex};

use crate::wiki_corpus::{ARTICLES, article, build};

const MANIFEST: &str = "wiki-index.json";

fn error_of(folder: &Path) -> String {
    WikiIndex::open(folder).unwrap_err().to_string()
}

fn titles(folder: &Path, query: &str) -> Vec<String> {
    let hits = WikiIndex::open(folder).unwrap().search(query, 9).unwrap();
    hits.into_iter().map(|hit| hit.title).collect()
}

/// Every file below a folder, with its content. While an index is built the engine's threads remove files.
fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(content(&path));
        } else {
            match fs::read(&path) {
                Ok(bytes) => files.push((path, bytes)),
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{}", path.display()),
            }
        }
    }
    files.sort();
    files
}

#[test]
fn what_was_put_in_comes_out() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a/b");
    build(&place);
    let index = WikiIndex::open(&place).unwrap();
    assert_eq!(index.articles(), ARTICLES.len() as u64);
    let hit = &index.search("naive", 1).unwrap()[0];
    assert_eq!((hit.title.as_str(), hit.text.as_str()), ARTICLES[9]);
}

#[test]
fn reading_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let before = content(folder.path());
    titles(folder.path(), "line");
    assert_eq!(content(folder.path()), before);
}

#[test]
fn progress_counts_articles_and_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let lines = "{\"title\":\"a\",\"text\":\"b\"}\n\n{\"title\":\"ä\",\"text\":\"c\",\"more\":[1]}";
    let mut seen = Vec::new();
    WikiIndex::build(folder.path(), JsonlArticles::new(lines.as_bytes(), "x"), |progress| {
        seen.push(progress)
    })
    .unwrap();
    let at = |articles, bytes| IndexProgress { articles, bytes };
    assert_eq!(seen, [at(1, 25), at(2, lines.len() as u64 - 1)]);
}

#[test]
fn a_checksum_stands_for_the_articles() {
    let folder = tempfile::tempdir().unwrap();
    let checksum = |articles: &[(&str, &str)]| {
        let index = WikiIndex::build(folder.path(), articles.iter().map(article), |_| ()).unwrap();
        assert_eq!(WikiIndex::open(folder.path()).unwrap().checksum(), index.checksum());
        index.checksum().to_owned()
    };
    let first = checksum(&[("a", "bc"), ("d", "e")]);
    assert_eq!(checksum(&[("a", "bc"), ("d", "e")]), first);
    for other in [&[("ab", "c"), ("d", "e")][..], &[("d", "e"), ("a", "bc")], &[("a", "bc")]] {
        assert_ne!(checksum(other), first);
    }
}

#[test]
fn another_index_takes_the_place_of_the_old() {
    let folder = tempfile::tempdir().unwrap();
    let old = build(folder.path());
    let bytes = content(folder.path()).len();
    for round in ["one", "two"] {
        let article = Article::new(format!("New {round}"), "line");
        WikiIndex::build(folder.path(), [Ok(article)], |_| ()).unwrap();
        assert_eq!(titles(folder.path(), "line"), [format!("New {round}")]);
        assert_eq!(content(folder.path()).len(), bytes, "the old data is gone");
    }
    if cfg!(unix) {
        assert_eq!(old.search("line", 9).unwrap().len(), 4, "who has the old index open goes on with it");
    }
}

#[test]
fn a_build_that_fails_leaves_the_old_index() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let before = content(folder.path());
    let lines = "{\"title\":\"a\",\"text\":\"b\"}\n{\n";
    let build = |lines: &str| {
        WikiIndex::build(folder.path(), JsonlArticles::new(lines.as_bytes(), "x.jsonl"), |_| ()).unwrap_err()
    };
    assert!(matches!(build(lines), IndexError::Articles { line: 2, .. }));
    assert!(matches!(build("\n"), IndexError::NoArticles));
    assert_eq!(content(folder.path()), before);
}

/// The states that a build goes through on the disk, as a kill would leave them.
fn states_of_a_build(place: &Path, killed: &Path) {
    let mut states = 0;
    let articles = ARTICLES.iter().map(|pair| {
        let state = killed.join(states.to_string());
        copy(place, &state);
        states += 1;
        article(pair)
    });
    WikiIndex::build(place, articles, |_| ()).unwrap();
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in content(from) {
        let path = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn a_build_that_is_killed_leaves_no_half_index() {
    let folder = tempfile::tempdir().unwrap();
    let (place, killed) = (folder.path().join("place"), folder.path().join("killed"));
    states_of_a_build(&place, &killed);
    for state in fs::read_dir(&killed).unwrap() {
        let state = state.unwrap().path();
        assert!(matches!(WikiIndex::open(&state), Err(IndexError::NoIndex { .. })));
        build(&state);
        assert_eq!(titles(&state, "lamp"), ["Lighthouse"]);
        assert_eq!(content(&state).len(), content(&place).len(), "what was left is cleared away");
    }
}

#[test]
fn a_rebuild_that_is_killed_leaves_the_old_index() {
    let folder = tempfile::tempdir().unwrap();
    let (place, killed) = (folder.path().join("place"), folder.path().join("killed"));
    WikiIndex::build(&place, [Ok(Article::new("Old", "lamp"))], |_| ()).unwrap();
    states_of_a_build(&place, &killed);
    for state in fs::read_dir(&killed).unwrap() {
        assert_eq!(titles(&state.unwrap().path(), "lamp"), ["Old"]);
    }
    assert_eq!(titles(&place, "lamp"), ["Lighthouse"]);
}

#[test]
fn a_torn_manifest_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let manifest = folder.path().join(MANIFEST);
    let whole = fs::read(&manifest).unwrap();
    for length in 0..whole.len() {
        fs::write(&manifest, &whole[..length]).unwrap();
        assert!(error_of(folder.path()).contains("is not a manifest"), "{length}");
    }
    build(folder.path());
    assert_eq!(titles(folder.path(), "lamp"), ["Lighthouse"]);
}

#[test]
fn torn_data_is_found() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    for (path, bytes) in content(&folder.path().join("wiki-data-1")) {
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        let error = error_of(folder.path());
        assert!(error.contains("is damaged") && error.contains("build it again"), "{error}");
        fs::remove_file(&path).unwrap();
        assert!(error_of(folder.path()).contains("is damaged"));
        fs::write(&path, &bytes).unwrap();
    }
    assert_eq!(titles(folder.path(), "lamp"), ["Lighthouse"]);
}

#[test]
fn another_version_is_told() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let manifest = folder.path().join(MANIFEST);
    let ours = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, ours.replace("english-1", "klingon-7")).unwrap();
    assert!(error_of(folder.path()).contains("has the format 1 of klingon-7, not 1 of english-1"));
    fs::write(&manifest, "{\"format\":99}").unwrap();
    assert!(error_of(folder.path()).contains("has the format 99 of ?, not 1 of english-1"));
}

/// A build that fails after it has begun.
fn failing_build(folder: &Path) -> IndexError {
    let cut_off = IndexError::NoArticles;
    WikiIndex::build(folder, [Ok(Article::new("New", "lamp")), Err(cut_off)], |_| ()).unwrap_err()
}

#[test]
fn data_of_a_manifest_that_is_not_understood_stay_until_there_are_others() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    build(folder.path());
    for manifest in ["{\"format\":99}", "{", ""] {
        fs::write(folder.path().join(MANIFEST), manifest).unwrap();
        let before = content(folder.path());
        assert!(matches!(failing_build(folder.path()), IndexError::NoArticles));
        assert_eq!(content(folder.path()), before);
    }
    build(folder.path());
    assert_eq!(titles(folder.path(), "lamp"), ["Lighthouse"]);
    assert!(!folder.path().join("wiki-data-2").exists() && folder.path().join("wiki-data-3").exists());
}

#[test]
fn a_manifest_that_cannot_be_read_stops_a_build() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let manifest = folder.path().join(MANIFEST);
    fs::remove_file(&manifest).unwrap();
    fs::create_dir(&manifest).unwrap();
    let before = content(folder.path());
    assert!(matches!(failing_build(folder.path()), IndexError::Read { .. }));
    assert_eq!(content(folder.path()), before);
}

#[test]
fn other_peoples_folders_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    assert!(error_of(folder.path()).contains("holds no finished search index"));
    assert!(error_of(&folder.path().join("none")).contains("holds no finished search index"));
    fs::write(folder.path().join("thesis.txt"), "mine").unwrap();
    let before = content(folder.path());
    let error = WikiIndex::build(folder.path(), ARTICLES.iter().map(article), |_| ()).unwrap_err();
    assert!(matches!(&error, IndexError::Foreign { found, .. } if found == "thesis.txt"), "{error}");
    assert_eq!(content(folder.path()), before);
    assert!(error_of(&folder.path().join("thesis.txt")).contains("holds no finished search index"));
}

#[test]
fn one_build_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let articles = ARTICLES.iter().map(|pair| {
        let second = WikiIndex::build(folder.path(), ARTICLES.iter().map(article), |_| ());
        assert!(matches!(second, Err(IndexError::InUse { .. })));
        article(pair)
    });
    assert_eq!(WikiIndex::build(folder.path(), articles, |_| ()).unwrap().articles(), 10);
}

#[track_caller]
fn check_line(line: &[u8], expected: &str) {
    let lines = [b"{\"title\":\"a\",\"text\":\"b\"}\n \n", line].concat();
    let mut articles = JsonlArticles::new(&*lines, "wiki.jsonl").skip(1);
    let error = articles.next().unwrap().unwrap_err().to_string();
    assert!(error.starts_with("wiki.jsonl, line 3, ") && error.contains(expected), "{error}");
    assert!(articles.next().is_none(), "nothing follows an error");
}

#[test]
fn malformed_lines_are_named() {
    check_line(b"{\"title\":\"a\",\"text\":\"b\"", "EOF");
    check_line(b"{\"title\":\"a\"}\n{}", "missing field `text`");
    check_line(b"{\"title\":1,\"text\":\"b\"}\n", "expected a string");
    check_line(b"{\"title\":\"a\",\"text\":\"\xff\"}\n", "unicode");
    check_line(b"{\"title\":\" \",\"text\":\"\"}\n", "neither a title nor a text");
    check_line(b"{\"title\":\"a\",\"text\":\"b\"} x\n", "correct or delete it");
    check_line(&vec![b'x'; 17 << 20], "put each article on a line of its own");
}
