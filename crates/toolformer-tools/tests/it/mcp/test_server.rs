//! An MCP server to be asked, made with the SDK's own server side.

use std::{
    collections::BTreeMap,
    env, fs,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{self, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use rmcp::{
    ErrorData, RoleServer, ServerHandler, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult,
        PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
    },
    service::RequestContext,
    transport::{StreamableHttpService, stdio, streamable_http_server::session::local::LocalSessionManager},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The variable that tells this binary to be a server, and which.
const KIND: &str = "TOOLFORMER_TEST_MCP_SERVER";
/// The variable with the folder in which a server notes what happens to it.
const NOTES: &str = "TOOLFORMER_TEST_MCP_NOTES";

/// The command and environment that run this binary as a server of that kind: `mute`, `broken`, `first` and `second`,
/// which wait for each other, or a kind of [`tools`].
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
    let notes = PathBuf::from(env::var(NOTES).unwrap());
    let server = TestServer { kind, notes, calls: Arc::default() };
    match server.kind.as_str() {
        "mute" => {
            server.note("pid", process::id());
            eprintln!("thinking");
            std::thread::sleep(Duration::from_secs(1000));
        }
        "broken" => {
            eprintln!("no licence found");
            process::exit(7);
        }
        this @ ("first" | "second") => {
            let other = if this == "first" { "second" } else { "first" };
            server.note(this, "");
            while !server.has_noted(other) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        _ => {}
    }
    Runtime::new().unwrap().block_on(async {
        server.serve(stdio()).await.unwrap().waiting().await.unwrap();
    });
}

/// A server on loopback; dropping it ends it, with all its connections.
pub(crate) struct HttpServer {
    pub(crate) address: SocketAddr,
    pub(crate) notes: TempDir,
    runtime: Option<Runtime>,
}

impl HttpServer {
    /// At that address; the port 0 is any.
    pub(crate) fn start(address: &str) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (runtime, notes) = (Runtime::new().unwrap(), TempDir::new().unwrap());
        let (kind, folder) = ("plain".to_owned(), notes.path().to_owned());
        let server = TestServer { kind, notes: folder, calls: Arc::default() };
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let server = move || Ok(server.clone());
            let sessions = Arc::new(LocalSessionManager::default());
            let service =
                TowerToHyperService::new(StreamableHttpService::new(server, sessions, Default::default()));
            while let Ok((stream, _)) = listener.accept().await {
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service.clone()));
            }
        });
        Self { address, notes, runtime: Some(runtime) }
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
    kind: String,
    notes: PathBuf,
    calls: Arc<AtomicU32>,
}

impl TestServer {
    fn note(&self, name: &str, text: impl ToString) {
        fs::write(self.notes.join(name), text.to_string()).unwrap();
    }

    fn has_noted(&self, name: &str) -> bool {
        self.notes.join(name).exists()
    }
}

/// A tool with these properties, all of them required.
fn tool(name: impl Into<String>, properties: Value) -> Tool {
    let required: Vec<String> = properties.as_object().unwrap().keys().cloned().collect();
    let schema = json!({"type": "object", "properties": properties, "required": required});
    // The blanks and the escape sequence are not to be seen.
    let name = name.into();
    let description = format!(" does\n\u{1b}[31m\u{7}{name}");
    Tool::new(name, description, Arc::new(schema.as_object().unwrap().clone()))
}

/// The tools of a kind of server.
fn tools(kind: &str) -> Vec<Tool> {
    let none = || json!({});
    let idempotent = |tool: Tool| tool.with_annotations(ToolAnnotations::new().idempotent(true));
    match kind {
        // Those that take a server down, and those that are with it then.
        "fragile" => vec![
            tool("count", none()),
            tool("die", none()),
            idempotent(tool("die_again", none())),
            tool("freeze", none()),
            tool("read", none()).with_annotations(ToolAnnotations::new().read_only(true)),
            idempotent(tool("slow", json!({"n": {"type": "integer"}}))),
            tool("write", none()).with_annotations(ToolAnnotations::new().idempotent(false)),
        ],
        "many" => (0..1500).map(|number| tool(format!("t{number}"), none())).collect(),
        "twins" => vec![tool("count", none()), tool("where", none()), tool("count", json!({"x": {}}))],
        "bloated" => {
            let names = (0..10_000).map(|number| (format!("n{number}"), json!({"type": "integer"})));
            vec![tool("count", none()), tool("bloat", names.collect())]
        }
        "evil" => {
            let text = json!({"type": "string", "description": "a\n\u{1b}[2Jb\u{202e}"});
            let echo = tool("\u{1b}]0;title\u{7}echo\n", json!({"the-\u{1b}[31mtext": text}));
            vec![echo, tool("fail", none()), tool("gone", none())]
        }
        _ => plain_tools(kind == "clash"),
    }
}

