//! Pulling from a hub that is as it should be, from one that fails, and from one that means harm.

use std::{
    fs,
    io::Write,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::json;
use tempfile::TempDir;
use toolformer_model::{Hub, HubError, HubModel, HubSettings, ModelSummary, PullEvent};

use crate::{
    fake_hub::{COMMIT, FakeHub, Files, folder_files, header, listing, range, send, sha256},
    loopback::{Loopback, answer, path},
    reference::fixture,
};

const WEIGHTS: &str = "model.safetensors";

/// A cache for one test.
struct Cache(TempDir);

impl Cache {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn settings(&self, endpoint: &str) -> HubSettings {
        HubSettings {
            endpoint: Some(endpoint.to_owned()),
            retries: 0,
            first_wait: Duration::from_millis(1),
            timeout: Duration::from_secs(10),
            ..HubSettings::new(self.0.path())
        }
    }

    fn hub(&self, endpoint: &str) -> Hub {
        Hub::new(self.settings(endpoint)).unwrap()
    }

    fn repo(&self) -> PathBuf {
        self.0.path().join("models--org--name")
    }

    fn blob(&self, name: &str) -> PathBuf {
        self.repo().join("blobs").join(name)
    }

    /// Every file in the cache that is not a lock.
    fn blobs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.repo().join("blobs")).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn model(name: &str) -> HubModel {
    name.parse().unwrap()
}

fn pull(hub: &Hub, name: &str) -> Result<PathBuf, HubError> {
    hub.pull(&model(name), &mut |_| ())
}

/// A small model, with files that are not part of it.
fn files() -> Files {
    let mut files = folder_files(fixture("calling_llama"));
    files.insert("README.md".to_owned(), b"# A model".to_vec());
    files.insert("pytorch_model.bin".to_owned(), b"pickles".to_vec());
    files
}

#[track_caller]
fn check_same(folder: &Path, files: &Files) {
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json", WEIGHTS] {
        assert_eq!(fs::read(folder.join(name)).unwrap(), files[name], "{name}");
    }
}

#[track_caller]
fn check_failed(result: Result<PathBuf, HubError>, part: &str) {
    let error = result.unwrap_err();
    assert!(error.to_string().contains(part), "{error}");
}

/// A hub whose answers to some paths are these.
fn refusing(part: &'static str, status: &'static str, headers: &'static str) -> FakeHub {
    FakeHub::with(files(), move |request, stream| {
        let hit = path(request).contains(part);
        if hit {
            stream.write_all(answer(status, headers, "").as_bytes()).unwrap();
        }
        hit
    })
}

#[test]
fn what_a_model_is_read_from_lies_where_others_look_for_it() {
    let (cache, server) = (Cache::new(), FakeHub::new(files()));
    let hub = cache.hub(&server.endpoint());
    let folder = pull(&hub, "org/name").unwrap();
    assert_eq!(folder, cache.repo().join("snapshots").join(COMMIT));
    check_same(&folder, &files());
    assert_eq!(fs::read_to_string(cache.repo().join("refs/main")).unwrap(), COMMIT);
    let weights = sha256(&files()[WEIGHTS]);
    assert_eq!(fs::read_link(folder.join(WEIGHTS)).unwrap(), Path::new("../../blobs").join(weights));
    assert_eq!((server.count("README"), server.count("pytorch")), (0, 0));
    assert_eq!(cache.blobs().len(), 4);

    let before = server.requests().len();
    assert_eq!(pull(&hub, "org/name").unwrap(), folder);
    assert_eq!(server.requests().len(), before + 1, "only what `main` is now");
    assert_eq!(pull(&hub, &format!("org/name@{COMMIT}")).unwrap(), folder);
    assert_eq!(server.requests().len(), before + 1, "a commit does not change");
    pull(&hub, "org/name@v1/x").unwrap();
    assert_eq!(fs::read_to_string(cache.repo().join("refs/v1/x")).unwrap(), COMMIT);
}

#[test]
fn progress_counts_what_is_here_over_all_files() {
    let (cache, server) = (Cache::new(), FakeHub::new(files()));
    let mut last = (0, 0);
    let on_event = &mut |event: PullEvent<'_>| {
        if let PullEvent::Progress { done, total, .. } = event {
            assert!(done >= last.0 && done <= total, "{event:?} after {last:?}");
            last = (done, total);
        }
    };
    cache.hub(&server.endpoint()).pull(&model("org/name"), on_event).unwrap();
    let wanted = ["config.json", "tokenizer.json", "tokenizer_config.json", WEIGHTS];
    let bytes: usize = wanted.iter().map(|name| files()[*name].len()).sum();
    assert_eq!(last, (bytes as u64, bytes as u64));
}

