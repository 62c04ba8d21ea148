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

/// Runs `future` there and waits for it. The caller may itself be on a runtime, which `Runtime::block_on` would
/// not allow.
pub(crate) fn block_on<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> Result<T, ToolError> {
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime()?.spawn(async move {
        // The caller waits.
        let _ = sender.send(future.await);
    });
    receiver.recv().map_err(|_| ToolError::Panicked { message: "in a task of the network".to_owned() })
}
