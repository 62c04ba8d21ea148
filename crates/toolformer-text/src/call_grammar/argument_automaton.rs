//! A regular expression that must match as a whole, as a table of states from which it still can.

use std::collections::HashMap;

use regex_automata::{
    Anchored, MatchKind,
    dfa::{Automaton, StartKind, dense},
    util::{primitives::StateID, start, syntax},
};

/// No state: the text cannot match any more.
const DEAD: u32 = u32::MAX;
/// Larger ones are refused, bytes; and so much is used at most to make one.
const MAX_SIZE: usize = 16 << 20;

/// An automaton over the bytes of arguments.
#[derive(Debug, Clone)]
pub(super) struct ArgumentAutomaton {
    /// Bytes that no state tells apart have the same number.
    class: Box<[u8; 256]>,
    classes: usize,
    /// `classes` entries for each state.
    next: Vec<u32>,
    accepts: Vec<bool>,
}

impl ArgumentAutomaton {
    /// The state before the first byte.
    pub(super) const START: u32 = 0;

    /// Reads `pattern`; the error says what is wrong with it.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        // The last source says what and where.
        let why = |error: &dyn std::error::Error| {
            let last = std::iter::successors(Some(error), |error| error.source()).last();
            last.unwrap_or(error).to_string()
        };
        let config = dense::Config::new()
            .match_kind(MatchKind::All)
            .start_kind(StartKind::Anchored)
            .dfa_size_limit(Some(MAX_SIZE))
            .determinize_size_limit(Some(MAX_SIZE));
        let dfa = dense::Builder::new()
            .configure(config)
            .syntax(syntax::Config::new())
            .build(&format!("(?:{pattern})"))
            .map_err(|error| why(&error))?;
        let anchored = start::Config::new().anchored(Anchored::Yes);
        let start = dfa.start_state(&anchored).map_err(|error| why(&error))?;
        Self::of(&dfa, start).ok_or_else(|| "it matches nothing".to_owned())
    }

    /// The states that can be reached and from which a match can; `None` if there are none.
    fn of(dfa: &dense::DFA<Vec<u32>>, start: StateID) -> Option<Self> {
        let mut number = HashMap::from([(start, 0usize)]);
        let mut states = vec![start];
        let mut next: Vec<Vec<u32>> = Vec::new();
        while let Some(&state) = states.get(next.len()) {
            let row = (0..=u8::MAX).map(|byte| {
                let to = dfa.next_state(state, byte);
                if dfa.is_dead_state(to) || dfa.is_quit_state(to) {
                    return DEAD;
                }
                *number.entry(to).or_insert_with(|| {
                    states.push(to);
                    states.len() - 1
                }) as u32
            });
            let row = row.collect();
            next.push(row);
        }
        // A match is told one byte late, or at the end of the text.
        let accepts: Vec<bool> =
            states.iter().map(|&state| dfa.is_match_state(dfa.next_eoi_state(state))).collect();
        let live = live(&next, &accepts);
        for to in next.iter_mut().flatten() {
            if *to != DEAD && !live[*to as usize] {
                *to = DEAD;
            }
        }
        live[0].then(|| Self::compressed(&next, accepts))
    }

    fn compressed(next: &[Vec<u32>], accepts: Vec<bool>) -> Self {
        let mut columns: HashMap<Vec<u32>, u8> = HashMap::new();
        let mut first = Vec::new();
        let mut class = Box::new([0; 256]);
        for byte in 0..256 {
            let column = next.iter().map(|row| row[byte]).collect();
            class[byte] = *columns.entry(column).or_insert_with(|| {
                first.push(byte);
                (first.len() - 1) as u8
            });
        }
        let next = next.iter().flat_map(|row| first.iter().map(|&byte| row[byte])).collect();
        Self { class, classes: first.len(), next, accepts }
    }

    /// The state behind `byte`, if the text can still match.
    pub(super) fn next(&self, state: u32, byte: u8) -> Option<u32> {
        let to = self.next[state as usize * self.classes + usize::from(self.class[usize::from(byte)])];
        (to != DEAD).then_some(to)
    }

    /// Whether the text may end here.
    pub(super) fn accepts(&self, state: u32) -> bool {
        self.accepts[state as usize]
    }
}

/// The states from which one that accepts can be reached.
fn live(next: &[Vec<u32>], accepts: &[bool]) -> Vec<bool> {
    let mut before: Vec<Vec<u32>> = vec![Vec::new(); next.len()];
    for (from, row) in next.iter().enumerate() {
        let mut to: Vec<u32> = row.iter().copied().filter(|&to| to != DEAD).collect();
        to.sort_unstable();
        to.dedup();
        to.iter().for_each(|&to| before[to as usize].push(from as u32));
    }
    let mut live = accepts.to_vec();
    let mut open: Vec<usize> = (0..next.len()).filter(|&state| live[state]).collect();
    while let Some(state) = open.pop() {
        for &from in &before[state] {
            if !std::mem::replace(&mut live[from as usize], true) {
                open.push(from as usize);
            }
        }
    }
    live
}
