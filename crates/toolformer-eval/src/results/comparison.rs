//! Two runs on the same items.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::{CallCounts, ItemResult};
use crate::{EvalError, PairedDifference, Proportion};

/// How a second run differs from a first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// On the items that are in both.
    pub overall: PairedDifference,
    /// The same by category, of the items in both.
    pub categories: BTreeMap<String, PairedDifference>,
    /// The first run's calls, on the items in both.
    pub calls_a: CallCounts,
    /// The second's.
    pub calls_b: CallCounts,
    /// Items of the first run alone, which are not compared.
    pub only_in_a: usize,
    /// Items of the second alone.
    pub only_in_b: usize,
    /// The second run's perplexity over the first's, of tasks that ask for it; texts are drawn whole for its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perplexity_ratio: Option<Proportion>,
    /// Ids of items that the second run alone got right.
    pub gained: Vec<String>,
    /// Ids of items that the first alone got right.
    pub lost: Vec<String>,
}

/// Compares two runs item by item, in the order of the first.
///
/// # Errors
/// If they have no item in common, or an id twice in one run; if an item was asked otherwise in the second, or has other answers; if
/// a text has other tokens there, as perplexities cannot be compared then.
pub fn compare(a: &[ItemResult], b: &[ItemResult], seed: u64) -> Result<Comparison, EvalError> {
    let in_b = by_id(b, "second")?;
    by_id(a, "first")?;
    let pairs: Vec<(&ItemResult, &ItemResult)> =
        a.iter().filter_map(|first| Some((first, *in_b.get(first.id.as_str())?))).collect();
    for (first, second) in &pairs {
        let tokens = |result: &ItemResult| result.likelihood.map(|likelihood| likelihood.tokens);
        let differs = match () {
            () if first.prompt != second.prompt || first.answers != second.answers => "was asked otherwise",
            () if tokens(first) != tokens(second) => "has other tokens",
            () => continue,
        };
        let why = format!("item `{}` {differs} in the second; give two runs on the same data", first.id);
        return Err(EvalError::Compare { why });
    }
    let overall = PairedDifference::clustered(&outcomes(&pairs), seed).ok_or_else(|| EvalError::Compare {
        why: "they have no item in common; give two runs on the same data, with the same limit and seed"
            .to_owned(),
    })?;
    let mut by_category: BTreeMap<&str, Vec<(&ItemResult, &ItemResult)>> = BTreeMap::new();
    for &(first, second) in &pairs {
        if let Some(category) = &first.category {
            by_category.entry(category).or_default().push((first, second));
        }
    }
    let categories = by_category.into_iter().filter_map(|(category, pairs)| {
        PairedDifference::clustered(&outcomes(&pairs), seed).map(|found| (category.to_owned(), found))
    });
    let right_in = |wanted: (bool, bool)| {
        let ids = pairs.iter().filter(|(first, second)| (first.correct, second.correct) == wanted);
        ids.map(|(first, _)| first.id.clone()).collect()
    };
    let side = |side: fn(&(&ItemResult, &ItemResult)) -> ItemResult| {
        CallCounts::of(&pairs.iter().map(side).collect::<Vec<_>>())
    };
    Ok(Comparison {
        overall,
        categories: categories.collect(),
        calls_a: side(|pair| pair.0.clone()),
        calls_b: side(|pair| pair.1.clone()),
        perplexity_ratio: perplexity_ratio(&pairs, seed),
        only_in_a: a.len() - pairs.len(),
        only_in_b: b.len() - pairs.len(),
        gained: right_in((false, true)),
        lost: right_in((true, false)),
    })
}

/// Whether the first and the second run are right, with the item's cluster.
fn outcomes<'r>(pairs: &[(&'r ItemResult, &'r ItemResult)]) -> Vec<(Option<&'r str>, (bool, bool))> {
    let outcome = |&(first, second): &(&'r ItemResult, &'r ItemResult)| {
        // Rows of older runs have none.
        let cluster = first.cluster.as_deref().or(second.cluster.as_deref());
        (cluster, (first.correct, second.correct))
    };
    pairs.iter().map(outcome).collect()
}

fn perplexity_ratio(pairs: &[(&ItemResult, &ItemResult)], seed: u64) -> Option<Proportion> {
    let text = |(first, second): &(&ItemResult, &ItemResult)| {
        let (first, second) = (first.likelihood?, second.likelihood?);
        Some((second.nats - first.nats, first.tokens as f64))
    };
    let texts: Vec<(f64, f64)> = pairs.iter().filter_map(text).collect();
    let Proportion { value, low, high } = Proportion::ratio_of_sums(&texts, seed)?;
    Some(Proportion { value: value.exp(), low: low.exp(), high: high.exp() })
}

