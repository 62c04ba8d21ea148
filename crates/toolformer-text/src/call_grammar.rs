//! Calls to given tools, byte by byte: what may follow, and whether the call is complete.

mod argument_automaton;
mod argument_reader;
mod byte_trie;

use crate::{Syntax, Tool};
use argument_automaton::ArgumentAutomaton;
use argument_reader::{ArgumentReader, Read};
use byte_trie::ByteTrie;

/// How a call may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallEnds {
    /// By the close marker, `Name(args)]`.
    Closed,
    /// By an arrow, `Name(args) ->`: its result is to come.
    Arrow,
    /// By either.
    Either,
}

/// The calls to some tools, with arguments that these take ([`Tool::argument_grammar`]), as an automaton over bytes.
///
/// It begins behind the open marker and ends with the close marker or an arrow. Whatever it takes is a call to
/// [`parse`](crate::parse) and to [`Syntax::progress`], which find the same name and arguments. It takes a little less:
/// every quotation is closed, so that what is a call never hangs on the end of the line.
///
/// ```
/// use toolformer_text::{ArgumentGrammar, CallEnds, CallGrammar, FnTool, Registry, Syntax};
///
/// let mut tools = Registry::new();
/// let digits = ArgumentGrammar::matching("[0-9]+");
/// tools.insert(FnTool::new("Twice", "", |args| Ok(args.repeat(2))).with_argument_grammar(digits))?;
/// let grammar = CallGrammar::new(tools.tools(), &Syntax::default(), CallEnds::Either)?;
/// let read = |text: &str| grammar.read(grammar.start(), text.as_bytes());
/// assert!(read("Tw").is_some_and(|position| !position.is_complete()));
/// assert!(read("Twice(12) ->").is_some_and(|position| position.is_complete()));
/// assert!(read("Thrice").is_none() && read("Twice()").is_none() && read("Twice(x").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CallGrammar {
    names: ByteTrie,
    arguments: Vec<ArgumentAutomaton>,
    ends: ByteTrie,
}

/// Why a [`CallGrammar`] cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallGrammarError {
    /// There is nothing to call.
    #[error("there are no tools, so no call could be written; give at least one")]
    NoTools,
    /// The grammar of a tool's arguments is no regular expression, or too large.
    #[error(
        "the argument grammar of the tool `{tool}` cannot be used: {why}; correct it, or make it simpler"
    )]
    Arguments {
        /// The tool's name.
        tool: String,
        /// What is wrong.
        why: String,
    },
}

/// A place in a call that is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallPosition(Phase);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    /// At a node of the names.
    Name(u32),
    Arguments(ArgumentReader),
    /// Behind the `)`, at a node of the ends.
    Tail(u32),
    Complete,
}

impl CallPosition {
    /// Whether the call is complete: its end has been read.
    pub fn is_complete(&self) -> bool {
        self.0 == Phase::Complete
    }
}

impl CallGrammar {
    /// The calls to `tools`, such as [`Registry::tools`](crate::Registry::tools), that end as `ends` says.
    ///
    /// # Errors
    /// If there are no tools, or an argument grammar is no regular expression, matches nothing, or is too large.
    pub fn new<'t>(
        tools: impl IntoIterator<Item = &'t dyn Tool>,
        syntax: &Syntax,
        ends: CallEnds,
    ) -> Result<Self, CallGrammarError> {
        let (mut names, mut arguments) = (ByteTrie::default(), Vec::new());
        for tool in tools {
            let automaton = ArgumentAutomaton::new(tool.argument_grammar().pattern());
            let automaton =
                automaton.map_err(|why| CallGrammarError::Arguments { tool: tool.name().to_owned(), why })?;
            names.insert(tool.name().as_bytes(), arguments.len());
            arguments.push(automaton);
        }
        if arguments.is_empty() {
            return Err(CallGrammarError::NoTools);
        }
        let mut markers = ByteTrie::default();
        if ends != CallEnds::Arrow {
            markers.insert(syntax.close().as_bytes(), 0);
        }
        if ends != CallEnds::Closed {
            syntax.arrows().for_each(|arrow| markers.insert(arrow.as_bytes(), 0));
        }
        Ok(Self { names, arguments, ends: markers })
    }

    /// The place behind the open marker.
    pub fn start(&self) -> CallPosition {
        CallPosition(Phase::Name(ByteTrie::ROOT))
    }

    /// The place behind `byte`, if it can stand at `position`; behind a complete call anything can.
    pub fn step(&self, position: CallPosition, byte: u8) -> Option<CallPosition> {
        let phase = match position.0 {
            Phase::Name(node) if byte == b'(' => {
                let tool = self.names.value(node)?;
                Phase::Arguments(ArgumentReader::new(tool))
            }
            Phase::Name(node) => Phase::Name(self.names.child(node, byte)?),
            Phase::Arguments(mut reader) => match reader.read(&self.arguments[reader.tool()], byte)? {
                Read::On => Phase::Arguments(reader),
                Read::Closed => Phase::Tail(ByteTrie::ROOT),
            },
            Phase::Tail(ByteTrie::ROOT) if matches!(byte, b' ' | b'\t') => position.0,
            Phase::Tail(node) => {
                let next = self.ends.child(node, byte)?;
                if self.ends.value(next).is_some() { Phase::Complete } else { Phase::Tail(next) }
            }
            Phase::Complete => Phase::Complete,
        };
        Some(CallPosition(phase))
    }

    /// The place behind `bytes`, if they can stand at `position`.
    pub fn read(&self, position: CallPosition, bytes: &[u8]) -> Option<CallPosition> {
        bytes.iter().try_fold(position, |position, &byte| self.step(position, byte))
    }
}