#[test]
fn shards_come_by_their_index() {
    let mut files = files();
    let shard = files.remove(WEIGHTS).unwrap();
    files.insert("a-1.safetensors".to_owned(), shard.clone());
    let index =
        json!({"weight_map": {"x": "a-1.safetensors", "y": "a-2.safetensors", "z": "a-1.safetensors"}});
    files.insert("model.safetensors.index.json".to_owned(), index.to_string().into_bytes());
    let cache = Cache::new();
    let server = FakeHub::new(files.clone());
    check_failed(pull(&cache.hub(&server.endpoint()), "org/name"), "no file for `a-2.safetensors`");
    files.insert("a-2.safetensors".to_owned(), b"second".to_vec());
    let server = FakeHub::new(files);
    let folder = pull(&cache.hub(&server.endpoint()), "org/name").unwrap();
    assert_eq!(fs::read(folder.join("a-1.safetensors")).unwrap(), shard);
    assert_eq!(fs::read(folder.join("a-2.safetensors")).unwrap(), b"second");
    let cached = &cache.hub("http://127.0.0.1:1").list().unwrap()[0];
    assert_eq!((cached.kind, cached.whole), ("safetensors", true));
    fs::remove_file(folder.join("a-2.safetensors")).unwrap();
    check_failed(cache.hub("http://127.0.0.1:1").cached(&model("org/name")), "lacks `a-2.safetensors`");
    assert!(!cache.hub("http://127.0.0.1:1").list().unwrap()[0].whole);
}

#[test]
fn one_gguf_file_of_several() {
    let gguf = |name: &str| (name.to_owned(), name.as_bytes().to_vec());
    let files = Files::from([gguf("m-Q4_K_M.gguf"), gguf("m-Q8_0.gguf"), gguf("sub/m-f16.gguf")]);
    let (cache, server) = (Cache::new(), FakeHub::new(files));
    let hub = cache.hub(&server.endpoint());
    check_failed(pull(&hub, "org/name"), "there are: m-Q4_K_M.gguf, m-Q8_0.gguf, sub/m-f16.gguf");
    check_failed(pull(&hub, "org/name:Q2_K"), "there are: m-Q4_K_M.gguf");
    for (name, file) in [("org/name:q8_0", "m-Q8_0.gguf"), ("org/name/sub/m-f16.gguf", "sub/m-f16.gguf")] {
        let path = pull(&hub, name).unwrap();
        assert!(path.ends_with(file) && fs::read(&path).unwrap() == file.as_bytes(), "{path:?}");
    }
    assert_eq!(server.count("Q4_K_M"), 0);
    assert_eq!(hub.cached(&model("org/name:Q8_0")).unwrap(), pull(&hub, "org/name:Q8_0").unwrap());
    let cached = &hub.list().unwrap()[0];
    assert_eq!((cached.kind, cached.ggufs.len()), ("gguf", 2));
}

/// Sends a file's content, but no more than `limit` bytes of it.
fn cut_off(content: &[u8], limit: usize, request: &str, stream: &mut TcpStream) {
    let start = range(request).map_or(0, |(start, _)| start as usize);
    let (size, part) = (content.len(), &content[start..content.len().min(start + limit)]);
    let status = if start > 0 { "206 Partial Content" } else { "200 OK" };
    let length = size - start;
    write!(stream, "HTTP/1.1 {status}\r\nContent-Range: bytes {start}-{}/{size}\r\n", size - 1).unwrap();
    write!(stream, "Content-Length: {length}\r\nConnection: close\r\n\r\n").unwrap();
    stream.write_all(part).unwrap();
}

/// A hub that sends at most so many bytes of the weights at once.
fn cutting(limit: usize) -> FakeHub {
    let weights = files()[WEIGHTS].clone();
    FakeHub::with(files(), move |request, stream| {
        let hit = path(request) == format!("/storage/{WEIGHTS}");
        if hit {
            cut_off(&weights, limit, request, stream);
        }
        hit
    })
}

