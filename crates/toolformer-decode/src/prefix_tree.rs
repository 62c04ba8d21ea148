//! What has been computed of texts, kept for texts that begin alike.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use burn::tensor::backend::Backend;
use toolformer_model::{CacheShape, KvCache, Prefix, Seen};

use crate::error::DecodeError;

/// A tree of token sequences with their keys and values: every text that was read is a path from the root, and what two
/// texts begin with is stored once.
///
/// A node holds tokens that follow each other; texts that part from it within do so at any of its tokens. Nodes that
/// no other stands on and no row looks at are dropped, those first that were not used for the longest time, when the
/// tree takes more than it may.
pub struct PrefixTree<B: Backend> {
    nodes: Vec<Option<Node<B>>>,
    free: Vec<usize>,
    roots: BTreeMap<Branch, usize>,
    /// Nodes by their last use; those that stand on others were used earlier.
    by_use: BTreeSet<(u64, usize)>,
    bytes: usize,
    /// Counts uses.
    time: u64,
    /// The sizes of the model that it is of.
    shape: Option<CacheShape>,
}

/// Where one node stands on another: behind how many of its tokens, and the token that it begins with.
type Branch = (usize, u32);

struct Node<B: Backend> {
    ids: Vec<u32>,
    kv: Arc<Prefix<B>>,
    bytes: usize,
    /// What it stands on, and how many tokens of it.
    parent: Option<(usize, usize)>,
    children: BTreeMap<Branch, usize>,
    used: u64,
}

/// The longest beginning of a text that is in the tree.
#[derive(Clone, Debug)]
pub(crate) struct Known<B: Backend> {
    /// The nodes on the way, and how many tokens of each.
    pub(crate) path: Vec<Seen<B>>,
    /// Their tokens in all.
    pub(crate) tokens: usize,
    /// Where what follows belongs.
    at: Option<(usize, usize)>,
}

impl<B: Backend> Default for PrefixTree<B> {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            free: Vec::new(),
            roots: BTreeMap::new(),
            by_use: BTreeSet::new(),
            bytes: 0,
            time: 0,
            shape: None,
        }
    }
}

impl<B: Backend> PrefixTree<B> {
    /// Bytes of its keys and values.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Tokens that it holds.
    pub fn tokens(&self) -> usize {
        self.nodes.iter().flatten().map(|node| node.ids.len()).sum()
    }

    /// Notes of what model it is.
    ///
    /// # Errors
    /// If it is of one of other sizes.
    pub(crate) fn is_for(&mut self, shape: CacheShape) -> Result<(), DecodeError> {
        if *self.shape.get_or_insert(shape) == shape {
            return Ok(());
        }
        let why = "was filled by another model; give one of the same model, or none".to_owned();
        Err(DecodeError::Setting { name: "tree", why })
    }

    /// The longest beginning of `ids` that it holds; counts as a use.
    pub(crate) fn longest(&mut self, ids: &[u32]) -> Known<B> {
        let mut known = Known { path: Vec::new(), tokens: 0, at: None };
        while let Some(&next) = ids.get(known.tokens) {
            let branches = match known.at {
                Some((node, _)) => self.nodes[node].as_ref().map(|node| &node.children),
                None => Some(&self.roots),
            };
            let branch = (known.at.map_or(0, |(_, at)| at), next);
            let Some(&child) = branches.and_then(|branches| branches.get(&branch)) else { break };
            let Some(node) = &self.nodes[child] else { break };
            let tokens = node.ids.iter().zip(&ids[known.tokens..]).take_while(|(a, b)| a == b).count();
            known.path.push(Seen { prefix: node.kv.clone(), tokens });
            known.tokens += tokens;
            known.at = Some((child, tokens));
        }
        self.touch(known.at.map(|(node, _)| node));
        known
    }

    /// Keeps what a row of a cache has seen: `text` is that, or the beginning of it. What the row looks at must be in the
    /// tree.
    pub(crate) fn keep(&mut self, cache: &KvCache<B>, row: usize, text: &[u32]) {
        let below = cache.positions()[row] - cache.own_tokens(row);
        let known = self.longest(text);
        if (below..text.len()).contains(&known.tokens) {
            let kv = cache.copy_of(row, known.tokens - below..text.len() - below);
            self.insert(&known, &text[known.tokens..], Arc::new(kv));
        }
    }

    /// Puts the rest of a text behind what is known of it: `ids` are the tokens behind `known`, `kv` what was computed
    /// of them.
    fn insert(&mut self, known: &Known<B>, ids: &[u32], kv: Arc<Prefix<B>>) {
        let Some(&first) = ids.first() else { return };
        let (parent, bytes) = (known.at, kv.bytes());
        let node =
            Some(Node { ids: ids.to_vec(), kv, bytes, parent, children: BTreeMap::new(), used: self.time });
        let number = self.free.pop().unwrap_or(self.nodes.len());
        if number == self.nodes.len() {
            self.nodes.push(node);
        } else {
            self.nodes[number] = node;
        }
        let at = parent.map_or(0, |(_, at)| at);
        self.branches(parent).insert((at, first), number);
        self.bytes += bytes;
        self.touch(Some(number));
    }

    /// Notes that a node is used, and all that it stands on.
    fn touch(&mut self, mut number: Option<usize>) {
        while let Some((at, node)) = number.and_then(|at| Some((at, self.nodes[at].as_mut()?))) {
            self.time += 1;
            self.by_use.remove(&(node.used, at));
            node.used = self.time;
            self.by_use.insert((node.used, at));
            number = node.parent.map(|(parent, _)| parent);
        }
    }

    fn branches(&mut self, parent: Option<(usize, usize)>) -> &mut BTreeMap<Branch, usize> {
        match parent.and_then(|(parent, _)| self.nodes[parent].as_mut()) {
            Some(parent) => &mut parent.children,
            None => &mut self.roots,
        }
    }

    /// Drops nodes until it takes at most `bytes`, or only such are left that are looked at or stood on.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let mut behind = 0;
        while self.bytes > bytes {
            // A node comes before those that it stands on, so that one walk is enough.
            let Some(&(used, number)) = self.by_use.range((behind, 0)..).next() else { return };
            behind = used + 1;
            let droppable = |node: &mut Node<B>| node.children.is_empty() && Arc::strong_count(&node.kv) == 1;
            let Some(node) = self.nodes[number].take_if(droppable) else { continue };
            self.by_use.remove(&(used, number));
            self.bytes -= node.bytes;
            self.free.push(number);
            let branch = (node.parent.map_or(0, |(_, at)| at), node.ids[0]);
            self.branches(node.parent).remove(&branch);
        }
    }
}
