//! How long it takes to build an index and to search in it, and how often the article that was meant comes first.
//!
//!     cargo bench -p toolformer-tools --features search --bench wiki_index -- "$(cargo xtask fetch wiki)"
#![expect(clippy::print_stdout, reason = "a program")]

use std::{
    collections::HashMap,
    error::Error,
    fs::File,
    io::BufReader,
    path::Path,
    time::{Duration, Instant},
};

use toolformer_tools::{Article, JsonlArticles, WikiIndex};

/// How many queries of each kind are timed.
const QUERIES: usize = 1_000;
/// The words of a query that is drawn from a text.
const WORDS: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds `--bench`.
    let Some(path) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else {
        println!("name a JSONL file of articles: `cargo xtask fetch wiki` gives one");
        return Ok(());
    };
    let path = Path::new(&path);
    let open = || Ok::<_, std::io::Error>(JsonlArticles::new(BufReader::new(File::open(path)?), path));
    let folder = tempfile::tempdir()?;
    let start = Instant::now();
    let mut bytes = 0;
    let index = WikiIndex::build(folder.path(), open()?, |progress| bytes = progress.bytes)?;
    let seconds = start.elapsed().as_secs_f64();
    let count = index.articles() as f64;
    println!("{count} articles, {bytes} bytes, built in {seconds:.2} s: {:.0} articles/s", count / seconds);
    let start = Instant::now();
    WikiIndex::open(folder.path())?;
    println!("opened in {:.2} ms", start.elapsed().as_secs_f64() * 1e3);

    let articles: Vec<Article> = open()?.collect::<Result<_, _>>()?;
    let drawn: Vec<&Article> =
        articles.iter().step_by((articles.len() / QUERIES).max(1)).take(QUERIES).collect();
    let titles: Vec<String> = drawn.iter().map(|article| article.title.clone()).collect();
    // From the middle of the text: its beginning mostly repeats the title.
    let words = drawn.iter().map(|article| {
        let words: Vec<&str> = article.text.split_whitespace().collect();
        words.iter().skip(words.len() / 2).take(WORDS).copied().collect::<Vec<_>>().join(" ")
    });
    let words: Vec<String> = words.collect();
    for (name, queries) in [("titles", &titles), ("8 words of a text", &words)] {
        for hits in [1, 10] {
            measure(&index, name, queries, hits)?;
        }
    }
    let pairs: Vec<_> =
        articles.iter().map(|article| (article.title.clone(), article.title.as_str())).collect();
    rank(&index, "its title", &pairs)?;
    let described = descriptions(path)?;
    let pairs: Vec<_> = described.iter().map(|(text, title)| (text.clone(), title.as_str())).collect();
    rank(&index, "its description", &pairs)
}

/// How long queries take.
fn measure(index: &WikiIndex, name: &str, queries: &[String], hits: usize) -> Result<(), Box<dyn Error>> {
    let mut times = Vec::new();
    for query in queries {
        let start = Instant::now();
        index.search(query, hits)?;
        times.push(start.elapsed());
    }
    times.sort();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let mean = times.iter().copied().map(micros).sum::<f64>() / times.len() as f64;
    let (p99, longest) = (times[(times.len() - 1) * 99 / 100], times[times.len() - 1]);
    println!(
        "{} queries, {name}, {hits} hits: {mean:.0} us in the mean, {:.0} us for 99 of 100, {:.0} us at most",
        times.len(),
        micros(p99),
        micros(longest),
    );
    Ok(())
}

/// The articles' `description`s, where they have four words at least and no other article has the same, with the
/// articles' titles: no part of the index, so they are like the questions of somebody who knows what is meant.
fn descriptions(path: &Path) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let (mut described, mut count) = (Vec::new(), HashMap::new());
    for line in std::fs::read_to_string(path)?.lines() {
        let article: serde_json::Value = serde_json::from_str(line)?;
        let field = |name: &str| article[name].as_str().unwrap_or_default().to_owned();
        *count.entry(field("description")).or_insert(0) += 1;
        described.push((field("description"), field("title")));
    }
    described.retain(|(text, _)| text.split(' ').count() >= 4 && count[text] == 1);
    Ok(described)
}

/// How far up the article is that a query means.
fn rank(index: &WikiIndex, name: &str, pairs: &[(String, &str)]) -> Result<(), Box<dyn Error>> {
    let (mut first, mut reciprocal) = (0, 0.0);
    for (query, title) in pairs {
        let hits = index.search(query, 10)?;
        if let Some(at) = hits.iter().position(|hit| hit.title == *title) {
            first += usize::from(at == 0);
            reciprocal += 1.0 / (at + 1) as f64;
        }
    }
    let count = pairs.len().max(1) as f64;
    println!(
        "an article sought by {name} ({} queries): first {:.1} %, mean reciprocal rank in ten {:.3}",
        pairs.len(),
        100.0 * first as f64 / count,
        reciprocal / count,
    );
    Ok(())
}