#[test]
fn what_was_cut_off_goes_on_where_it_stopped() {
    let (cache, server) = (Cache::new(), cutting(40_000));
    let hub = cache.hub(&server.endpoint());
    let part = cache.blob(&format!("{}.incomplete", sha256(&files()[WEIGHTS])));
    for done in [40_000, 80_000] {
        let error = pull(&hub, "org/name").unwrap_err();
        assert!(error.to_string().contains(&format!("cut off after {done} of 98280 bytes")), "{error}");
        assert_eq!(fs::metadata(&part).unwrap().len(), done);
        assert!(hub.cached(&model("org/name")).is_err(), "nothing half-written is found");
    }
    check_same(&pull(&hub, "org/name").unwrap(), &files());
    assert_eq!(server.ranges(WEIGHTS), [None, Some(40_000), Some(80_000)]);
    assert!(!part.exists());
}

#[test]
fn a_pull_tries_again_by_itself() {
    let (cache, server) = (Cache::new(), cutting(40_000));
    let mut notes = Vec::new();
    let hub = Hub::new(HubSettings { retries: 2, ..cache.settings(&server.endpoint()) }).unwrap();
    let on_event = &mut |event: PullEvent<'_>| {
        if let PullEvent::Note(text) = event {
            notes.push(text.to_owned());
        }
    };
    check_same(&hub.pull(&model("org/name"), on_event).unwrap(), &files());
    assert_eq!(notes.len(), 2);
    assert!(notes[0].contains("cut off after 40000 of 98280 bytes; trying again in"), "{notes:?}");
}

#[test]
fn a_part_of_something_else_is_not_gone_on_with() {
    let (cache, server) = (Cache::new(), FakeHub::new(files()));
    let part = cache.blob(&format!("{}.incomplete", sha256(&files()[WEIGHTS])));
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    // Less than the whole, all of it, and more.
    for length in [1000, 98_280, 200_000] {
        fs::write(&part, vec![7; length]).unwrap();
        check_same(&pull(&cache.hub(&server.endpoint()), "org/name").unwrap(), &files());
        fs::remove_file(cache.blob(&sha256(&files()[WEIGHTS]))).unwrap();
    }
    assert_eq!(server.ranges(WEIGHTS), [Some(1000), None, None, None]);
}

#[test]
fn a_whole_part_needs_no_transfer() {
    let (cache, server) = (Cache::new(), FakeHub::new(files()));
    let part = cache.blob(&format!("{}.incomplete", sha256(&files()[WEIGHTS])));
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    fs::write(&part, &files()[WEIGHTS]).unwrap();
    check_same(&pull(&cache.hub(&server.endpoint()), "org/name").unwrap(), &files());
    assert_eq!(server.count("storage"), 0);
}

#[test]
fn a_server_without_ranges_sends_all_of_it_again() {
    let weights = files()[WEIGHTS].clone();
    let server = FakeHub::with(files(), move |request, stream| {
        let hit = path(request) == format!("/storage/{WEIGHTS}");
        if hit {
            send(&weights, "", "", stream).unwrap();
        }
        hit
    });
    let cache = Cache::new();
    let part = cache.blob(&format!("{}.incomplete", sha256(&files()[WEIGHTS])));
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    fs::write(&part, &files()[WEIGHTS][..5000]).unwrap();
    check_same(&pull(&cache.hub(&server.endpoint()), "org/name").unwrap(), &files());
    assert_eq!(server.ranges(WEIGHTS), [Some(5000)]);
}

#[track_caller]
fn check_damaged(change: impl Fn(&mut Vec<u8>), part: &str) {
    let mut wrong = files()[WEIGHTS].clone();
    change(&mut wrong);
    let server = FakeHub::with(files(), move |request, stream| {
        let hit = path(request) == format!("/storage/{WEIGHTS}");
        if hit {
            // The client may hang up before the end.
            let _ = send(&wrong, request, "", stream);
        }
        hit
    });
    let cache = Cache::new();
    let hub = cache.hub(&server.endpoint());
    check_failed(pull(&hub, "org/name"), part);
    assert!(hub.cached(&model("org/name")).is_err());
    assert!(!cache.blob(&sha256(&files()[WEIGHTS])).exists());
}

#[test]
fn what_is_not_what_was_listed_is_thrown_away() {
    check_damaged(|bytes| bytes[50_000] ^= 1, "came damaged (its checksum is");
    check_damaged(|bytes| bytes.extend([0; 10]), "longer than the 98280 bytes");
    check_damaged(|bytes| bytes.extend(vec![0; 1 << 20]), "longer than the 98280 bytes");
    check_damaged(|bytes| bytes.truncate(98_000), "cut off after 98000 of 98280 bytes");
}

