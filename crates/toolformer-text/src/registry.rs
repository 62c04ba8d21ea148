//! Tools by name.

mod error;

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::{
    AsyncTool, ResultCache, Syntax, Tool, ToolError, closest_name::closest_name, is_valid_name,
    sanitize_result, sanitize_result_to, supervised::Supervised,
};

pub use error::{CallError, RegistryError};

/// A set of tools, called by name.
#[derive(Default)]
pub struct Registry {
    tools: BTreeMap<String, Supervised>,
    syntax: Syntax,
    max_result_chars: Option<usize>,
    timeout: Option<Duration>,
    cache: Option<ResultCache>,
}

/// What came of a call.
pub(crate) struct Answer {
    /// What the caller gets.
    pub(crate) outcome: Result<String, CallError>,
    /// What the tool gave, where it was asked and there is a cache.
    pub(crate) fresh: Option<Result<String, ToolError>>,
}

impl Registry {
    /// No tools yet; results are made safe for [`Syntax::default`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes results safe for `syntax` instead.
    #[must_use]
    pub fn with_syntax(mut self, syntax: Syntax) -> Self {
        self.syntax = syntax;
        self
    }

    /// Cuts results to `max_chars` characters; without it they are kept whole.
    #[must_use]
    pub fn with_max_result_chars(mut self, max_chars: usize) -> Self {
        self.max_result_chars = Some(max_chars);
        self
    }

    /// Most characters of a result, if there is a limit.
    pub fn max_result_chars(&self) -> Option<usize> {
        self.max_result_chars
    }

    /// Gives every call of a tool that sets no time of its own at most `timeout`; without it such a call may
    /// take for ever. What is out of time counts as [`ToolError::TimedOut`]. A thread cannot be stopped: one that
    /// hangs is left to itself, and a tool of which 32 calls hang is not called again. Waiting for one's turn with a tool that
    /// has a [`RateLimit`](crate::RateLimit) is no part of that time.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Asks `cache` before a tool, and records in it what tools give.
    #[must_use]
    pub fn with_cache(mut self, cache: ResultCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// The cache, if there is one.
    pub fn cache(&self) -> Option<&ResultCache> {
        self.cache.as_ref()
    }

    /// Adds a tool.
    ///
    /// # Errors
    /// If its name is taken or could not be found in a text, or two of its parameters have the same name.
    pub fn insert(&mut self, tool: impl Tool + 'static) -> Result<(), RegistryError> {
        self.add(Supervised::new(tool))
    }

    /// Adds an asynchronous tool.
    ///
    /// # Errors
    /// As [`Registry::insert`].
    pub fn insert_async(&mut self, tool: impl AsyncTool + 'static) -> Result<(), RegistryError> {
        self.add(Supervised::new_async(tool))
    }

    /// The same tools in another registry, which has no cache.
    #[must_use]
    pub fn share(&self) -> Self {
        Self { syntax: self.syntax.clone(), tools: self.tools.clone(), cache: None, ..*self }
    }

    /// The same with `tool` in the place of the one of its name, if there is one of that name.
    #[must_use]
    pub fn share_with(&self, tool: impl Tool + 'static) -> Self {
        let mut shared = self.share();
        if let Some(replaced) = shared.tools.get_mut(tool.name()) {
            *replaced = Supervised::new(tool);
        }
        shared
    }

    fn add(&mut self, tool: Supervised) -> Result<(), RegistryError> {
        let name = tool.tool().name().to_owned();
        if !is_valid_name(&name) {
            return Err(RegistryError::InvalidName { name });
        }
        if self.tools.contains_key(&name) {
            return Err(RegistryError::Duplicate { name });
        }
        let parameters = tool.tool().parameters();
        let names: Vec<&str> =
            parameters.as_slice().iter().map(|parameter| parameter.name.as_str()).collect();
        if let Some(at) = (1..names.len()).find(|&at| names[..at].contains(&names[at])) {
            let parameter = names[at].to_owned();
            return Err(RegistryError::DuplicateParameter { tool: name, parameter });
        }
        self.tools.insert(name, tool);
        Ok(())
    }

    /// The tool of that name.
    pub fn get(&self, name: &str) -> Option<&dyn Tool> {
        self.tools.get(name).map(Supervised::tool)
    }

    /// The tool of that name, or an error that says which there are.
    ///
    /// # Errors
    /// If there is no such tool.
    pub fn find(&self, name: &str) -> Result<&dyn Tool, CallError> {
        self.supervised(name).map(Supervised::tool)
    }

    /// Every name, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tools.keys().map(String::as_str)
    }

