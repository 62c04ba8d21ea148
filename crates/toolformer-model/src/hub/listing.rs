//! What a hub says about a repository and its files.

use serde::Deserialize;

use super::{
    cache::is_commit,
    client::{About, Answer, Client},
    digest::Digest,
    error::HubError,
    id::is_safe_path,
    repository::Repository,
    words::shown,
};

/// The longest listing that is read, bytes: some hundred thousand files.
const MAX_LISTING: u64 = 32 << 20;

/// A revision of a repository.
#[derive(Debug)]
pub(super) struct Listing {
    /// The commit that the revision is.
    pub(super) commit: String,
    files: Vec<RemoteFile>,
}

/// A file as the hub describes it.
#[derive(Clone, Debug)]
pub(super) struct RemoteFile {
    pub(super) name: String,
    pub(super) size: Option<u64>,
    pub(super) digest: Option<Digest>,
}

#[derive(Deserialize)]
struct Info {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    #[serde(rename = "blobId")]
    blob_id: Option<String>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: Option<String>,
    size: Option<u64>,
}

impl Listing {
    /// The names of all files that are safe as paths.
    pub(super) fn names(&self) -> Vec<&str> {
        self.files.iter().map(|file| file.name.as_str()).collect()
    }

    pub(super) fn file(&self, repo: &Repository, name: &str) -> Result<&RemoteFile, HubError> {
        self.files.iter().find(|file| file.name == name).ok_or_else(|| HubError::NoFile {
            repo: repo.id.clone(),
            wanted: name.to_owned(),
            files: self.files.iter().map(|file| file.name.clone()).collect(),
        })
    }
}

/// Asks for the files of a repository's revision, with lengths and checksums.
pub(super) fn ask(client: &Client, repo: &Repository) -> Result<Listing, HubError> {
    let named = repo.named();
    // The revision may hold slashes, which are then escaped: so it stays one part.
    let path = named.api_url();
    let head = path.strip_suffix(&named.url_revision()).unwrap_or(&path).trim_end_matches('/');
    let mut url = client.url(std::iter::once("api").chain(head.split('/')).chain([repo.revision.as_str()]));
    url.set_query(Some("blobs=true"));
    let about = About { repo, file: None };
    let body = client.get(&url, None, about)?.read_up_to(MAX_LISTING, &client.host())?;
    read(&body)
}

fn read(body: &[u8]) -> Result<Listing, HubError> {
    let info: Info = serde_json::from_slice(body).map_err(|error| HubError::Answer {
        what: format!("the list of files is not the JSON that was expected ({})", shown(&error.to_string())),
    })?;
    if !is_commit(&info.sha) {
        return Err(HubError::Answer { what: format!("`{}` is no commit", shown(&info.sha)) });
    }
    // Nothing outside its folder is ever asked for.
    let files = info.siblings.into_iter().filter(|file| is_safe_path(&file.rfilename));
    let files = files.map(|file| {
        let (large, large_size) = file.lfs.map_or((None, None), |lfs| (lfs.sha256, lfs.size));
        // Of a large file, `blobId` names the note that stands for it.
        let etag = large.or(file.blob_id.filter(|_| large_size.is_none()));
        RemoteFile {
            name: file.rfilename,
            size: large_size.or(file.size),
            digest: etag.as_deref().and_then(Digest::read),
        }
    });
    Ok(Listing { commit: info.sha, files: files.collect() })
}

/// Asks for what a listing does not say of a file, by its first byte.
pub(super) fn describe(
    client: &Client,
    repo: &Repository,
    commit: &str,
    name: &str,
) -> Result<RemoteFile, HubError> {
    let about = About { repo, file: Some(name) };
    let answer = client.get(&client.file_url(repo, commit, name), Some("bytes=0-0"), about)?;
    let digest = answer.header("x-linked-etag").or(answer.header("etag")).and_then(Digest::read);
    let digest =
        digest.ok_or_else(|| HubError::Answer { what: format!("it gives no usable ETag for `{name}`") })?;
    Ok(RemoteFile { name: name.to_owned(), size: size(&answer), digest: Some(digest) })
}

/// The length of the whole file that a part was asked of.
fn size(answer: &Answer) -> Option<u64> {
    if let Some(size) = answer.header("x-linked-size").and_then(|size| size.trim().parse().ok()) {
        return Some(size);
    }
    match answer.status {
        200 => answer.last_header("content-length")?.trim().parse().ok(),
        // `bytes 0-0/1234`, and `bytes */0` where there is no first byte.
        _ => answer.last_header("content-range")?.rsplit_once('/')?.1.trim().parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789012345678901234567890123456789";

    #[test]
    fn files_have_lengths_and_checksums() {
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let body = format!(
            r#"{{"sha": "{COMMIT}", "gated": false, "siblings": [
                {{"rfilename": "config.json", "size": 3, "blobId": "{COMMIT}"}},
                {{"rfilename": "m.gguf", "size": 9, "blobId": "{COMMIT}",
                  "lfs": {{"sha256": "{sha256}", "size": 9, "pointerSize": 130}}}},
                {{"rfilename": "plain"}}]}}"#
        );
        let listing = read(body.as_bytes()).unwrap();
        assert_eq!(listing.commit, COMMIT);
        let expected = [
            ("config.json", Some(3), Some(Digest::Git(COMMIT.to_owned()))),
            ("m.gguf", Some(9), Some(Digest::Sha256(sha256.to_owned()))),
            ("plain", None, None),
        ];
        let found: Vec<_> =
            listing.files.iter().map(|f| (f.name.as_str(), f.size, f.digest.clone())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn names_that_lead_elsewhere_are_left_out() {
        let names = ["../../x", "/etc/passwd", "a/../../b", "C:\\x", "a//b", "ok.json"];
        let siblings = names.map(|name| serde_json::json!({"rfilename": name}));
        let body = serde_json::json!({"sha": COMMIT, "siblings": siblings}).to_string();
        assert_eq!(read(body.as_bytes()).unwrap().names(), ["ok.json"]);
    }

    #[track_caller]
    fn check_error(body: &str, part: &str) {
        let error = read(body.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn other_answers_are_errors() {
        check_error("<html>", "not the JSON");
        check_error("{}", "not the JSON");
        check_error(r#"{"sha": "../../x", "siblings": []}"#, "`../../x` is no commit");
        check_error(&"[".repeat(100_000), "not the JSON");
    }
}