#[track_caller]
fn check_refused(part: &'static str, status: &'static str, headers: &'static str, expected: &str) {
    let (cache, server) = (Cache::new(), refusing(part, status, headers));
    check_failed(pull(&cache.hub(&server.endpoint()), "org/name"), expected);
}

#[test]
fn refusals_say_what_to_do() {
    let (listing, file) = ("/api/", "/resolve/");
    check_refused(
        listing,
        "401 Unauthorized",
        "X-Error-Code: RepoNotFound\r\n",
        "a private one needs a token in HF_TOKEN",
    );
    check_refused(listing, "401 Unauthorized", "", "put one into HF_TOKEN");
    check_refused(
        listing,
        "404 Not Found",
        "X-Error-Code: RepoNotFound\r\n",
        "the hub has no model `org/name`",
    );
    check_refused(listing, "404 Not Found", "", "the hub has no model `org/name`");
    check_refused(listing, "404 Not Found", "X-Error-Code: RevisionNotFound\r\n", "no revision `main`");
    check_refused(
        file,
        "403 Forbidden",
        "X-Error-Code: GatedRepo\r\nX-Error-Message: Ask first\r\n",
        "gated",
    );
    check_refused(
        file,
        "401 Unauthorized",
        "X-Error-Code: GatedRepo\r\n",
        "then put a token of your account into HF_TOKEN",
    );
    check_refused(file, "404 Not Found", "X-Error-Code: EntryNotFound\r\n", "no file for `config.json`");
    check_refused("/storage/", "403 Forbidden", "", "put one into HF_TOKEN");
    check_refused(
        listing,
        "503 Service Unavailable",
        "",
        "answers 503, still after 1 tries; try again later",
    );
    check_refused(listing, "418 I'm a teapot", "", "answers 418");
    check_refused(listing, "302 Found", "", "without saying where to");
    check_refused(listing, "302 Found", "Location: ftp://x/\r\n", "redirects from http to ftp://");
}

#[test]
fn a_busy_hub_is_asked_again() {
    let busy = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&busy);
    let server = FakeHub::with(files(), move |_, stream| {
        let hit = [0, 2].contains(&asked.fetch_add(1, Ordering::SeqCst));
        if hit {
            let status = answer("429 Too Many Requests", "Retry-After: 0\r\n", "");
            stream.write_all(status.as_bytes()).unwrap();
        }
        hit
    });
    let cache = Cache::new();
    let settings = HubSettings { retries: 1, ..cache.settings(&server.endpoint()) };
    check_same(&pull(&Hub::new(settings).unwrap(), "org/name").unwrap(), &files());
    let server = refusing("/api/", "500 Internal Server Error", "");
    let settings = HubSettings { retries: 3, ..cache.settings(&server.endpoint()) };
    check_failed(pull(&Hub::new(settings).unwrap(), "org/name"), "answers 500, still after 4 tries");
    assert_eq!(server.requests().len(), 4);
}

