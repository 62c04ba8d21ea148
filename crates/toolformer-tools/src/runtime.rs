//! The one tokio runtime of all tools that use the network.

use std::{
    future::Future,
    sync::{OnceLock, mpsc},
};

use tokio::runtime::{Builder, Runtime};
use toolformer_text::ToolError;

/// Started when it is first needed; one thread is enough for waiting.
static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();

pub(crate) fn runtime() -> Result<&'static Runtime, ToolError> {
    let start = || {
        let mut builder = Builder::new_multi_thread();
        let builder = builder.worker_threads(1).thread_name("tool network").enable_all();
        builder.build().map_err(|error| error.to_string())
    };
    let runtime = RUNTIME.get_or_init(start).as_ref();
    runtime.map_err(|error| ToolError::failed(format!("the network's thread does not start: {error}")))
}

/// What runs there, to be waited for.
pub(crate) struct Pending<T>(Result<mpsc::Receiver<T>, ToolError>);

/// Runs `future` there.
pub(crate) fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Pending<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    Pending(runtime().map(|runtime| {
        runtime.spawn(async move {
            // Nobody may be waiting any more.
            let _ = sender.send(future.await);
        });
        receiver
    }))
}

impl<T> Pending<T> {
    /// Waits for it. The caller may itself be on a runtime, which `Runtime::block_on` would not allow.
    pub(crate) fn wait(self) -> Result<T, ToolError> {
        let panicked = |_| ToolError::Panicked { message: "in a task of the network".to_owned() };
        self.0?.recv().map_err(panicked)
    }
}

/// Runs `future` there and waits for it.
pub(crate) fn block_on<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> Result<T, ToolError> {
    spawn(future).wait()
}
