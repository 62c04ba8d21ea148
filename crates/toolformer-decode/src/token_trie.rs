//! A vocabulary by the beginnings of its tokens.

/// Every token that stands for bytes, as a tree in which each node is a byte, laid out in the order of a walk. So what
/// several tokens begin with is looked at once.
#[derive(Debug)]
pub(crate) struct TokenTrie {
    nodes: Vec<Node>,
    /// In the order of their bytes.
    ids: Vec<u32>,
}

#[derive(Debug)]
struct Node {
    byte: u8,
    /// Nodes of the tree that begins here, itself as well.
    size: u32,
    /// Where in `ids` the tokens begin that end here or further down.
    first: u32,
}

impl TokenTrie {
    /// Of tokens with their bytes; those without are left out.
    pub(crate) fn new(mut tokens: Vec<(Vec<u8>, u32)>) -> Self {
        tokens.retain(|(bytes, _)| !bytes.is_empty());
        tokens.sort_unstable();
        let mut nodes: Vec<Node> = Vec::new();
        // The nodes of the last token, from its first byte on.
        let mut path: Vec<usize> = Vec::new();
        let close = |nodes: &mut Vec<Node>, path: &mut Vec<usize>, depth: usize| {
            let end = nodes.len();
            path.drain(depth..).for_each(|node| nodes[node].size = (end - node) as u32);
        };
        for (first, (bytes, _)) in tokens.iter().enumerate() {
            let shared =
                path.iter().zip(bytes).take_while(|&(&node, &byte)| nodes[node].byte == byte).count();
            close(&mut nodes, &mut path, shared);
            for &byte in &bytes[shared..] {
                path.push(nodes.len());
                nodes.push(Node { byte, size: 1, first: first as u32 });
            }
        }
        close(&mut nodes, &mut path, 0);
        Self { nodes, ids: tokens.into_iter().map(|(_, id)| id).collect() }
    }

    /// Hands over every token of which `step` takes all bytes, one after the other, from `start` on. Where a step is
    /// `done`, whatever follows will do.
    pub(crate) fn walk<S: Copy>(
        &self,
        start: S,
        step: impl Fn(S, u8) -> Option<S>,
        done: impl Fn(S) -> bool,
        mut found: impl FnMut(u32),
    ) {
        let first = |node: usize| self.nodes.get(node).map_or(self.ids.len(), |node| node.first as usize);
        // Where the trees end that the walk is in, with the state at their beginnings.
        let mut inside = vec![(self.nodes.len(), start)];
        let mut at = 0;
        while let (Some(node), Some(&(end, state))) = (self.nodes.get(at), inside.last()) {
            if at == end {
                inside.pop();
                continue;
            }
            let behind = at + node.size as usize;
            match step(state, node.byte) {
                None => at = behind,
                Some(next) if done(next) => {
                    self.ids[first(at)..first(behind)].iter().for_each(|&id| found(id));
                    at = behind;
                }
                Some(next) => {
                    self.ids[first(at)..first(at + 1)].iter().for_each(|&id| found(id));
                    inside.push((behind, next));
                    at += 1;
                }
            }
        }
    }
}

impl TokenTrie {
    /// Hands over every token that begins with `bytes`; none if these are none.
    pub(crate) fn beginning_with(&self, bytes: &[u8], mut found: impl FnMut(u32)) {
        let mut tree = 0..self.nodes.len();
        let mut node = None;
        for &byte in bytes {
            let mut at = tree.start;
            while tree.contains(&at) && self.nodes[at].byte != byte {
                at += self.nodes[at].size as usize;
            }
            if !tree.contains(&at) {
                return;
            }
            node = Some(at);
            tree = at + 1..at + self.nodes[at].size as usize;
        }
        if let Some(node) = node {
            let first = |node: usize| self.nodes.get(node).map_or(self.ids.len(), |node| node.first as usize);
            self.ids[first(node)..first(tree.end)].iter().for_each(|&id| found(id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens made of `allowed` bytes; an `!` ends what is looked at.
    #[track_caller]
    fn check(allowed: &[u8], expected: &[&str]) {
        let tokens = ["a", "ab", "abc", "b", "", "ba", "ab", "a!x", "!", "c", "cab!"];
        let with_id = tokens.iter().zip(0..).map(|(token, id)| (token.as_bytes().to_vec(), id));
        let mut found = Vec::new();
        let step = |_: bool, byte| (byte == b'!' || allowed.contains(&byte)).then_some(byte == b'!');
        TokenTrie::new(with_id.collect()).walk(
            false,
            step,
            |done| done,
            |id| found.push(tokens[id as usize]),
        );
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn tokens_by_their_beginning() {
        let tokens = ["a", "ab", "abc", "b", "", "ba", "ab", "a!x", "c", "cab!"];
        let trie = TokenTrie::new(
            tokens.iter().zip(0..).map(|(token, id)| (token.as_bytes().to_vec(), id)).collect(),
        );
        for start in ["a", "ab", "abc", "abcd", "b", "c", "ca", "cab!", "x", "!"] {
            let mut found = Vec::new();
            trie.beginning_with(start.as_bytes(), |id| found.push(id as usize));
            found.sort_unstable();
            let expected: Vec<_> = (0..tokens.len()).filter(|&id| tokens[id].starts_with(start)).collect();
            assert_eq!(found, expected, "{start}");
        }
    }

    #[test]
    fn tokens_by_their_bytes() {
        check(b"", &["!"]);
        check(b"a", &["!", "a", "a!x"]);
        check(b"ab", &["!", "a", "a!x", "ab", "ab", "b", "ba"]);
        check(b"bc", &["!", "b", "c"]);
        check(b"abc", &["!", "a", "a!x", "ab", "ab", "abc", "b", "ba", "c", "cab!"]);
    }
}
