//! The connection to a server: made when needed, made again when it is gone.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rmcp::{
    RoleClient, ServiceError, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ErrorCode, Implementation,
        Tool,
    },
    service::{ClientInitializeError, RunningService},
    transport::{
        StreamableHttpClientTransport,
        async_rw::AsyncRwTransport,
        common::client_side_sse::NeverRetry,
        streamable_http_client::{StreamableHttpClientTransportConfig, StreamableHttpError},
    },
};
use tokio::{sync::Mutex, time::timeout};
use toolformer_text::ToolError;

use super::{McpError, McpServer, bounded::BoundedLines, process::ServerProcess, server::Transport};
use crate::{
    http::{build_client, reason},
    one_line,
};

/// A server, running or not.
pub(super) struct Connection {
    pub(super) server: McpServer,
    running: Mutex<Option<Arc<Running>>>,
}

/// A server that has been greeted.
struct Running {
    service: RunningService<RoleClient, ClientConfig>,
    process: Option<Mutex<ServerProcess>>,
    /// Becomes true where a program's answer is too long, and the limit.
    too_long: Option<(Arc<AtomicBool>, usize)>,
}

impl Connection {
    pub(super) fn new(server: McpServer) -> Self {
        Self { server, running: Mutex::new(None) }
    }

    /// The server's tools, all pages of the list.
    pub(super) async fn list(&self) -> Result<Vec<Tool>, McpError> {
        let limit = self.server.start_timeout;
        let running = self.running().await?;
        let server = self.server.name.clone();
        match timeout(limit, running.service.list_all_tools()).await {
            Ok(Ok(tools)) => Ok(tools),
            Ok(Err(error)) => Err(McpError::NotListed { server, reason: running.why(&error).await }),
            Err(_) => Err(McpError::StartTimedOut { server, limit, said: running.said().await }),
        }
    }

    /// Calls a tool; the request is cancelled when its time is up.
    pub(super) async fn call(&self, request: CallToolRequestParams) -> Result<CallToolResult, ToolError> {
        let running = self.running().await?;
        let limit = self.server.timeout;
        let Ok(outcome) = timeout(limit, running.service.peer().call_tool(request)).await else {
            return Err(ToolError::TimedOut { limit });
        };
        match outcome {
            Ok(result) => Ok(result),
            Err(ServiceError::McpError(error)) if error.code == ErrorCode::INVALID_PARAMS => {
                Err(ToolError::bad_arguments(error.message))
            }
            Err(ServiceError::McpError(error)) => Err(ToolError::failed(error.message)),
            Err(ServiceError::UnexpectedResponse) => {
                let reason =
                    "the server asks for more before it answers, which is not supported; use another tool";
                Err(ToolError::failed(reason))
            }
            Err(error) => {
                self.forget(&running).await;
                let (server, why) = (&self.server.name, running.why(&error).await);
                let reason =
                    format!("the MCP server `{server}` is gone ({why}); the next call starts it again");
                Err(ToolError::failed(reason))
            }
        }
    }

    /// The running server; started if it is not.
    async fn running(&self) -> Result<Arc<Running>, McpError> {
        let mut running = self.running.lock().await;
        if let Some(running) = &*running
            && !running.service.peer().is_transport_closed()
        {
            return Ok(Arc::clone(running));
        }
        let started = Arc::new(self.start().await?);
        *running = Some(Arc::clone(&started));
        Ok(started)
    }

    async fn forget(&self, gone: &Arc<Running>) {
        let mut running = self.running.lock().await;
        if running.as_ref().is_some_and(|running| Arc::ptr_eq(running, gone)) {
            *running = None;
        }
    }

