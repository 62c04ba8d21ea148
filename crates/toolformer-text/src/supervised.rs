//! One tool of a registry, kept from taking its caller down or from keeping it.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicIsize, Ordering},
    },
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{Either, select},
};

use crate::{AsyncTool, RateLimit, Tool, ToolError, ToolFuture, async_tool::Blocking, deadline::block_on};

/// So many overdue calls of one tool may be running: each keeps a thread.
const MAX_OVERDUE: isize = 32;

/// A tool, and what is known of its calls.
#[derive(Clone)]
pub(crate) struct Supervised {
    tool: Arc<dyn Tool>,
    asynchronous: Option<Arc<dyn AsyncTool>>,
    rate: Option<RateLimit>,
    /// How many calls are running that nobody waits for any more.
    overdue: Arc<AtomicIsize>,
}

impl Supervised {
    pub(crate) fn new(tool: impl Tool + 'static) -> Self {
        let rate = tool.rate_limit();
        Self { tool: Arc::new(tool), asynchronous: None, rate, overdue: Arc::default() }
    }

    pub(crate) fn new_async(tool: impl AsyncTool + 'static) -> Self {
        let tool: Arc<dyn AsyncTool> = Arc::new(tool);
        let blocking = Arc::new(Blocking(Arc::clone(&tool)));
        let rate = tool.rate_limit();
        Self { tool: blocking, asynchronous: Some(tool), rate, overdue: Arc::default() }
    }

    pub(crate) fn tool(&self) -> &dyn Tool {
        &*self.tool
    }

    /// Calls the tool when its turn has come, which is no part of its time. A panic is contained; when the time is up a
    /// future is dropped and a thread left to itself.
    pub(crate) fn call(&self, args: &str, limit: Option<Duration>) -> Result<String, ToolError> {
        if let Some(rate) = &self.rate {
            block_on(rate.ready(), None);
        }
        match limit {
            _ if self.tool.is_pure() => contained(|| self.tool.call(args)),
            None if self.asynchronous.is_none() => contained(|| self.tool.call(args)),
            _ => block_on(self.start(args), limit).unwrap_or_else(|| Err(timed_out(limit))),
        }
    }

    /// The same without blocking the caller.
    pub(crate) async fn call_async(&self, args: &str, limit: Option<Duration>) -> Result<String, ToolError> {
        if let Some(rate) = &self.rate {
            rate.ready().await;
        }
        let call = self.start(args);
        let Some(time) = limit else { return call.await };
        match select(call, futures_timer::Delay::new(time)).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => Err(timed_out(limit)),
        }
    }

    /// The result of a call to come. Without a future of its own, the tool runs on a thread, unless it only
    /// computes.
    fn start<'a>(&'a self, args: &'a str) -> ToolFuture<'a> {
        match &self.asynchronous {
            Some(tool) => Box::pin(async {
                let call = AssertUnwindSafe(async { tool.call(args).await });
                call.catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic)))
            }),
            None if self.tool.is_pure() => Box::pin(std::future::ready(contained(|| self.tool.call(args)))),
            None => self.on_thread(args.to_owned()),
        }
    }

    /// A call on one of the threads that `blocking` keeps for such work.
    fn on_thread(&self, args: String) -> ToolFuture<'static> {
        if self.overdue.load(Ordering::Relaxed) >= MAX_OVERDUE {
            let reason =
                format!("{MAX_OVERDUE} earlier calls of the tool still hang; it is not called again");
            return Box::pin(std::future::ready(Err(ToolError::failed(reason))));
        }
        let tool = Arc::clone(&self.tool);
        let caller = Side { settled: Arc::default(), overdue: Arc::clone(&self.overdue), step: 1 };
        let callee =
            Side { settled: Arc::clone(&caller.settled), overdue: Arc::clone(&self.overdue), step: -1 };
        let call = blocking::unblock(move || {
            let result = contained(|| tool.call(&args));
            // Before the answer is there: whoever has it must not find this call counted as overdue.
            callee.leave();
            result
        });
        Box::pin(async move {
            let _caller = caller;
            call.await
        })
    }
}

/// One of the two sides of a call on a thread: who waits for it, and who does it.
struct Side {
    /// Whether the other one has left.
    settled: Arc<AtomicBool>,
    overdue: Arc<AtomicIsize>,
    /// What leaving does to the number of overdue calls: a caller who leaves first makes one, and a callee who
    /// leaves after that ends one.
    step: isize,
}

impl Side {
    /// Leaves now; dropping it is the same.
    fn leave(self) {}
}

impl Drop for Side {
    fn drop(&mut self) {
        let caller_leaves = self.step > 0;
        if self.settled.swap(true, Ordering::AcqRel) != caller_leaves {
            self.overdue.fetch_add(self.step, Ordering::Relaxed);
        }
    }
}

fn timed_out(limit: Option<Duration>) -> ToolError {
    ToolError::TimedOut { limit: limit.unwrap_or_default() }
}

fn contained(call: impl FnOnce() -> Result<String, ToolError>) -> Result<String, ToolError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

fn panicked(panic: &(dyn Any + Send)) -> ToolError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    ToolError::Panicked { message: text.unwrap_or("no message").to_owned() }
}
