//! A hub on loopback with one repository, `org/name`, as the real one answers: as a model and as a data set; large files
//! lie behind a redirect.

use std::{collections::BTreeMap, fs, io::Write, net::TcpStream, path::Path, sync::Arc};

use serde_json::json;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::loopback::{Loopback, answer, path};

/// The commit that `main` is.
pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Names and contents.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) struct FakeHub(Loopback);

impl FakeHub {
    pub(crate) fn new(files: Files) -> Self {
        Self::with(files, |_, _| false)
    }

    /// `own` may answer a request in its own way, and then says so.
    pub(crate) fn with(
        files: Files,
        own: impl Fn(&str, &mut TcpStream) -> bool + Send + Sync + 'static,
    ) -> Self {
        let files = Arc::new(files);
        Self(Loopback::start_reading(move |request, stream| {
            if !own(request, stream) {
                // A client may have heard enough.
                let _ = serve(&files, request, stream);
            }
        }))
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.0.host())
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.0.requests()
    }

    /// How often something with this in its path was asked for.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.requests().iter().filter(|request| path(request).contains(part)).count()
    }

    /// The starts of the ranges that were asked of a file's content, in order.
    pub(crate) fn ranges(&self, file: &str) -> Vec<Option<u64>> {
        let requests = self.requests();
        let content = requests.iter().filter(|request| path(request) == format!("/storage/{file}"));
        content.map(|request| range(request).map(|(start, _)| start)).collect()
    }
}

/// The files of a fixture's folder that make a model.
pub(crate) fn folder_files(folder: impl AsRef<Path>) -> Files {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file =
        |path: &Path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap());
    entries.filter(|path| path.is_file()).map(|path| file(&path)).collect()
}

/// The answer to `/api/models/org/name/revision/..`, and of `datasets`.
pub(crate) fn listing(files: &Files) -> String {
    let siblings: Vec<_> = files
        .iter()
        .map(|(name, content)| {
            let size = content.len();
            let mut file = json!({"rfilename": name, "size": size, "blobId": git_sum(content)});
            if is_large(name) {
                file["lfs"] = json!({"sha256": sha256(content), "size": size, "pointerSize": 134});
            }
            file
        })
        .collect();
    json!({"_id": "1", "id": "org/name", "sha": COMMIT, "private": false, "siblings": siblings}).to_string()
}

/// A header's value, if the request has it.
pub(crate) fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// First byte, and last byte if there is one.
pub(crate) fn range(request: &str) -> Option<(u64, Option<u64>)> {
    let (start, end) = header(request, "range")?.strip_prefix("bytes=")?.split_once('-')?;
    Some((start.parse().ok()?, end.parse().ok()))
}

pub(crate) fn is_large(name: &str) -> bool {
    [".safetensors", ".bin", ".gguf", ".parquet"].iter().any(|end| name.ends_with(end))
}

pub(crate) fn sha256(content: &[u8]) -> String {
    format!("{:x}", Sha256::digest(content))
}

fn git_sum(content: &[u8]) -> String {
    let mut sum = Sha1::new_with_prefix(format!("blob {}\0", content.len()));
    sum.update(content);
    format!("{:x}", sum.finalize())
}

fn serve(files: &Files, request: &str, stream: &mut TcpStream) -> std::io::Result<()> {
    let path = path(request);
    let not_found = |code: &str| answer("404 Not Found", &format!("X-Error-Code: {code}\r\n"), "");
    let behind = |heads: [String; 2]| heads.iter().find_map(|head| path.strip_prefix(head.as_str()));
    if let Some(revision) =
        behind(["models", "datasets"].map(|kind| format!("/api/{kind}/org/name/revision/")))
    {
        let known =
            ["main?blobs=true", "v1%2Fx?blobs=true", &format!("{COMMIT}?blobs=true")].contains(&revision);
        let whole = if known { answer("200 OK", "", &listing(files)) } else { not_found("RevisionNotFound") };
        return stream.write_all(whole.as_bytes());
    }
    if let Some(name) = behind(["", "/datasets"].map(|kind| format!("{kind}/org/name/resolve/{COMMIT}/"))) {
        return match files.get(name) {
            None => stream.write_all(not_found("EntryNotFound").as_bytes()),
            Some(content) if is_large(name) => {
                let (size, etag) = (content.len(), sha256(content));
                let headers = format!(
                    "Location: /storage/{name}\r\nX-Repo-Commit: {COMMIT}\r\nX-Linked-Size: {size}\r\n\
                     X-Linked-Etag: \"{etag}\"\r\n"
                );
                stream.write_all(answer("302 Found", &headers, "").as_bytes())
            }
            Some(content) => {
                let headers = format!("ETag: \"{}\"\r\nX-Repo-Commit: {COMMIT}\r\n", git_sum(content));
                send(content, request, &headers, stream)
            }
        };
    }
    match path.strip_prefix("/storage/").and_then(|name| files.get(name)) {
        Some(content) => send(content, request, "ETag: \"of-the-storage\"\r\n", stream),
        None => stream.write_all(not_found("RepoNotFound").as_bytes()),
    }
}

/// Sends what the request's range asks of a file.
pub(crate) fn send(
    content: &[u8],
    request: &str,
    headers: &str,
    stream: &mut TcpStream,
) -> std::io::Result<()> {
    let size = content.len();
    let (status, headers, part) = match range(request) {
        None => ("200 OK", headers.to_owned(), content),
        Some((start, _)) if start as usize >= size => (
            "416 Range Not Satisfiable",
            format!("{headers}Content-Range: bytes */{size}\r\n"),
            &content[..0],
        ),
        Some((start, end)) => {
            let (start, end) = (start as usize, end.map_or(size, |end| size.min(end as usize + 1)));
            let range = format!("{headers}Content-Range: bytes {start}-{}/{size}\r\n", end - 1);
            ("206 Partial Content", range, &content[start..end])
        }
    };
    let length = part.len();
    write!(stream, "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n")?;
    stream.write_all(part)
}
