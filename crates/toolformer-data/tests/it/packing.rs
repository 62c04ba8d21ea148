//! Documents in blocks.

use proptest::prelude::*;
use toolformer_data::{Block, DataError, Remainder, TrainingSequence, concatenate_and_cut, pack_best_fit};

/// Documents of such lengths whose tokens are all different: token `j` of document `i` is `100 * i + j`.
fn documents(lengths: &[usize]) -> Vec<TrainingSequence> {
    let ids = |(index, &len): (usize, &usize)| {
        (0..len).map(|token| (100 * index + token) as u32).collect::<Vec<_>>()
    };
    lengths.iter().enumerate().map(ids).map(TrainingSequence::from).collect()
}

fn cut(lengths: &[usize], block_size: usize, remainder: Remainder) -> Vec<Block> {
    let documents = documents(lengths).into_iter().map(Ok);
    concatenate_and_cut(documents, block_size, remainder).unwrap().map(Result::unwrap).collect()
}

fn shown(blocks: &[Block]) -> Vec<(Vec<u32>, Vec<usize>)> {
    blocks.iter().map(|block| (block.sequence().ids().to_vec(), block.starts().to_vec())).collect()
}

#[test]
fn concatenated_as_in_run_clm() {
    let expected = [(vec![0, 1, 2, 100], vec![0, 3]), (vec![101, 200, 201, 202], vec![0, 1])];
    assert_eq!(shown(&cut(&[3, 2, 4], 4, Remainder::Drop)), expected);
    let kept = cut(&[3, 2, 0, 4], 4, Remainder::Keep);
    assert_eq!(shown(&kept).last().unwrap(), &(vec![303], vec![0]));
    assert_eq!(kept[0].positions(), [0, 1, 2, 0]);
    assert_eq!(kept[0].document_of_token(), [0, 0, 0, 1]);
    assert_eq!(kept[0].documents().collect::<Vec<_>>(), [0..3, 3..4]);
    assert_eq!(
        shown(&cut(&[9], 4, Remainder::Drop)),
        [(vec![0, 1, 2, 3], vec![0]), (vec![4, 5, 6, 7], vec![0])]
    );
    assert!(cut(&[], 4, Remainder::Keep).is_empty());
    assert!(cut(&[3], 4, Remainder::Drop).is_empty());
}

#[test]
fn packed_by_best_fit() {
    let blocks = pack_best_fit(&documents(&[2, 4, 1, 3]), 5).unwrap();
    // 4 takes 1, 3 takes 2.
    assert_eq!(
        shown(&blocks),
        [(vec![100, 101, 102, 103, 200], vec![0, 4]), (vec![300, 301, 302, 0, 1], vec![0, 3])]
    );
    assert_eq!(blocks[1].sequence().in_loss().unwrap(), [false, true, true, false, true]);
    // A long one is cut into whole blocks and a rest.
    let blocks = pack_best_fit(&documents(&[7, 1]), 3).unwrap();
    assert_eq!(
        shown(&blocks),
        [(vec![0, 1, 2], vec![0]), (vec![3, 4, 5], vec![0]), (vec![6, 100], vec![0, 1])]
    );
}

#[test]
fn masks_stay_with_their_tokens() {
    let documents = [TrainingSequence::of_completion(&[1, 2], &[3, 4]), vec![5, 6].into()];
    let all = [false, false, true, true, true, true];
    let block =
        concatenate_and_cut(documents.clone().map(Ok), 6, Remainder::Drop).unwrap().next().unwrap().unwrap();
    assert_eq!(block.sequence().in_loss().unwrap(), all);
    let blocks = pack_best_fit(&documents, 6).unwrap();
    assert_eq!(blocks[0].sequence().in_loss().unwrap(), [false, false, true, true, false, true]);
}

#[test]
fn what_cannot_be_is_told() {
    assert!(pack_best_fit(&documents(&[1]), 0).unwrap_err().to_string().contains("block size"));
    assert!(concatenate_and_cut(documents(&[1]).into_iter().map(Ok), 0, Remainder::Keep).is_err());
    let broken = [Ok(vec![1].into()), Err(DataError::refused("broken"))];
    let blocks: Result<Vec<Block>, _> = concatenate_and_cut(broken, 2, Remainder::Keep).unwrap().collect();
    assert_eq!(blocks.unwrap_err().to_string(), "broken");
}

/// The first fit of the longest, place by place: the obvious way.
fn slow_best_fit(lengths: &[usize], block_size: usize) -> usize {
    let mut pieces: Vec<usize> = Vec::new();
    for &len in lengths {
        pieces.extend(std::iter::repeat_n(block_size, len / block_size));
        pieces.extend(Some(len % block_size).filter(|&rest| rest > 0));
    }
    pieces.sort_unstable_by(|a, b| b.cmp(a));
    let mut rooms: Vec<usize> = Vec::new();
    for piece in pieces {
        match rooms.iter_mut().filter(|room| **room >= piece).min() {
            Some(room) => *room -= piece,
            None => rooms.push(block_size - piece),
        }
    }
    rooms.len()
}

proptest! {
    #[test]
    fn every_token_is_in_one_block(lengths in prop::collection::vec(0..30_usize, 0..40), block_size in 1..20_usize) {
        let mut expected: Vec<u32> = documents(&lengths).iter().flat_map(|document| document.ids().to_vec()).collect();
        let packed = pack_best_fit(&documents(&lengths), block_size).unwrap();
        let concatenated = cut(&lengths, block_size, Remainder::Keep);
        let ids = |blocks: &[Block]| blocks.iter().flat_map(|block| block.sequence().ids().to_vec()).collect::<Vec<_>>();
        prop_assert_eq!(ids(&concatenated), expected.clone());
        let whole = cut(&lengths, block_size, Remainder::Drop);
        prop_assert_eq!(&concatenated[..expected.len() / block_size], &whole[..]);
        let mut found = ids(&packed);
        found.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(packed.len(), slow_best_fit(&lengths, block_size));

        for block in packed.iter().chain(&concatenated) {
            let ids = block.sequence().ids();
            prop_assert!(!ids.is_empty() && ids.len() <= block_size);
            prop_assert_eq!(block.starts()[0], 0);
            // A document begins exactly where the tokens of one end: each token follows the one before it, or begins.
            for at in 1..ids.len() {
                prop_assert_eq!(block.starts().contains(&at), ids[at] != ids[at - 1] + 1);
            }
            let positions = block.documents().flat_map(|document| 0..document.len()).collect::<Vec<_>>();
            prop_assert_eq!(block.positions(), positions);
        }
        // Only a document longer than a block is cut.
        for block in &packed {
            for document in block.documents() {
                let first = block.sequence().ids()[document.start];
                let whole = lengths[first as usize / 100];
                prop_assert!(document.len() == whole || whole > block_size);
                let in_loss = block.sequence().in_loss().unwrap();
                prop_assert!(document.clone().all(|at| in_loss[at] == (at != document.start)));
            }
        }
    }
}
