//! A few byte strings, by their beginnings.

/// Maps byte strings to numbers.
#[derive(Debug, Clone)]
pub(super) struct ByteTrie {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, Default)]
struct Node {
    value: Option<usize>,
    children: Vec<(u8, u32)>,
}

impl Default for ByteTrie {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl ByteTrie {
    /// The node of the empty string.
    pub(super) const ROOT: u32 = 0;

    pub(super) fn insert(&mut self, key: &[u8], value: usize) {
        let mut node = Self::ROOT;
        for &byte in key {
            node = self.child(node, byte).unwrap_or_else(|| {
                let new = self.nodes.len() as u32;
                self.nodes.push(Node::default());
                self.nodes[node as usize].children.push((byte, new));
                new
            });
        }
        self.nodes[node as usize].value = Some(value);
    }

    pub(super) fn child(&self, node: u32, byte: u8) -> Option<u32> {
        let children = &self.nodes[node as usize].children;
        children.iter().find(|&&(of, _)| of == byte).map(|&(_, child)| child)
    }

    pub(super) fn value(&self, node: u32) -> Option<usize> {
        self.nodes[node as usize].value
    }
}
