//! How titles and texts become terms.

use tantivy::{
    TantivyDocument,
    schema::{FAST, Field, IndexRecordOption, STORED, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{AsciiFoldingFilter, Language, LowerCaser, SimpleTokenizer, Stemmer, TextAnalyzer},
};
use unicode_normalization::UnicodeNormalization as _;

use super::article::Article;

/// The name of the analysis below, in the manifest: a change of the terms is a change of the name.
pub(super) const ANALYSIS: &str = "english-1";

/// So many times an article's title stands before its text when it is searched. With two, a title finds its own
/// article far more often than with none, and a question about the article hardly less often; with titles in a
/// field of their own, the same gain cost more (`docs/benchmarks.md`).
const TITLES: usize = 2;

/// The fields of an article in the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    pub(super) title: Field,
    pub(super) text: Field,
    /// What is searched: titles and text together, normalised.
    pub(super) terms: Field,
    /// The article's number, in the order of the input.
    pub(super) number: Field,
}

/// The name of [`Fields::number`].
pub(super) const NUMBER: &str = "number";

impl Fields {
    pub(super) fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(ANALYSIS)
            .set_index_option(IndexRecordOption::WithFreqs)
            .set_fieldnorms(true);
        let searched = TextOptions::default().set_indexing_options(indexing);
        let fields = Self {
            title: schema.add_text_field("title", STORED),
            text: schema.add_text_field("text", STORED),
            terms: schema.add_text_field("terms", searched),
            number: schema.add_u64_field(NUMBER, FAST),
        };
        (schema.build(), fields)
    }

    pub(super) fn document(self, article: &Article, number: u64) -> TantivyDocument {
        let mut document = TantivyDocument::new();
        document.add_text(self.title, &article.title);
        document.add_text(self.text, &article.text);
        let titles = format!("{}\n", article.title).repeat(TITLES);
        document.add_text(self.terms, normalized(&(titles + &article.text)));
        document.add_u64(self.number, number);
        document
    }
}

/// Words of letters and digits, without accents, in lower case, stemmed as English.
pub(super) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(AsciiFoldingFilter)
        .filter(LowerCaser)
        .filter(Stemmer::new(Language::English))
        .build()
}

/// Composed characters: a combining accent would otherwise end its word.
fn normalized(text: &str) -> String {
    text.nfkc().collect()
}

/// The different terms of a query, sorted.
pub(super) fn query_terms(analyzer: &mut TextAnalyzer, query: &str) -> Vec<String> {
    let mut terms = Vec::new();
    analyzer.token_stream(&normalized(query)).process(&mut |token| terms.push(token.text.clone()));
    terms.sort();
    terms.dedup();
    terms
}