fn by_id<'r>(results: &'r [ItemResult], run: &str) -> Result<HashMap<&'r str, &'r ItemResult>, EvalError> {
    let mut found = HashMap::with_capacity(results.len());
    for result in results {
        if found.insert(result.id.as_str(), result).is_some() {
            let why = format!("the {run} has the item `{}` twice; remove one of the rows", result.id);
            return Err(EvalError::Compare { why });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Likelihood;

    fn results(rows: &[(&str, bool)]) -> Vec<ItemResult> {
        let row = |&(id, correct): &(&str, bool)| ItemResult {
            id: id.to_owned(),
            correct,
            category: Some(id[..1].to_owned()),
            ..ItemResult::default()
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn items_are_matched_by_their_ids() {
        let a = results(&[("a1", true), ("a2", false), ("b1", false), ("b2", false), ("x", true)]);
        let b =
            results(&[("b2", true), ("b1", true), ("a2", false), ("a1", false), ("y", true), ("z", true)]);
        let found = compare(&a, &b, 0).unwrap();
        assert_eq!((found.overall.n, found.overall.only_a, found.overall.only_b), (4, 1, 2));
        assert_eq!((found.only_in_a, found.only_in_b), (1, 2));
        assert_eq!(
            (&found.gained[..], &found.lost[..]),
            (&["b1".into(), "b2".into()][..], &["a1".into()][..])
        );
        assert_eq!((found.categories["a"].difference, found.categories["b"].difference), (-0.5, 1.0));
        let json = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Comparison>(&json).unwrap(), found);
    }

    #[test]
    fn items_of_a_cluster_are_drawn_together() {
        let rows = |right: usize, has_clusters: bool| {
            let row = |item: usize| ItemResult {
                id: item.to_string(),
                correct: item < right,
                cluster: has_clusters.then(|| (item / 5).to_string()),
                ..ItemResult::default()
            };
            (0..100).map(row).collect::<Vec<_>>()
        };
        let compared =
            |has_clusters| compare(&rows(20, has_clusters), &rows(50, has_clusters), 0).unwrap().overall;
        let (alone, together) = (compared(false), compared(true));
        for (first, second) in [(true, false), (false, true)] {
            assert_eq!(compare(&rows(20, first), &rows(50, second), 0).unwrap().overall, together);
        }
        assert_eq!((alone.difference, together.difference), (0.3, 0.3));
        assert!(together.high - together.low > 2.0 * (alone.high - alone.low), "{alone:?} {together:?}");
        assert_eq!((alone.clusters, together.clusters), (100, 20));
        assert!((together.p_value - crate::mcnemar_exact(0, 6)).abs() < 1e-12, "{together:?}");
    }

    #[test]
    fn perplexities_are_compared_text_by_text() {
        let text = |id: &str, nats, tokens| ItemResult {
            id: id.to_owned(),
            likelihood: Some(Likelihood { nats, tokens }),
            ..ItemResult::default()
        };
        let a = [text("1", 20.0, 10), text("2", 30.0, 10)];
        let b = [text("1", 22.0, 10), text("2", 32.0, 10)];
        let ratio = compare(&a, &b, 0).unwrap().perplexity_ratio.unwrap();
        assert!((ratio.value - 0.2_f64.exp()).abs() < 1e-9 && ratio.low > 1.0, "{ratio:?}");
        assert_eq!(
            compare(&results(&[("a", true)]), &results(&[("a", true)]), 0).unwrap().perplexity_ratio,
            None
        );
    }

    #[test]
    fn what_cannot_be_compared_is_an_error() {
        let error = |a, b| compare(&results(a), &results(b), 0).unwrap_err().to_string();
        assert!(error(&[("a", true)], &[("b", true)]).contains("no item in common"));
        assert!(
            error(&[("a", true), ("a", false)], &[("a", true)]).contains("the first has the item `a` twice")
        );
        let asked = |prompt: &str, tokens: usize| ItemResult {
            id: "a".to_owned(),
            prompt: prompt.to_owned(),
            likelihood: Some(Likelihood { nats: 1.0, tokens }),
            ..ItemResult::default()
        };
        let error = |a, b| compare(&[a], &[b], 0).unwrap_err().to_string();
        assert!(error(asked("one", 1), asked("two", 1)).contains("item `a` was asked otherwise"));
        assert!(error(asked("one", 1), asked("one", 2)).contains("item `a` has other tokens"));
    }
}
