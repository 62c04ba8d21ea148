//! The connection to a server: made when needed, made again when it is gone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use rmcp::{
    ServiceError,
    model::{CallToolRequestParams, CallToolResult, ErrorCode, Tool},
};
use tokio::{
    sync::{Mutex, RwLock},
    time::{Instant, timeout},
};
use toolformer_text::ToolError;

use super::{
    McpError, McpServer,
    listing::list,
    server::Transport,
    session::{Session, cause, is_answer},
};
use crate::one_line::said;

/// So often in a row a program is started again without answering a call.
const MAX_RESTARTS: u32 = 3;

/// A server, running or not.
pub(super) struct Connection {
    pub(super) server: McpServer,
    state: Mutex<State>,
    /// How often the program was started again since it answered a call.
    restarts: AtomicU32,
    /// Calls hold it together. One that is made again holds it alone: whatever ends the server then was that call.
    turns: RwLock<()>,
}

#[derive(Default)]
struct State {
    session: Option<Arc<Session>>,
    has_started: bool,
    /// Why the last session is over.
    last_end: String,
}

/// What came of a request.
enum Outcome {
    /// The server answered, or was not asked.
    Settled(Result<CallToolResult, ToolError>),
    /// The server is gone, and whether it did what it was asked is not known.
    Lost(ToolError),
}

impl Connection {
    pub(super) fn new(server: McpServer) -> Self {
        Self { server, state: Mutex::default(), restarts: AtomicU32::new(0), turns: RwLock::new(()) }
    }

    /// The server's tools, all pages of the list; the limit is one for the start and the list.
    pub(super) async fn list(&self) -> Result<Vec<Tool>, McpError> {
        let begun = Instant::now();
        let session = self.session().await?;
        let left = self.server.start_timeout.saturating_sub(begun.elapsed());
        match timeout(left, list(session.peer(), &self.server)).await {
            Ok(Ok(tools)) => Ok(tools),
            Ok(Err(error)) => Err(error.explained(&self.server, &session).await),
            Err(_) => Err(self.server.start_timed_out(session.said())),
        }
    }

    /// The longest that a call may take: what it has itself, and a start, each twice, since it may be made again or have
    /// to wait for one that is.
    pub(super) fn call_limit(&self) -> Duration {
        self.server.timeout.saturating_add(self.server.start_timeout).saturating_mul(2)
    }

    /// Calls a tool. If the server is lost meanwhile, whoever's fault it is, a call that is `repeatable` is made once
    /// more, alone.
    pub(super) async fn call(
        &self,
        request: CallToolRequestParams,
        repeatable: bool,
    ) -> Result<CallToolResult, ToolError> {
        let limit = self.call_limit();
        let outcome = timeout(limit, self.call_in_turn(request, repeatable)).await;
        outcome.unwrap_or(Err(ToolError::TimedOut { limit }))
    }

    async fn call_in_turn(
        &self,
        request: CallToolRequestParams,
        repeatable: bool,
    ) -> Result<CallToolResult, ToolError> {
        let together = self.turns.read().await;
        let first = self.attempt(request.clone()).await;
        drop(together);
        let outcome = match first {
            Outcome::Lost(_) if repeatable => {
                let _alone = self.turns.write().await;
                self.attempt(request).await
            }
            outcome => outcome,
        };
        match outcome {
            Outcome::Settled(answer) => answer,
            Outcome::Lost(error) => Err(error),
        }
    }

    /// Sends a request; it is cancelled when its time is up. A program is then ended: it may be stuck, and would keep
    /// every call after this one.
    async fn attempt(&self, request: CallToolRequestParams) -> Outcome {
        let session = match self.session().await {
            Ok(session) => session,
            Err(error) => return Outcome::Settled(Err(error.into())),
        };
        let limit = self.server.timeout;
        let Ok(outcome) = timeout(limit, session.peer().call_tool(request)).await else {
            let why = format!("it was ended, since a call took longer than {} s", limit.as_secs_f64());
            session.end_program(&why).await;
            return Outcome::Settled(Err(ToolError::TimedOut { limit }));
        };
        let error = match outcome {
            Ok(result) => return self.answered(Ok(result)),
            Err(error) => error,
        };
        match &error {
            ServiceError::McpError(said_by_server) if said_by_server.code == ErrorCode::INVALID_PARAMS => {
                self.answered(Err(ToolError::bad_arguments(said(&said_by_server.message))))
            }
            ServiceError::McpError(said_by_server) => {
                self.answered(Err(ToolError::failed(said(&said_by_server.message))))
            }
            ServiceError::UnexpectedResponse => {
                let reason =
                    "the server asks for more before it answers, which is not supported; use another tool";
                self.answered(Err(ToolError::failed(reason)))
            }
            error if is_answer(error) => {
                let (server, answer) = (&self.server.name, cause(error));
                self.answered(Err(ToolError::failed(format!("the MCP server `{server}` refuses: {answer}"))))
            }
            error => {
                let (server, why) = (&self.server.name, session.why_over(error).await);
                Outcome::Lost(ToolError::failed(format!(
                    "the MCP server `{server}` is gone ({why}), and may or may not have done what it was asked; the \
                     next call starts it again"
                )))
            }
        }
    }

    fn answered(&self, answer: Result<CallToolResult, ToolError>) -> Outcome {
        self.restarts.store(0, Ordering::Relaxed);
        Outcome::Settled(answer)
    }

    /// The session; a new one if there is none that can be spoken to.
    async fn session(&self) -> Result<Arc<Session>, McpError> {
        let mut state = self.state.lock().await;
        if let Some(session) = state.session.as_ref().filter(|session| !session.is_over()) {
            return Ok(Arc::clone(session));
        }
        if let Some(session) = state.session.take() {
            state.last_end = session.why_over(&ServiceError::TransportClosed).await;
        }
        let is_program = matches!(self.server.transport, Transport::Program(_));
        if is_program && state.has_started {
            if self.restarts.load(Ordering::Relaxed) >= MAX_RESTARTS {
                let (server, last) = (self.server.name.clone(), state.last_end.clone());
                return Err(McpError::GivenUp { server, restarts: MAX_RESTARTS, last });
            }
            self.restarts.fetch_add(1, Ordering::Relaxed);
        }
        state.has_started = true;
        match Session::start(&self.server).await {
            Ok(session) => {
                let session = Arc::new(session);
                state.session = Some(Arc::clone(&session));
                Ok(session)
            }
            Err(error) => {
                state.last_end = error.to_string();
                Err(error)
            }
        }
    }
}