/// The address of a server that is gone.
fn nobody() -> String {
    format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

/// The system tries by itself to find an address.
#[test]
fn a_name_that_is_not_known_is_not_asked_for_again() {
    let settings = HubSettings { retries: 3, ..Cache::new().settings("http://nobody.invalid") };
    let mut notes = 0;
    let pulled = Hub::new(settings).unwrap().pull(&model("org/name"), &mut |_| notes += 1);
    check_failed(pulled, "nobody.invalid cannot be reached");
    assert_eq!(notes, 0);
}

#[test]
fn a_hub_that_is_gone_leaves_the_cache() {
    let cache = Cache::new();
    check_failed(pull(&cache.hub(&nobody()), "org/name"), "cannot be reached");
    let folder = pull(&cache.hub(&FakeHub::new(files()).endpoint()), "org/name").unwrap();
    let mut notes = Vec::new();
    let on_event = &mut |event: PullEvent<'_>| notes.push(format!("{event:?}"));
    assert_eq!(cache.hub(&nobody()).find(&model("org/name"), on_event).unwrap(), folder);
    assert!(notes.len() == 1 && notes[0].contains("the model in the cache is used"), "{notes:?}");
    check_failed(pull(&cache.hub(&nobody()), "org/name"), "cannot be reached");
}

#[test]
fn offline_only_the_cache_counts() {
    let (cache, server) = (Cache::new(), FakeHub::new(files()));
    let offline = |name: &str| {
        let settings = HubSettings { offline: true, ..cache.settings(&server.endpoint()) };
        pull(&Hub::new(settings).unwrap(), name)
    };
    check_failed(offline("org/name"), "pull it once without that");
    assert_eq!(server.requests().len(), 0);
    let folder = pull(&cache.hub(&server.endpoint()), "org/name").unwrap();
    let asked = server.requests().len();
    assert_eq!(offline("org/name").unwrap(), folder);
    assert_eq!(offline(&format!("org/name@{COMMIT}")).unwrap(), folder);
    check_failed(offline("org/name@v2"), "the model `org/name@v2` is not there in the cache");
    fs::remove_file(cache.blob(&sha256(&files()[WEIGHTS]))).unwrap();
    check_failed(offline("org/name"), "is not whole in the cache");
    assert_eq!(server.requests().len(), asked);
    assert!(!cache.hub(&nobody()).list().unwrap()[0].whole);
}

#[test]
fn several_at_once_fetch_it_once() {
    let weights = files()[WEIGHTS].clone();
    let server = FakeHub::with(files(), move |request, stream| {
        let hit = path(request) == format!("/storage/{WEIGHTS}");
        if hit {
            thread::sleep(Duration::from_millis(200));
            send(&weights, request, "", stream).unwrap();
        }
        hit
    });
    let (cache, start) = (Cache::new(), Barrier::new(4));
    let hub = cache.hub(&server.endpoint());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                check_same(&pull(&hub, "org/name").unwrap(), &files());
            });
        }
    });
    assert_eq!(server.count("storage"), 1);
}

#[test]
fn the_token_is_for_the_hub_alone() {
    let weights = files()[WEIGHTS].clone();
    let storage =
        Loopback::start_reading(move |request, stream| send(&weights, request, "", stream).unwrap());
    let location = format!("Location: http://{}/x\r\n", storage.host());
    let server = FakeHub::with(files(), move |request, stream| {
        let hit = path(request).ends_with(WEIGHTS);
        if hit {
            stream.write_all(answer("302 Found", &location, "").as_bytes()).unwrap();
        }
        hit
    });
    let cache = Cache::new();
    let token = Some("hf_secret\n".to_owned());
    let settings = HubSettings { token, ..cache.settings(&server.endpoint()) };
    assert!(!format!("{settings:?}").contains("secret"));
    let hub = Hub::new(settings).unwrap();
    assert!(!format!("{hub:?}").contains("secret"));
    check_same(&pull(&hub, "org/name").unwrap(), &files());
    for request in server.requests() {
        assert_eq!(header(&request, "authorization"), Some("Bearer hf_secret"), "{request}");
    }
    assert_eq!(header(&storage.requests()[0], "authorization"), None);
    let broken = HubSettings { token: Some("a\nb".to_owned()), ..cache.settings(&server.endpoint()) };
    assert!(matches!(Hub::new(broken), Err(HubError::Setting { name: "token", .. })));
}

#[test]
fn a_full_disk_says_so() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let (cache, server) = (Cache::new(), FakeHub::new(files()));
    let part = cache.blob(&format!("{}.incomplete", sha256(&files()[WEIGHTS])));
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    let error = pull(&cache.hub(&server.endpoint()), "org/name").unwrap_err();
    assert!(matches!(error, HubError::Full { .. }), "{error}");
    assert!(error.to_string().contains("free some and run the same command again"), "{error}");
    assert!(cache.hub(&server.endpoint()).cached(&model("org/name")).is_err());
}

/// A hub that answers the listing with this.
fn listing_as(text: String) -> FakeHub {
    FakeHub::with(files(), move |request, stream| {
        let hit = path(request).starts_with("/api/");
        if hit {
            stream.write_all(answer("200 OK", "", &text).as_bytes()).unwrap();
        }
        hit
    })
}

