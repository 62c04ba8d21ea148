//! Outcomes of earlier calls, kept and replayed.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    io::{self, BufRead, BufReader, Read, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

use crate::{Tool, ToolError};

/// What calls gave, by tool, arguments and the tool's [`fingerprint`](Tool::fingerprint). A
/// [`Registry`](crate::Registry) with a cache asks it before it asks a tool.
///
/// Outcomes can be written to any [`Write`] as they come and read back from any [`Read`], one JSON object per
/// line, so that a run can be repeated exactly, and one that was killed picks up where it was. Failures that
/// may pass (a tool that failed, panicked or took too long) are written as well, but tried again, unless the
/// cache [only replays](Self::replay_only) or the tool [only computes](Tool::is_pure).
///
/// ```
/// use toolformer_text::{FnTool, Registry, ResultCache};
///
/// let mut tools = Registry::new().with_cache(ResultCache::new());
/// let lines = br#"{"tool":"Rate","args":"EUR","result":"1.09"}
/// "#;
/// tools.cache().ok_or("no cache")?.read(&lines[..])?;
/// tools.insert(FnTool::new("Rate", "an exchange rate", |_args| Ok("1.12".to_owned())))?;
/// assert_eq!(tools.call("Rate", "EUR")?, "1.09");
/// assert_eq!(tools.call("Rate", "GBP")?, "1.12");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct ResultCache {
    kept: Mutex<Kept>,
    replay_only: bool,
}

/// What is behind the lock.
#[derive(Default)]
struct Kept {
    outcomes: HashMap<Key, Result<String, ToolError>>,
    log: Option<Box<dyn Write + Send>>,
    /// Why there is no log any more.
    write_error: Option<io::Error>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Key {
    tool: String,
    args: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    fingerprint: String,
}

/// One line of the log.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    key: Key,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ToolError>,
}

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// Reading failed.
    #[error("the recorded results cannot be read")]
    Read(#[source] io::Error),
    /// A line other than the last is no record.
    #[error("line {line} of the recorded results is no record; remove it, or start a new file")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl ResultCache {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether no tool is asked.
    pub fn is_replay_only(&self) -> bool {
        self.replay_only
    }

    /// Runs no tool: what is not recorded fails, and recorded failures are replayed.
    #[must_use]
    pub fn replay_only(mut self) -> Self {
        self.replay_only = true;
        self
    }

    /// Writes every new outcome to `log` from now on, each line with one `write`, and flushes it.
    #[must_use]
    pub fn with_log(self, log: impl Write + Send + 'static) -> Self {
        self.kept().log = Some(Box::new(log));
        self
    }

    /// Adds the outcomes of a log; of two for the same call the later counts. Gives the number of bytes up to
    /// the end of the last record. A torn last line, as a killed run leaves it, is passed over: it is to be cut
    /// off before the log is written on, and a last record without a line break to be given one.
    ///
    /// # Errors
    /// If reading fails, or a line but the last is no record.
    pub fn read(&self, log: impl Read) -> Result<u64, CacheError> {
        let (mut log, mut bytes, mut read, mut line) = (BufReader::new(log), Vec::new(), 0, 0);
        loop {
            bytes.clear();
            let length = log.read_until(b'\n', &mut bytes).map_err(CacheError::Read)?;
            let torn = !bytes.ends_with(b"\n");
            line += 1;
            let record = match bytes.trim_ascii() {
                b"" => None,
                record => Some(serde_json::from_slice(record)),
            };
            let record = match record {
                Some(Err(_)) | None if torn => return Ok(read),
                Some(Err(source)) => return Err(CacheError::Line { line, source }),
                Some(Ok(record)) => Some(record),
                None => None,
            };
            read += length as u64;
            let Some(Line { key, result, error }) = record else { continue };
            let outcome = result.ok_or(error.unwrap_or(ToolError::NoResult));
            self.kept().outcomes.insert(key, outcome);
        }
    }

    /// Reports that writing the log failed, once. It was given up then; calls go on without it.
    ///
    /// # Errors
    /// That failure.
    pub fn check_log(&self) -> io::Result<()> {
        self.kept().write_error.take().map_or(Ok(()), Err)
    }

    /// The tools whose outcomes are kept: each name with the fingerprints that it was recorded under.
    pub fn tools(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut tools = BTreeMap::<String, BTreeSet<String>>::new();
        for key in self.kept().outcomes.keys() {
            tools.entry(key.tool.clone()).or_default().insert(key.fingerprint.clone());
        }
        tools
    }

    /// How many outcomes are kept.
    pub fn len(&self) -> usize {
        self.kept().outcomes.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What that call gave; `None` if the tool is to be asked.
    pub(crate) fn outcome(&self, tool: &dyn Tool, args: &str) -> Option<Result<String, ToolError>> {
        let key = Key::new(tool, args);
        let kept = self.kept();
        let recorded = kept.outcomes.get(&key);
        if self.replay_only {
            let missing = || Err(ToolError::failed("the call is not among the recorded ones"));
            return Some(recorded.cloned().unwrap_or_else(missing));
        }
        let is_final = |outcome: &&Result<_, ToolError>| {
            tool.is_pure() || !outcome.as_ref().is_err_and(ToolError::may_pass)
        };
        recorded.filter(is_final).cloned()
    }

    /// Keeps what a call gave.
    pub(crate) fn record(&self, tool: &dyn Tool, args: &str, outcome: &Result<String, ToolError>) {
        let key = Key::new(tool, args);
        let mut kept = self.kept();
        if let Some(log) = &mut kept.log {
            let (result, failure) = (outcome.as_ref().ok().cloned(), outcome.as_ref().err().cloned());
            let line = Line { key: key.clone(), result, error: failure };
            if let Err(error) = write_line(log, &line) {
                // Nothing may stand behind half a line.
                kept.log = None;
                kept.write_error = Some(error);
            }
        }
        kept.outcomes.insert(key, outcome.clone());
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Whoever panicked did so in a `Write`; the outcomes are whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_line(log: &mut dyn Write, line: &Line) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    log.write_all(&bytes)?;
    log.flush()
}

impl Key {
    fn new(tool: &dyn Tool, args: &str) -> Self {
        Self { tool: tool.name().to_owned(), args: args.to_owned(), fingerprint: tool.fingerprint() }
    }
}

impl fmt::Debug for ResultCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultCache")
            .field("len", &self.len())
            .field("replay_only", &self.replay_only)
            .finish_non_exhaustive()
    }
}
