//! Data sets from a hub: which files come, where they lie, and what counts as whole without the hub.

use std::{
    fs,
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;
use toolformer_model::{Hub, HubError, HubSettings, PullEvent, PulledDataset};

use crate::{
    fake_hub::{COMMIT, FakeHub, Files, header, range, sha256},
    loopback::{answer, path},
};

const CARD: &str = "\
---
license: mit
configs:
- config_name: main
  data_files:
  - split: train
    path: main/train-*
  - split: validation
    path: main/held.jsonl
- config_name: other
  data_dir: other
---
# Two sets
";
const TRAIN: [&str; 2] = ["main/train-00000-of-00002.parquet", "main/train-00001-of-00002.parquet"];

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

    fn pull(&self, server: &FakeHub, name: &str) -> Result<PulledDataset, HubError> {
        self.pull_from(&server.endpoint(), name)
    }

    fn pull_from(&self, endpoint: &str, name: &str) -> Result<PulledDataset, HubError> {
        Hub::new(self.settings(endpoint)).unwrap().pull_dataset(&name.parse().unwrap(), &mut |_| ())
    }

    fn offline(&self, name: &str) -> Result<PulledDataset, HubError> {
        let settings = HubSettings { offline: true, ..self.settings(&nobody()) };
        Hub::new(settings).unwrap().pull_dataset(&name.parse().unwrap(), &mut |_| ())
    }

    fn repo(&self) -> PathBuf {
        self.0.path().join("datasets--org--name")
    }

    fn snapshot(&self) -> PathBuf {
        self.repo().join("snapshots").join(COMMIT)
    }
}

