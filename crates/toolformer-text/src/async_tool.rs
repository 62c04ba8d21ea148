//! Tools that answer later.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use crate::{ArgumentGrammar, Parameters, RateLimit, Tool, ToolError, deadline::block_on};

/// The result of an [`AsyncTool`], to come.
pub type ToolFuture<'a> = Pin<Box<dyn Future<Output = Result<String, ToolError>> + Send + 'a>>;

/// A [`Tool`] whose result is a future.
///
/// Add it with [`Registry::insert_async`](crate::Registry::insert_async).
/// [`Registry::call_async`](crate::Registry::call_async) awaits its future on the caller's runtime;
/// [`Registry::call`](crate::Registry::call) runs it on the calling thread, which is no runtime: a future that
/// needs one (a socket of tokio's, say) must bring it, for example as
/// `handle.spawn(work).await`. A future is dropped when its time is up.
pub trait AsyncTool: Send + Sync {
    /// As [`Tool::name`].
    fn name(&self) -> &str;

    /// As [`Tool::description`].
    fn description(&self) -> &str;

    /// As [`Tool::parameters`].
    fn parameters(&self) -> Parameters {
        Parameters::text("text")
    }

    /// As [`Tool::argument_grammar`].
    fn argument_grammar(&self) -> ArgumentGrammar {
        ArgumentGrammar::of(&self.parameters())
    }

    /// As [`Tool::timeout`].
    fn timeout(&self) -> Option<Duration> {
        None
    }

    /// As [`Tool::rate_limit`].
    fn rate_limit(&self) -> Option<RateLimit> {
        None
    }

    /// As [`Tool::fingerprint`].
    fn fingerprint(&self) -> String {
        String::new()
    }

    /// As [`Tool::call`]. The future must not block.
    fn call<'a>(&'a self, args: &'a str) -> ToolFuture<'a>;
}

/// An asynchronous tool on the calling thread.
pub(crate) struct Blocking(pub(crate) Arc<dyn AsyncTool>);

impl Tool for Blocking {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn description(&self) -> &str {
        self.0.description()
    }

    fn parameters(&self) -> Parameters {
        self.0.parameters()
    }

    fn argument_grammar(&self) -> ArgumentGrammar {
        self.0.argument_grammar()
    }

    fn timeout(&self) -> Option<Duration> {
        self.0.timeout()
    }

    fn rate_limit(&self) -> Option<RateLimit> {
        self.0.rate_limit()
    }

    fn fingerprint(&self) -> String {
        self.0.fingerprint()
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        // Without a limit there is always an answer.
        block_on(self.0.call(args), None).unwrap_or(Err(ToolError::NoResult))
    }
}
