//! Reward models: they learn from pairs of answers which of two is better (Ouyang et al., 2022, section 3.4).

mod calls;
mod conversation;
mod conversation_template;
mod encoded_pairs;
mod messages;
mod pair_scores;
mod pairwise_logistic;
mod preference_pair;
mod read_pairs;
mod screen;
mod split_by_question;
mod template;
mod templates;

pub use self::{
    calls::{Rivals, call_in_place, pairs_of_calls},
    conversation::Conversation,
    conversation_template::ConversationTemplate,
    encoded_pairs::{EncodedPair, EncodedPairs, encode_pairs},
    pair_scores::{PairScores, prefer_longer, score_pairs},
    pairwise_logistic::PairwiseLogistic,
    preference_pair::PreferencePair,
    read_pairs::read_pairs,
    screen::Screen,
    split_by_question::{by_question, split_by_question},
    template::Template,
    templates::Templates,
};