/// The address of a server that is gone.
fn nobody() -> String {
    format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

fn files() -> Files {
    let file = |name: &str, content: &[u8]| (name.to_owned(), content.to_vec());
    Files::from([
        file("README.md", CARD.as_bytes()),
        file(".gitattributes", b"*.parquet"),
        file(TRAIN[0], &[1; 50_000]),
        file(TRAIN[1], &[2; 60_000]),
        file("main/held.jsonl", b"{\"text\": \"a\"}\n"),
        file("other/train.csv", b"text\nb\n"),
        file("script.py", b"import os"),
    ])
}

#[track_caller]
fn check_failed(result: Result<PulledDataset, HubError>, part: &str) {
    let error = result.unwrap_err();
    assert!(error.to_string().contains(part), "{error}");
}

#[test]
fn what_the_card_names_lies_where_others_look_for_it() {
    let (cache, server) = (Cache::new(), FakeHub::new(files()));
    let pulled = cache.pull(&server, "org/name:main").unwrap();
    let at = |name: &str| cache.snapshot().join(name);
    let splits = [
        ("train".to_owned(), TRAIN.map(at).to_vec()),
        ("validation".to_owned(), vec![at("main/held.jsonl")]),
    ];
    assert_eq!((pulled.folder, pulled.splits), (cache.snapshot(), Some(splits.to_vec())));
    assert_eq!(pulled.files.len(), 3);
    for file in &pulled.files {
        let name = file.strip_prefix(cache.snapshot()).unwrap().to_str().unwrap();
        assert_eq!(fs::read(file).unwrap(), files()[name], "{name}");
    }
    let blob = Path::new("../../../blobs").join(sha256(&files()[TRAIN[0]]));
    assert_eq!(fs::read_link(at(TRAIN[0])).unwrap(), blob);
    assert_eq!(fs::read_to_string(cache.repo().join("refs/main")).unwrap(), COMMIT);
    assert_eq!((server.count("other"), server.count("script"), server.count("gitattributes")), (0, 0, 0));
    assert!(server.requests()[0].starts_with("GET /api/datasets/org/name/revision/main?blobs=true "));

    let before = server.requests().len();
    cache.pull(&server, &format!("org/name:main@{COMMIT}")).unwrap();
    assert_eq!(server.requests().len(), before, "a commit does not change");
    let other = cache.pull(&server, "org/name:other").unwrap();
    assert_eq!((other.folder, other.splits), (at("other"), None));
    assert_eq!(other.files, [at("other/train.csv")]);
    check_failed(cache.pull(&server, "org/name"), "holds several sets; name one, as in org/name:main");
}

#[test]
fn a_path_needs_no_card() {
    let (cache, server) = (Cache::new(), FakeHub::new(files()));
    let pulled = cache.pull(&server, "org/name/main/*.jsonl").unwrap();
    let file = cache.snapshot().join("main/held.jsonl");
    assert_eq!(pulled.splits, Some(vec![("train".to_owned(), vec![file])]));
    assert_eq!((server.count("README"), server.count("parquet")), (0, 0));
    check_failed(cache.pull(&server, "org/name/none.csv"), "no file for `none.csv`");
    let mut broken = files();
    broken.insert("README.md".to_owned(), b"---\nconfigs: 3\n---\n".to_vec());
    let server = FakeHub::new(broken);
    check_failed(Cache::new().pull(&server, "org/name"), "name the files yourself, as in org/name/FOLDER");
    Cache::new().pull(&server, "org/name/other").unwrap();
    let scripts = Files::from([("name.py".to_owned(), b"import os".to_vec())]);
    check_failed(Cache::new().pull(&FakeHub::new(scripts), "org/name"), "org/name@refs/convert/parquet");
}

#[test]
fn what_was_cut_off_goes_on_where_it_stopped() {
    let content = files()[TRAIN[1]].clone();
    let server = FakeHub::with(files(), move |request, stream| {
        let hit = path(request) == format!("/storage/{}", TRAIN[1]) && range(request).is_none();
        if hit {
            let size = content.len();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n").unwrap();
            stream.write_all(&content[..40_000]).unwrap();
        }
        hit
    });
    let cache = Cache::new();
    check_failed(cache.pull(&server, "org/name:main"), "cut off after 40000 of 60000 bytes");
    check_failed(cache.offline("org/name:main"), "is not there in the cache");
    // Another program has noted the revision.
    fs::create_dir_all(cache.repo().join("refs")).unwrap();
    fs::write(cache.repo().join("refs/main"), COMMIT).unwrap();
    check_failed(cache.offline("org/name:main"), &format!("lacks `{}`", TRAIN[1]));
    cache.pull(&server, "org/name:main").unwrap();
    assert_eq!(server.ranges(TRAIN[1]), [None, Some(40_000)]);
    assert_eq!(server.ranges(TRAIN[0]), [None]);
}

#[test]
fn what_is_not_what_was_listed_is_thrown_away() {
    let server = FakeHub::with(files(), |request, stream| {
        let hit = path(request) == format!("/storage/{}", TRAIN[0]);
        if hit {
            let size = 50_000;
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n").unwrap();
            stream.write_all(&[9; 50_000]).unwrap();
        }
        hit
    });
    let cache = Cache::new();
    check_failed(cache.pull(&server, "org/name:main"), "came damaged (its checksum is");
    assert!(!cache.repo().join("blobs").join(sha256(&files()[TRAIN[0]])).exists());
}

#[test]
fn without_the_hub_all_files_must_be_there() {
    let (cache, server) = (Cache::new(), FakeHub::new(files()));
    check_failed(cache.offline("org/name:main"), "the data set `org/name:main` is not there in the cache");
    let pulled = cache.pull(&server, "org/name:main").unwrap();
    let asked = server.requests().len();
    assert_eq!(cache.offline("org/name:main").unwrap(), pulled);
    check_failed(cache.offline("org/name:other"), "lacks `other/train.csv`");
    let mut notes = Vec::new();
    let gone = Hub::new(cache.settings(&nobody())).unwrap();
    let on_event = &mut |event: PullEvent<'_>| notes.push(format!("{event:?}"));
    assert_eq!(gone.find_dataset(&"org/name:main".parse().unwrap(), on_event).unwrap(), pulled);
    assert!(notes.len() == 1 && notes[0].contains("the data set in the cache is used"), "{notes:?}");
    check_failed(cache.pull_from(&nobody(), "org/name:main"), "cannot be reached");
    assert_eq!(server.requests().len(), asked);
    // As if another program had fetched them: nothing tells what else there is but the names of parts.
    fs::remove_dir_all(cache.repo().join("listings")).unwrap();
    assert_eq!(cache.offline("org/name:main").unwrap(), pulled);
    fs::remove_file(cache.snapshot().join(TRAIN[0])).unwrap();
    check_failed(cache.offline("org/name:main"), &format!("lacks `{}`", TRAIN[0]));
    check_failed(cache.offline("org/name/main/*.csv"), "is not whole in the cache");
}

#[test]
fn refusals_and_tokens_are_those_of_data_sets() {
    let refusing = |status: &'static str, headers: &'static str| {
        FakeHub::with(files(), move |request, stream| {
            let hit = header(request, "authorization") != Some("Bearer hf_secret");
            if hit {
                stream.write_all(answer(status, headers, "").as_bytes()).unwrap();
            }
            hit
        })
    };
    let private = refusing("401 Unauthorized", "X-Error-Code: RepoNotFound\r\n");
    let cache = Cache::new();
    check_failed(cache.pull(&private, "org/name:main"), "the hub has no data set `org/name`");
    let gated = refusing("403 Forbidden", "X-Error-Code: GatedRepo\r\n");
    check_failed(cache.pull(&gated, "org/name:main"), "ask for it on the data set's page");
    let token = Some("hf_secret".to_owned());
    let hub = Hub::new(HubSettings { token, ..cache.settings(&private.endpoint()) }).unwrap();
    assert_eq!(hub.pull_dataset(&"org/name:main".parse().unwrap(), &mut |_| ()).unwrap().files.len(), 3);
    assert!(hub.list().unwrap().is_empty(), "it is no model");
    let server = FakeHub::new(files());
    check_failed(cache.pull(&server, "org/name:main@v9"), "`org/name` has no revision `v9`");
}
