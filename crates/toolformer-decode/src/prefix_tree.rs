//! What has been computed of texts, kept for texts that begin alike.

use std::sync::Arc;

use burn::tensor::backend::Backend;
use toolformer_model::{Prefix, Seen};

/// A tree of token sequences with their keys and values: every text that was read is a path from the root, and what two
/// texts begin with is stored once.
///
/// A node holds tokens that follow each other; texts that part from it within do so at any of its tokens. Nodes that
/// no other stands on and no row looks at are dropped, those first that were not used for the longest time, when the
/// tree takes more than it may.
pub struct PrefixTree<B: Backend> {
    nodes: Vec<Option<Node<B>>>,
    free: Vec<usize>,
    /// Those of texts that begin with them.
    roots: Vec<usize>,
    bytes: usize,
    /// Counts uses.
    time: u64,
}

struct Node<B: Backend> {
    ids: Vec<u32>,
    kv: Arc<Prefix<B>>,
    bytes: usize,
    /// What it stands on, and how many tokens of it.
    parent: Option<(usize, usize)>,
    children: Vec<usize>,
    used: u64,
}

/// The longest beginning of a text that is in the tree.
#[derive(Clone, Debug)]
pub struct Known<B: Backend> {
    /// The nodes on the way, and how many tokens of each.
    pub path: Vec<Seen<B>>,
    /// Their tokens in all.
    pub tokens: usize,
    /// Where what follows belongs.
    at: Option<(usize, usize)>,
}

impl<B: Backend> Default for PrefixTree<B> {
    fn default() -> Self {
        Self { nodes: Vec::new(), free: Vec::new(), roots: Vec::new(), bytes: 0, time: 0 }
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

    /// The longest beginning of `ids` that it holds; counts as a use.
    pub fn longest(&mut self, ids: &[u32]) -> Known<B> {
        self.time += 1;
        let mut known = Known { path: Vec::new(), tokens: 0, at: None };
        while let Some(&next) = ids.get(known.tokens) {
            let (at, children) = match known.at.and_then(|(node, at)| Some((at, self.nodes[node].as_ref()?)))
            {
                Some((at, node)) if node.ids.get(at) == Some(&next) => {
                    known.tokens += 1;
                    known.at = known.at.map(|(node, at)| (node, at + 1));
                    if let Some(last) = known.path.last_mut() {
                        last.tokens = at + 1;
                    }
                    continue;
                }
                Some((at, node)) => (at, &node.children),
                None => (0, &self.roots),
            };
            let from = known.at.map(|(node, _)| (node, at));
            let follows = |child: &&usize| {
                let node = self.nodes[**child].as_ref();
                node.is_some_and(|node| node.parent == from && node.ids.first() == Some(&next))
            };
            let Some(&child) = children.iter().find(follows) else { break };
            known.at = Some((child, 0));
            if let Some(node) = &mut self.nodes[child] {
                node.used = self.time;
                known.path.push(Seen { prefix: node.kv.clone(), tokens: 0 });
            }
        }
        known
    }

    /// Puts the rest of a text behind what is known of it: `ids` are the tokens behind `known`, `kv` what was computed
    /// of them.
    pub fn insert(&mut self, known: &Known<B>, ids: &[u32], kv: Arc<Prefix<B>>) {
        if ids.is_empty() {
            return;
        }
        self.time += 1;
        let bytes = kv.bytes();
        let (parent, used) = (known.at, self.time);
        let node = Some(Node { ids: ids.to_vec(), kv, bytes, parent, children: Vec::new(), used });
        let number = self.free.pop().unwrap_or(self.nodes.len());
        if number == self.nodes.len() {
            self.nodes.push(node);
        } else {
            self.nodes[number] = node;
        }
        self.siblings(parent).push(number);
        self.bytes += bytes;
    }

    fn siblings(&mut self, parent: Option<(usize, usize)>) -> &mut Vec<usize> {
        match parent.and_then(|(parent, _)| self.nodes[parent].as_mut()) {
            Some(parent) => &mut parent.children,
            None => &mut self.roots,
        }
    }

    /// Drops nodes until it takes at most `bytes`, or only such are left that are looked at or stood on.
    pub fn shrink_to(&mut self, bytes: usize) {
        while self.bytes > bytes {
            let droppable = |node: &Node<B>| node.children.is_empty() && Arc::strong_count(&node.kv) == 1;
            let nodes = self.nodes.iter().enumerate();
            let oldest = nodes
                .filter_map(|(number, node)| {
                    Some((number, node.as_ref().filter(|node| droppable(node))?.used))
                })
                .min_by_key(|&(_, used)| used);
            let Some((number, _)) = oldest else { return };
            if let Some(node) = self.nodes[number].take() {
                self.siblings(node.parent).retain(|&child| child != number);
                self.bytes -= node.bytes;
                self.free.push(number);
            }
        }
    }
}
