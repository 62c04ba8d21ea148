//! Classifiers: texts, or pairs of them, with one of several labels.

mod encoded_texts;
mod label_cross_entropy;
mod label_scores;
mod labelled_rows;
mod labels;

pub use self::{
    encoded_texts::{EncodedText, EncodedTexts, encode_texts},
    label_cross_entropy::LabelCrossEntropy,
    label_scores::{LabelScores, probabilities, score_labels},
    labelled_rows::{LabelledText, RowFields, read_labelled, split_by_text},
    labels::Labels,
};