/// With `clash` there are two whose names differ only in what cannot be in a name.
fn plain_tools(clash: bool) -> Vec<Tool> {
    let mut die = tool("die", json!({}));
    die.description = Some("z".repeat(1000).into());
    let mut sum_up = tool("sum-up", json!({"numbers": {"type": "array", "items": {"type": "number"}}}));
    let mut schema = (*sum_up.input_schema).clone();
    schema["properties"] =
        json!({"label": {"type": ["string", "null"]}, "numbers": schema["properties"]["numbers"]});
    sum_up.input_schema = Arc::new(schema);
    let mut tools = vec![
        tool("add", json!({"b": {"type": "integer"}, "a": {"type": "integer"}})),
        tool("count", json!({})),
        die,
        tool("fail", json!({"why": {"type": "string"}})),
        tool("hang", json!({})),
        tool("image", json!({})),
        tool("long", json!({"bytes": {"type": "integer"}})),
        tool("process/id", json!({})),
        sum_up,
        tool("where", json!({})),
    ];
    if clash {
        tools.push(tool("process-id", json!({})));
    }
    tools
}

impl ServerHandler for TestServer {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    /// Two tools a page, of many 500.
    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let start: usize = request.and_then(|request| request.cursor?.parse().ok()).unwrap_or(0);
        if self.kind == "refusing" {
            return Err(ErrorData::internal_error("no\n\u{1b}[31mtools", None));
        }
        let all = if self.kind == "endless" { Vec::new() } else { tools(&self.kind) };
        let size = if all.len() > 100 { 500 } else { 2 };
        let mut page = ListToolsResult::with_all_items(all.iter().skip(start).take(size).cloned().collect());
        let goes_on = start + size < all.len() || self.kind == "endless";
        page.next_cursor = goes_on.then(|| (start + size).to_string());
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
            "die" | "die_again" => {
                // Others are at it.
                tokio::time::sleep(Duration::from_millis(20)).await;
                eprintln!("it is enough");
                process::exit(3);
            }
            "fail" if self.kind == "evil" => {
                CallToolResult::error(vec![ContentBlock::text(format!("\u{1b}[31mno:\n{arguments}\u{7}"))])
            }
            "fail" => CallToolResult::error(vec![ContentBlock::text(arguments["why"].to_string())]),
            "hang" => {
                context.ct.cancelled().await;
                self.note("cancelled", "");
                text("too late".to_owned())
            }
            "freeze" => {
                let mut child = Command::new("sleep").arg("1000").stdout(Stdio::null()).spawn().unwrap();
                self.note("child", child.id());
                Command::new("kill").args(["-STOP", &process::id().to_string()]).status().unwrap();
                // The stop reaches the last of the threads a moment later: without this one it may answer first.
                thread::sleep(Duration::from_millis(100));
                child.kill().and_then(|()| child.wait()).unwrap();
                text("thawed".to_owned())
            }
            // The first time nobody answers.
            name @ ("read" | "write") => {
                if !self.has_noted(name) {
                    self.note(name, "");
                    std::future::pending::<()>().await;
                }
                text("done".to_owned())
            }
            "slow" => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                text(arguments["n"].to_string())
            }
            name if name.ends_with("echo\n") => text(arguments.to_string()),
            "image" => CallToolResult::success(vec![ContentBlock::image("", "image/png")]),
            "long" => text("x".repeat(usize::try_from(arguments["bytes"].as_i64().unwrap()).unwrap())),
            "process/id" => text(process::id().to_string()),
            "sum-up" => CallToolResult::success(vec![
                ContentBlock::text(arguments.to_string()),
                ContentBlock::text("second"),
            ]),
            "where" => CallToolResult::structured(json!({"x": 1})),
            _ => return Err(ErrorData::invalid_params("no\n\u{1b}[31msuch tool", None)),
        };
        Ok(result.into())
    }
}