    async fn start(&self) -> Result<Running, McpError> {
        match &self.server.transport {
            Transport::Program(command) => {
                let (process, stdout, stdin) = ServerProcess::start(command)
                    .map_err(|error| self.not_started(command.why_not_started(&error)))?;
                let limit = self.server.response_limit;
                let stdout = BoundedLines::new(stdout, limit);
                let too_long = Some((stdout.exceeded(), limit));
                let transport = AsyncRwTransport::new(stdout, stdin).with_max_line_length(usize::MAX);
                match timeout(self.server.start_timeout, greeting().serve(transport)).await {
                    Ok(Ok(service)) => Ok(Running { service, process: Some(Mutex::new(process)), too_long }),
                    Ok(Err(error)) => Err(self.not_started(ended(process, &brief(&error)).await)),
                    Err(_) => Err(self.start_timed_out(process.said())),
                }
            }
            Transport::Http { url, headers, rules } => {
                let client = build_client(rules).map_err(|error| self.not_started(error.to_string()))?;
                let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str());
                config = config.max_json_response_size(rules.response_limit());
                config = config.max_sse_event_size(rules.response_limit());
                let headers = headers.iter().map(|(name, value)| (name.clone(), value.clone()));
                config = config.custom_headers(headers.collect());
                // A broken stream is reported by the call that finds it so.
                config.retry_config = Arc::new(NeverRetry::default());
                let transport = StreamableHttpClientTransport::with_client(client, config);
                match timeout(self.server.start_timeout, greeting().serve(transport)).await {
                    Ok(Ok(service)) => Ok(Running { service, process: None, too_long: None }),
                    Ok(Err(error)) => Err(self.not_started(brief(&error))),
                    Err(_) => Err(self.start_timed_out(String::new())),
                }
            }
        }
    }

    fn not_started(&self, reason: String) -> McpError {
        McpError::NotStarted { server: self.server.name.clone(), reason }
    }

    fn start_timed_out(&self, said: String) -> McpError {
        McpError::StartTimedOut { server: self.server.name.clone(), limit: self.server.start_timeout, said }
    }
}

impl Running {
    /// Why it cannot be spoken to: how its process ended, if it has one that did.
    async fn why(&self, error: &ServiceError) -> String {
        if let Some((_, limit)) =
            self.too_long.as_ref().filter(|(exceeded, _)| exceeded.load(Ordering::Acquire))
        {
            return format!(
                "its answer is longer than {limit} bytes; ask for less, or raise `response_limit_bytes`"
            );
        }
        match &self.process {
            Some(process) => described(&mut *process.lock().await, &cause(error)).await,
            None => cause(error),
        }
    }

    async fn said(&self) -> String {
        match &self.process {
            Some(process) => process.lock().await.said(),
            None => String::new(),
        }
    }
}

async fn ended(mut process: ServerProcess, error: &str) -> String {
    described(&mut process, error).await
}

async fn described(process: &mut ServerProcess, error: &str) -> String {
    let status = process.status().await;
    let said = process.said();
    status.map_or_else(|| format!("{error}{said}"), |status| format!("{status}{said}"))
}

/// Who we are; we offer a server nothing.
fn greeting() -> ClientConfig {
    let us = Implementation::new("toolformer", env!("CARGO_PKG_VERSION"));
    ClientConfig::new(ClientCapabilities::default(), us)
}

/// Why a request failed; that a transport is the reason is nothing to tell.
fn cause(error: &ServiceError) -> String {
    match error {
        ServiceError::TransportSend(error) => transport(&*error.error),
        error => reason(error),
    }
}

/// What went wrong on the way; the SDK does not give the client's error as a source.
fn transport(error: &(dyn Error + 'static)) -> String {
    match error.downcast_ref::<StreamableHttpError<reqwest::Error>>() {
        Some(StreamableHttpError::Client(error)) => reason(error),
        _ => reason(error),
    }
}

/// What went wrong in greeting; some variants carry whole messages.
fn brief(error: &ClientInitializeError) -> String {
    let reason = match error {
        ClientInitializeError::TransportError { error, .. } => transport(&*error.error),
        error => reason(error),
    };
    one_line::beginning(&reason, 300)
}
