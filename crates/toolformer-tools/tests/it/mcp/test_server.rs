//! An MCP server to be asked, made with the SDK's own server side.

use std::{
    collections::BTreeMap,
    env, fs,
    net::{SocketAddr, TcpListener},
    process,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use rmcp::{
    ErrorData, RoleServer, ServerHandler, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult,
        PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
    },
    service::RequestContext,
    transport::{StreamableHttpService, stdio, streamable_http_server::session::local::LocalSessionManager},
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// The variable that tells this binary to be a server, and which.
const KIND: &str = "TOOLFORMER_TEST_MCP_SERVER";
/// The variable with the file in which a server notes what happens to it.
const NOTES: &str = "TOOLFORMER_TEST_MCP_NOTES";

/// The command and environment that run this binary as a server of that kind: `plain`, `clash`, `mute` or `broken`.
pub(crate) fn program(kind: &str, notes: &str) -> (Vec<String>, BTreeMap<String, String>) {
    let binary = env::current_exe().unwrap().to_str().unwrap().to_owned();
    // What the test harness prints is no JSON, which a client ignores, as long as it stands on lines of its own: that
    // is so with more than one thread.
    let test = "mcp::test_server::serve_on_standard_streams";
    let arguments = ["--ignored", "--exact", test, "--nocapture", "--test-threads=2"];
    let argv = std::iter::once(binary).chain(arguments.map(str::to_owned)).collect();
    let environment = [(KIND, kind), (NOTES, notes)].map(|(name, value)| (name.to_owned(), value.to_owned()));
    (argv, environment.into())
}

#[test]
#[ignore = "it is the server of other tests, which run it as a program"]
fn serve_on_standard_streams() {
    let Ok(kind) = env::var(KIND) else { return };
    match kind.as_str() {
        "mute" => {
            note(&process::id().to_string());
            eprintln!("thinking");
            std::thread::sleep(Duration::from_secs(1000));
        }
        "broken" => {
            eprintln!("no licence found");
            process::exit(7);
        }
        _ => Runtime::new().unwrap().block_on(async {
            let server = TestServer { clash: kind == "clash", calls: Arc::default() };
            server.serve(stdio()).await.unwrap().waiting().await.unwrap();
        }),
    }
}

fn note(text: &str) {
    fs::write(env::var(NOTES).unwrap(), text).unwrap();
}

/// A server on loopback; dropping it ends it, with all its connections.
pub(crate) struct HttpServer {
    pub(crate) address: SocketAddr,
    runtime: Option<Runtime>,
}

impl HttpServer {
    /// At that address; the port 0 is any.
    pub(crate) fn start(address: &str) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let runtime = Runtime::new().unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let calls = Arc::default();
            let server = move || Ok(TestServer { clash: false, calls: Arc::clone(&calls) });
            let sessions = Arc::new(LocalSessionManager::default());
            let service =
                TowerToHyperService::new(StreamableHttpService::new(server, sessions, Default::default()));
            while let Ok((stream, _)) = listener.accept().await {
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service.clone()));
            }
        });
        Self { address, runtime: Some(runtime) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_timeout(Duration::from_secs(5));
    }
}

#[derive(Clone)]
struct TestServer {
    /// Whether there are two tools whose names differ only in what cannot be in a name.
    clash: bool,
    calls: Arc<AtomicU32>,
}

fn tools(clash: bool) -> Vec<Tool> {
    let tool = |name: &'static str, properties: Value, required: &[&str]| {
        let schema = json!({"type": "object", "properties": properties, "required": required});
        // The blanks and the escape sequence are not to be seen, nor is all of a long description.
        let long = if name == "die" { "z".repeat(1000) } else { String::new() };
        Tool::new(
            name,
            format!(" does\n\u{1b}[31m\u{7}{name}{long}"),
            Arc::new(schema.as_object().unwrap().clone()),
        )
    };
    let mut tools = vec![
        tool("add", json!({"b": {"type": "integer"}, "a": {"type": "integer"}}), &["a", "b"]),
        tool("count", json!({}), &[]),
        tool("die", json!({}), &[]),
        tool("fail", json!({"why": {"type": "string"}}), &["why"]),
        tool("hang", json!({}), &[]),
        tool("image", json!({}), &[]),
        tool("long", json!({"bytes": {"type": "integer"}}), &["bytes"]),
        tool("process/id", json!({}), &[]),
        tool(
            "sum-up",
            json!({
                "label": {"type": ["string", "null"]},
                "numbers": {"type": "array", "items": {"type": "number"}},
            }),
            &["numbers"],
        ),
        tool("where", json!({}), &[]),
    ];
    if clash {
        tools.push(tool("process-id", json!({}), &[]));
    }
    tools
}

impl ServerHandler for TestServer {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    /// Two tools a page.
    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let start: usize = request.and_then(|request| request.cursor?.parse().ok()).unwrap_or(0);
        let all = tools(self.clash);
        let mut page = ListToolsResult::with_all_items(all.iter().skip(start).take(2).cloned().collect());
        page.next_cursor = (start + 2 < all.len()).then(|| (start + 2).to_string());
        Ok(page)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let text = |text: String| CallToolResult::success(vec![ContentBlock::text(text)]);
        let result = match &*request.name {
            "add" => text((arguments["a"].as_i64().unwrap() + arguments["b"].as_i64().unwrap()).to_string()),
            "count" => text(calls.to_string()),
            "die" => {
                eprintln!("it is enough");
                process::exit(3);
            }
            "fail" => CallToolResult::error(vec![ContentBlock::text(arguments["why"].to_string())]),
            "hang" => {
                context.ct.cancelled().await;
                note("cancelled");
                text("too late".to_owned())
            }
            "image" => CallToolResult::success(vec![ContentBlock::image("", "image/png")]),
            "long" => text("x".repeat(usize::try_from(arguments["bytes"].as_i64().unwrap()).unwrap())),
            "process/id" => text(process::id().to_string()),
            "sum-up" => CallToolResult::success(vec![
                ContentBlock::text(arguments.to_string()),
                ContentBlock::text("second"),
            ]),
            "where" => CallToolResult::structured(json!({"x": 1})),
            _ => return Err(ErrorData::invalid_params("no such tool", None)),
        };
        Ok(result.into())
    }
}
