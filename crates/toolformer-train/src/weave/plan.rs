//! What a first look at texts and candidates settles: each tool's cut, and how many texts go in without calls.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    choice::{choose, delta},
    kept::with_kept,
    rank::{Best, Rank},
    sequential_sample::SequentialSample,
    settings::WeaveSettings,
};
use crate::{candidate::Candidate, error::TrainError, texts::Text};

/// Which of the chosen calls and which of the texts without calls go into the training set.
#[derive(Debug, Default)]
pub struct WeavePlan {
    /// Of each tool with a limit that is reached, the worst call that stays.
    cuts: BTreeMap<String, Rank>,
    /// The draw among texts for which no call was kept.
    plain: Option<SequentialSample>,
}

/// Of a call that may be among the best: its text, where only such calls keep it.
type UnsureText = Option<u64>;

impl WeavePlan {
    /// Looks at all texts and candidates, which `open` gives; only where the settings ask for it: where all kept calls are
    /// woven and no text without calls goes in, there is nothing to settle.
    ///
    /// Memory is that of a number for each call that a limit lets through.
    ///
    /// # Errors
    /// If a setting is out of range, `open` or one of its streams fails, or a candidate does not belong to the texts.
    pub fn new<T, C>(
        settings: &WeaveSettings,
        open: impl FnOnce() -> Result<(T, C), TrainError>,
    ) -> Result<Self, TrainError>
    where
        T: Iterator<Item = Result<Text, TrainError>>,
        C: Iterator<Item = Result<Candidate, TrainError>>,
    {
        settings.validate()?;
        if !settings.needs_two_passes() {
            return Ok(Self::default());
        }
        let limits = settings.max_examples.iter();
        let mut best: BTreeMap<&str, Best<UnsureText>> =
            limits.map(|(tool, &most)| (tool.as_str(), Best::new(most))).collect();
        let (mut woven, mut without) = (0, 0);
        let (texts, candidates) = open()?;
        for (number, joined) in (0..).zip(with_kept(texts, candidates)) {
            let (_, candidates) = joined?;
            if candidates.is_empty() {
                without += 1;
                continue;
            }
            let chosen = choose(candidates);
            let is_sure = chosen.iter().any(|call| !best.contains_key(call.tool.as_str()));
            woven += u64::from(is_sure);
            for call in &chosen {
                if let Some(best) = best.get_mut(call.tool.as_str()) {
                    best.offer(rank(call, number), (!is_sure).then_some(number));
                }
            }
        }
        let unsure: BTreeSet<u64> = best.values().flat_map(Best::things).copied().flatten().collect();
        woven += unsure.len() as u64;
        let cuts = best.iter().filter_map(|(tool, best)| Some(((*tool).to_owned(), best.cut()?))).collect();
        let wanted = (settings.plain_ratio * woven as f64).round() as u64;
        let plain =
            (settings.plain_ratio > 0.0).then(|| SequentialSample::new(without, wanted, settings.seed));
        Ok(Self { cuts, plain })
    }

    /// Whether a chosen call of text number `text` is woven.
    pub(super) fn lets_through(&self, call: &Candidate, text: u64) -> bool {
        self.cuts.get(&call.tool).is_none_or(|cut| !rank(call, text).is_worse_than(cut))
    }

    /// Whether the next text for which no call was kept goes in.
    pub(super) fn takes_next_plain(&mut self) -> bool {
        self.plain.as_mut().is_some_and(SequentialSample::takes_next)
    }

    /// How many texts without calls are still missing.
    pub(super) fn missing(&self) -> u64 {
        self.plain.as_ref().map_or(0, SequentialSample::wanted)
    }
}

fn rank(call: &Candidate, text: u64) -> Rank {
    Rank { delta: delta(call), text, position: call.position }
}
