//! One run of a server, from the greeting on.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use reqwest::header::HeaderMap;
use rmcp::{
    Peer, RoleClient, ServiceError, ServiceExt,
    model::{ClientCapabilities, ClientConfig, Implementation},
    service::{ClientInitializeError, RunningService},
    transport::{
        StreamableHttpClientTransport,
        async_rw::AsyncRwTransport,
        common::client_side_sse::NeverRetry,
        streamable_http_client::{StreamableHttpClientTransportConfig, StreamableHttpError},
    },
};
use tokio::{sync::OnceCell, time::timeout};
use url::Url;

use super::{McpError, McpServer, bounded::BoundedLines, process::ServerProcess, server::Transport};
use crate::{
    CommandLine,
    http::{HttpRules, build_client, reason},
    one_line::said,
};

/// A server that has been greeted. It lives as long as somebody holds it, and no longer than it can be spoken to.
pub(super) struct Session {
    service: RunningService<RoleClient, ClientConfig>,
    program: Option<Program>,
    /// How long an answer may be, bytes.
    response_limit: usize,
    /// Why it is over, once that has been looked at.
    end: OnceCell<String>,
}

/// A server that is a program of ours.
struct Program {
    process: ServerProcess,
    /// Becomes true where an answer is too long.
    too_long: Arc<AtomicBool>,
    response_limit: usize,
}

impl Session {
    /// Starts the server and greets it.
    pub(super) async fn start(server: &McpServer) -> Result<Self, McpError> {
        match &server.transport {
            Transport::Program(command) => Self::start_program(server, command).await,
            Transport::Http { url, headers, rules } => Self::start_http(server, url, headers, rules).await,
        }
    }

    async fn start_program(server: &McpServer, command: &CommandLine) -> Result<Self, McpError> {
        let (process, stdout, stdin) = ServerProcess::start(command)
            .map_err(|error| not_started(server, command.why_not_started(&error)))?;
        let response_limit = server.response_limit;
        let stdout = BoundedLines::new(stdout, response_limit);
        let program = Program { process, too_long: stdout.exceeded(), response_limit };
        let transport = AsyncRwTransport::new(stdout, stdin).with_max_line_length(usize::MAX);
        match timeout(server.start_timeout, greeting().serve(transport)).await {
            Ok(Ok(service)) => Ok(Self::new(service, Some(program), response_limit)),
            Ok(Err(error)) => Err(not_started(server, program.why(&brief(&error)).await)),
            Err(_) => Err(server.start_timed_out(program.process.said())),
        }
    }

    async fn start_http(
        server: &McpServer,
        url: &Url,
        headers: &HeaderMap,
        rules: &Arc<HttpRules>,
    ) -> Result<Self, McpError> {
        let client = build_client(rules).map_err(|error| not_started(server, error.to_string()))?;
        let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str());
        let response_limit = rules.response_limit();
        config = config.max_json_response_size(response_limit).max_sse_event_size(response_limit);
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.clone()));
        config = config.custom_headers(headers.collect());
        // A broken stream is reported by the call that finds it so.
        config.retry_config = Arc::new(NeverRetry::default());
        let transport = StreamableHttpClientTransport::with_client(client, config);
        match timeout(server.start_timeout, greeting().serve(transport)).await {
            Ok(Ok(service)) => Ok(Self::new(service, None, response_limit)),
            Ok(Err(error)) => Err(not_started(server, brief(&error))),
            Err(_) => Err(server.start_timed_out(String::new())),
        }
    }

    fn new(
        service: RunningService<RoleClient, ClientConfig>,
        program: Option<Program>,
        response_limit: usize,
    ) -> Self {
        Self { service, program, response_limit, end: OnceCell::new() }
    }

    /// What requests go through.
    pub(super) fn peer(&self) -> &Peer<RoleClient> {
        self.service.peer()
    }

    /// Whether it cannot be spoken to any more.
    pub(super) fn is_over(&self) -> bool {
        let has_ended = |program: &Program| program.process.has_ended();
        self.end.initialized()
            || self.peer().is_transport_closed()
            || self.program.as_ref().is_some_and(has_ended)
    }

    /// Why it is over, as a request found it; whatever is left of a program is killed.
    pub(super) async fn why_over(&self, error: &ServiceError) -> String {
        let why = || async {
            match (&self.program, error) {
                (Some(program), error) => program.why(&cause(error)).await,
                // The SDK does not say why.
                (None, ServiceError::TransportClosed) => {
                    let limit = self.response_limit;
                    format!("its answer broke off, or is longer than `response_limit_bytes`, {limit}")
                }
                (None, error) => cause(error),
            }
        };
        self.end.get_or_init(why).await.clone()
    }

    /// Ends a program, of which a call took too long; a server at a URL is left alone.
    pub(super) async fn end_program(&self, why: &str) {
        if let Some(program) = &self.program {
            // Before anybody is told: calls under way find it gone at once.
            self.end.get_or_init(|| async { why.to_owned() }).await;
            program.process.end();
        }
    }

    /// What a program said last on standard error, behind a colon.
    pub(super) fn said(&self) -> String {
        self.program.as_ref().map_or_else(String::new, |program| program.process.said())
    }
}

impl Program {
    /// Why it cannot be spoken to: that its answer is too long, how it ended, or else `error`. It is over then.
    async fn why(&self, error: &str) -> String {
        if self.too_long.load(Ordering::Acquire) {
            self.process.end();
            let limit = self.response_limit;
            return format!(
                "its answer is longer than {limit} bytes; ask for less, or raise `response_limit_bytes`"
            );
        }
        let status = self.process.status().await;
        let said = self.process.said();
        status.map_or_else(|| format!("{error}{said}"), |status| format!("{status}{said}"))
    }
}

fn not_started(server: &McpServer, reason: String) -> McpError {
    McpError::NotStarted { server: server.name.clone(), reason }
}

/// Who we are; we offer a server nothing.
fn greeting() -> ClientConfig {
    let us = Implementation::new("toolformer", env!("CARGO_PKG_VERSION"));
    ClientConfig::new(ClientCapabilities::default(), us)
}

/// Why a request failed; that a transport is the reason is nothing to tell.
pub(super) fn cause(error: &ServiceError) -> String {
    match error {
        ServiceError::TransportSend(error) => said(&transport(&*error.error)),
        error => said(&reason(error)),
    }
}

/// Whether a request failed because of what a server at a URL answered, which then is there.
pub(super) fn is_answer(error: &ServiceError) -> bool {
    let ServiceError::TransportSend(error) = error else { return false };
    matches!(
        error.error.downcast_ref::<StreamableHttpError<reqwest::Error>>(),
        Some(
            StreamableHttpError::HttpStatus(_)
                | StreamableHttpError::UnexpectedServerResponse(_)
                | StreamableHttpError::ResponseBodyTooLarge { .. }
                | StreamableHttpError::UnexpectedContentType(_)
                | StreamableHttpError::Deserialize(_)
                | StreamableHttpError::AuthRequired(_)
                | StreamableHttpError::InsufficientScope(_)
        )
    )
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
    match error {
        ClientInitializeError::TransportError { error, .. } => said(&transport(&*error.error)),
        error => said(&reason(error)),
    }
}
