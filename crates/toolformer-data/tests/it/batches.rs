//! Padding and masks.

use proptest::prelude::*;
use toolformer_data::{PadSide, PadTo, Padding, RewardPair, TrainingSequence};

fn sequences() -> [TrainingSequence; 3] {
    [vec![1, 2, 3].into(), TrainingSequence::of_completion(&[4], &[5]), vec![].into()]
}

#[track_caller]
fn check(to: PadTo, side: PadSide, ids: &[u32], attention: &str, in_loss: &str, positions: &[usize]) {
    let batch = Padding { pad_id: 0, to, side }.batch(&sequences()).unwrap();
    let bits = |bits: &[bool]| bits.iter().map(|&bit| if bit { '1' } else { '.' }).collect::<String>();
    assert_eq!((batch.rows, batch.width), (3, ids.len() / 3));
    assert_eq!(batch.ids, ids);
    assert_eq!((bits(&batch.attention).as_str(), bits(&batch.in_loss).as_str()), (attention, in_loss));
    assert_eq!((batch.positions(), batch.lengths()), (positions.to_vec(), vec![3, 2, 0]));
}

#[test]
fn rows_are_padded() {
    let right = [0, 1, 2, 0, 1, 0, 0, 0, 0];
    check(PadTo::Longest, PadSide::Right, &[1, 2, 3, 4, 5, 0, 0, 0, 0], "11111....", ".11.1....", &right);
    let left = [0, 1, 2, 0, 0, 1, 0, 0, 0];
    check(PadTo::Longest, PadSide::Left, &[1, 2, 3, 0, 4, 5, 0, 0, 0], "111.11...", ".11..1...", &left);
    let ids = [1, 2, 3, 0, 4, 5, 0, 0, 0, 0, 0, 0];
    let positions = [0, 1, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    check(PadTo::Multiple(4), PadSide::Right, &ids, "111.11......", ".11..1......", &positions);
    check(PadTo::Fixed(4), PadSide::Right, &ids, "111.11......", ".11..1......", &positions);
}

#[test]
fn lengths_that_cannot_be_are_told() {
    #[track_caller]
    fn check(to: PadTo, part: &str) {
        let error = Padding { to, ..Padding::with(0) }.batch(&sequences()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    check(PadTo::Fixed(2), "3 tokens, more than 2; cut it first");
    check(PadTo::Multiple(0), "no multiples");
}

#[test]
fn an_empty_batch_is_one() {
    let batch = Padding::with(0).batch(&[]).unwrap();
    assert_eq!((batch.rows, batch.width, batch.positions(), batch.lengths()), (0, 0, vec![], vec![]));
}

#[test]
fn pairs_have_one_width() {
    let pair = |chosen: &[u32], rejected: &[u32], margin| RewardPair {
        chosen: chosen.to_vec().into(),
        rejected: rejected.to_vec().into(),
        margin,
    };
    let batch =
        Padding::with(9).pairs(&[pair(&[1, 2], &[3], Some(0.5)), pair(&[4], &[5, 6, 7], Some(1.0))]).unwrap();
    assert_eq!(batch.chosen.ids, [1, 2, 9, 4, 9, 9]);
    assert_eq!(batch.rejected.ids, [3, 9, 9, 5, 6, 7]);
    assert_eq!(batch.chosen.attention, [true, true, false, true, false, false]);
    assert_eq!((batch.chosen.width, batch.rejected.width, batch.margin), (3, 3, Some(vec![0.5, 1.0])));
    assert_eq!(Padding::with(9).pairs(&[pair(&[1], &[2], None)]).unwrap().margin, None);
    let error = Padding::with(9).pairs(&[pair(&[1], &[2], None), pair(&[1], &[2], Some(1.0))]).unwrap_err();
    assert!(error.to_string().contains("1 of 2 pairs"), "{error}");
}

proptest! {
    /// What was padded comes out again by its masks.
    #[test]
    fn masks_give_the_sequences_back(
        sequences in prop::collection::vec(prop::collection::vec((0..9_u32, any::<bool>()), 0..9), 0..6),
        left: bool,
        multiple in 1..5_usize,
    ) {
        let given: Vec<TrainingSequence> = sequences
            .iter()
            .map(|tokens| TrainingSequence::masked(tokens.iter().map(|t| t.0).collect(), tokens.iter().map(|t| t.1).collect()).unwrap())
            .collect();
        let side = if left { PadSide::Left } else { PadSide::Right };
        let batch = Padding { pad_id: 3, to: PadTo::Multiple(multiple), side }.batch(&given).unwrap();
        prop_assert_eq!(batch.width % multiple, 0);
        for (row, tokens) in sequences.iter().enumerate() {
            let columns: Vec<usize> =
                (row * batch.width..(row + 1) * batch.width).filter(|&at| batch.attention[at]).collect();
            prop_assert!(columns.windows(2).all(|pair| pair[1] == pair[0] + 1));
            let ids: Vec<u32> = columns.iter().map(|&at| batch.ids[at]).collect();
            prop_assert_eq!(ids, given[row].ids());
            let in_loss: Vec<bool> = columns.iter().map(|&at| batch.in_loss[at]).collect();
            let expected: Vec<bool> = tokens.iter().enumerate().map(|(index, t)| index > 0 && t.1).collect();
            prop_assert_eq!(in_loss, expected);
        }
        let padded = batch.attention.iter().zip(&batch.in_loss).zip(&batch.ids);
        prop_assert!(padded.filter(|((attention, _), _)| !**attention).all(|((_, in_loss), id)| !in_loss && *id == 3));
    }
}