    /// Every tool, sorted by name.
    pub fn tools(&self) -> impl Iterator<Item = &dyn Tool> {
        self.tools.values().map(Supervised::tool)
    }

    /// How many tools there are.
    pub fn len(&self) -> usize {
        self.tools.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    /// Calls a tool. Its result comes back safe to write into a call (see [`sanitize_result`]); a result
    /// that is empty then counts as none. A tool's panic is contained (the panic hook still reports it).
    ///
    /// # Errors
    /// If there is no such tool, or it gives no result.
    pub fn call(&self, name: &str, args: &str) -> Result<String, CallError> {
        let answer = self.ask(name, args);
        self.keep(name, args, &answer);
        answer.outcome
    }

    /// As [`Registry::call`], but with the result as the tool gave it: for a person or a program to read, not to be
    /// written into a text. The cache is neither asked nor told.
    ///
    /// # Errors
    /// As [`Registry::call`], except that a result may be empty.
    pub fn call_raw(&self, name: &str, args: &str) -> Result<String, CallError> {
        let tool = self.supervised(name)?;
        let given = tool.call(args, self.limit(tool));
        given.map_err(|source| CallError::Tool { name: name.to_owned(), source })
    }

    /// As [`Registry::call`], without blocking: asynchronous tools are polled by the caller, others run on
    /// threads of their own.
    ///
    /// # Errors
    /// As [`Registry::call`].
    pub async fn call_async(&self, name: &str, args: &str) -> Result<String, CallError> {
        let answer = self.ask_async(name, args).await;
        self.keep(name, args, &answer);
        answer.outcome
    }

    /// Asks the cache, else the tool; the cache is not told.
    pub(crate) fn ask(&self, name: &str, args: &str) -> Answer {
        match self.supervised(name) {
            Err(unknown) => Answer { outcome: Err(unknown), fresh: None },
            Ok(tool) => match self.recorded(tool, args) {
                Some(recorded) => Answer { outcome: self.finished(name, recorded), fresh: None },
                None => self.fresh(name, tool.call(args, self.limit(tool))),
            },
        }
    }

    /// As [`Registry::ask`], without blocking.
    pub(crate) async fn ask_async(&self, name: &str, args: &str) -> Answer {
        match self.supervised(name) {
            Err(unknown) => Answer { outcome: Err(unknown), fresh: None },
            Ok(tool) => match self.recorded(tool, args) {
                Some(recorded) => Answer { outcome: self.finished(name, recorded), fresh: None },
                None => self.fresh(name, tool.call_async(args, self.limit(tool)).await),
            },
        }
    }

    /// Tells the cache, if there is one, what a tool gave.
    pub(crate) fn keep(&self, name: &str, args: &str, answer: &Answer) {
        if let (Some(cache), Some(tool), Some(given)) = (&self.cache, self.get(name), &answer.fresh) {
            cache.record(tool, args, given);
        }
    }

    fn recorded(&self, tool: &Supervised, args: &str) -> Option<Result<String, ToolError>> {
        self.cache.as_ref()?.outcome(tool.tool(), args)
    }

    fn fresh(&self, name: &str, given: Result<String, ToolError>) -> Answer {
        // Kept as it was given: how long a result may be is for each run to say.
        let fresh = self.cache.is_some().then(|| given.clone());
        Answer { outcome: self.finished(name, given), fresh }
    }

    fn supervised(&self, name: &str) -> Result<&Supervised, CallError> {
        self.tools.get(name).ok_or_else(|| CallError::UnknownTool {
            name: name.to_owned(),
            known: self.names().map(str::to_owned).collect(),
            closest: closest_name(name, self.names()).map(str::to_owned),
        })
    }

    fn limit(&self, tool: &Supervised) -> Option<Duration> {
        tool.tool().timeout().or(self.timeout)
    }

    fn finished(&self, name: &str, outcome: Result<String, ToolError>) -> Result<String, CallError> {
        let result = outcome.and_then(|result| match self.sanitize(&result) {
            clean if clean.is_empty() => Err(ToolError::NoResult),
            clean => Ok(clean),
        });
        result.map_err(|source| CallError::Tool { name: name.to_owned(), source })
    }

    fn sanitize(&self, result: &str) -> String {
        match self.max_result_chars {
            Some(max_chars) => sanitize_result_to(&self.syntax, result, max_chars),
            None => sanitize_result(&self.syntax, result),
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("tools", &self.tools.keys())
            .field("max_result_chars", &self.max_result_chars)
            .field("timeout", &self.timeout)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