#[test]
fn names_do_not_lead_out_of_the_cache() {
    let cache = Cache::new();
    let siblings = ["../../x.gguf", "/tmp/x.gguf"].map(|name| json!({"rfilename": name}));
    let server = listing_as(json!({"sha": COMMIT, "siblings": siblings}).to_string());
    check_failed(pull(&cache.hub(&server.endpoint()), "org/name"), "holds no model");
    for sha in ["../../../x", "", "main"] {
        let server = listing_as(json!({"sha": sha, "siblings": []}).to_string());
        check_failed(pull(&cache.hub(&server.endpoint()), "org/name"), "is no commit");
    }
    for shard in ["../../../x.safetensors", "/tmp/x.safetensors", "a/b.safetensors"] {
        let mut files = files();
        files.remove(WEIGHTS);
        let index = json!({"weight_map": {"a": shard}}).to_string();
        files.insert("model.safetensors.index.json".to_owned(), index.into_bytes());
        let server = FakeHub::new(files);
        check_failed(pull(&cache.hub(&server.endpoint()), "org/name"), "outside its folder");
    }
    let siblings = [json!({"rfilename": "m.gguf"})];
    for etag in ["../../../x", "/tmp/x", ".."] {
        let text = json!({"sha": COMMIT, "siblings": siblings}).to_string();
        let headers = format!("ETag: \"{etag}\"\r\n");
        let server = FakeHub::with(Files::new(), move |request, stream| {
            let whole = match path(request).starts_with("/api/") {
                true => answer("200 OK", "", &text),
                false => answer("200 OK", &headers, "content"),
            };
            stream.write_all(whole.as_bytes()).unwrap();
            true
        });
        check_failed(pull(&cache.hub(&server.endpoint()), "org/name"), "no usable ETag");
    }
    let names: Vec<_> =
        fs::read_dir(cache.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| name == "models--org--name" || name == ".locks"), "{names:?}");
}

#[test]
fn answers_without_end_are_not_read_to_it() {
    let server = FakeHub::with(Files::new(), |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n{\"sha\": \"");
        // Until the client has heard enough.
        while stream.write_all(&[b'a'; 1 << 16]).is_ok() {}
        true
    });
    let cache = Cache::new();
    check_failed(pull(&cache.hub(&server.endpoint()), "org/name"), "longer than 33554432 bytes");
    let server = FakeHub::with(Files::new(), |request, stream| {
        let headers = format!("Location: {}?\r\n", path(request));
        stream.write_all(answer("302 Found", &headers, "").as_bytes()).unwrap();
        true
    });
    check_failed(pull(&cache.hub(&server.endpoint()), "org/name"), "redirects more than 10 times");
    assert_eq!(server.requests().len(), 11);
}

#[test]
fn a_hub_that_lists_names_alone_is_asked_for_the_rest() {
    let siblings: Vec<_> = files().keys().map(|name| json!({"rfilename": name})).collect();
    let server = listing_as(json!({"sha": COMMIT, "siblings": siblings}).to_string());
    let cache = Cache::new();
    check_same(&pull(&cache.hub(&server.endpoint()), "org/name").unwrap(), &files());
    let mut names = cache.blobs();
    names.sort();
    let reference = Cache::new();
    pull(&reference.hub(&FakeHub::new(files()).endpoint()), "org/name").unwrap();
    let mut expected = reference.blobs();
    expected.sort();
    assert_eq!(names, expected);
}

/// What `show` sees of a model that is not pulled.
#[track_caller]
fn check_headers(files: Files, whole: &Path, most: u64) {
    let (cache, server) = (Cache::new(), FakeHub::new(files));
    let folder = tempfile::tempdir().unwrap();
    let path = cache.hub(&server.endpoint()).headers(&model("org/name"), folder.path(), &mut |_| ()).unwrap();
    assert_eq!(ModelSummary::read_fetched(&path).unwrap(), ModelSummary::read(whole).unwrap());
    assert!(cache.blobs().is_empty());
    let ends: Vec<_> =
        server.requests().iter().filter(|r| r.contains("/storage/")).map(|r| range(r)).collect();
    assert!(ends.iter().all(|range| matches!(range, Some((0, Some(end))) if *end < most)), "{ends:?}");
}

#[test]
fn headers_tell_what_a_model_is() {
    check_headers(files(), &fixture("calling_llama"), 10_000);
    let gguf = fixture("tiny_llama/model.gguf");
    check_headers(Files::from([("m.gguf".to_owned(), fs::read(&gguf).unwrap())]), &gguf, 8 << 20);
}

#[test]
fn the_fake_hub_lists_as_the_real_one() {
    let text = listing(&Files::from([("config.json".to_owned(), b"abc".to_vec())]));
    assert!(text.contains(r#""blobId":"f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f""#), "{text}");
}
