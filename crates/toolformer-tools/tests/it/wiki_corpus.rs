//! A small wiki to search in.

use std::{path::Path, sync::Arc};

use toolformer_tools::{Article, IndexError, WikiIndex};

/// Titles and texts, all so short (under 40 words with the title twice) that BM25's lengths are exact in the index.
pub(crate) const ARTICLES: &[(&str, &str)] = &[
    ("Málaga", "Málaga is a port on the southern coast of Spain. Picasso was born there."),
    (
        "Pablo Picasso",
        "Picasso was a Spanish painter and sculptor who spent most of his adult life in France.",
    ),
    ("Fishing reel", "A fishing reel is a hand-cranked winder on a rod, for winding the line in."),
    ("Fly fishing", "In fly fishing a light lure, the fly, is cast with a heavy line and a long rod."),
    ("Heavy water", "Heavy water is water whose hydrogen is deuterium. It moderates neutrons in reactors."),
    ("Lighthouse", "A lighthouse is a tower with a lamp, built on a coast to warn ships of rocks."),
    ("C++", "C++ is a language for programs. NOT and AND are operators in it, and OR is one too."),
    ("Twin A", "This line stands in both twins."),
    ("Twin B", "This line stands in both twins."),
    ("Naïve café", "A café whose guests believe what stands on the card."),
];

/// An article of the corpus.
pub(crate) fn article(&(title, text): &(&str, &str)) -> Result<Article, IndexError> {
    Ok(Article::new(title, text))
}

/// The corpus as an index in a folder.
pub(crate) fn build(folder: &Path) -> Arc<WikiIndex> {
    Arc::new(WikiIndex::build(folder, ARTICLES.iter().map(article), |_| ()).unwrap())
}
