//! Models by hub id, from a hub on loopback.

use std::{net::TcpListener, process::Command};

use serde_json::Value;

use crate::{
    fake_hub::{COMMIT, FakeHub, Files, folder_files},
    program::{Folder, Ran, command, fixture, toolformer},
};

/// The program with a cache of its own and this hub.
fn with_hub(cache: &Folder, endpoint: &str, args: &[&str]) -> Command {
    let mut command = command(args);
    command.env("HF_HOME", cache.path("hf")).env("HF_ENDPOINT", endpoint).env_remove("HF_HUB_OFFLINE");
    command
}

fn run(cache: &Folder, endpoint: &str, args: &[&str]) -> Ran {
    with_hub(cache, endpoint, args).output().unwrap().into()
}

fn offline(cache: &Folder, args: &[&str]) -> Ran {
    with_hub(cache, &nobody(), args).env("HF_HUB_OFFLINE", "1").output().unwrap().into()
}

/// The address of a server that is gone.
fn nobody() -> String {
    format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

fn json(ran: Ran) -> Value {
    serde_json::from_str(&ran.ok().out).unwrap()
}

fn folder_hub() -> FakeHub {
    FakeHub::new(folder_files(fixture("calling_llama")))
}

#[test]
fn a_model_is_scored_by_its_hub_id_and_again_without_the_hub() {
    let (cache, server) = (Folder::new(), folder_hub());
    fn score(model: &str) -> [&str; 6] {
        ["score", "--model", model, "--text", "2 + 3 is", "--json"]
    }
    let here = toolformer(&score(&fixture("calling_llama"))).ok().out;
    assert_eq!(run(&cache, &server.endpoint(), &score("org/name")).ok().out, here);
    assert_eq!(run(&cache, &server.endpoint(), &score(&format!("org/name@{COMMIT}"))).ok().out, here);
    assert_eq!(server.count("/storage/model.safetensors"), 1);
    assert_eq!(offline(&cache, &score("org/name")).ok().out, here);
    // The hub is gone, and nobody said so.
    let gone = run(&cache, &nobody(), &score("org/name")).ok();
    assert_eq!(gone.out, here);
    assert!(gone.err.contains("the model in the cache is used"), "{}", gone.err);
    offline(&cache, &score("org/other")).fails(1, "the model `org/other` is not there in the cache");
}

#[test]
fn pull_writes_where_the_model_is() {
    let (cache, server) = (Folder::new(), folder_hub());
    let pulled = run(&cache, &server.endpoint(), &["models", "pull", "org/name"]).ok();
    let expected = cache.path(&format!("hf/hub/models--org--name/snapshots/{COMMIT}"));
    assert_eq!((pulled.out.as_str(), pulled.err.as_str()), (format!("{expected}\n").as_str(), ""));
    let again = json(run(&cache, &nobody(), &["models", "pull", "org/name", "--offline", "--json"]));
    assert_eq!((&again["path"], &again["commit"]), (&expected.into(), &COMMIT.into()));
    let bytes: usize = folder_files(fixture("calling_llama")).values().map(Vec::len).sum();
    assert_eq!(again["bytes"], bytes);
    let revision = ["models", "pull", "org/name", "--revision", "v2"];
    run(&cache, &server.endpoint(), &revision).fails(1, "`org/name` has no revision `v2`");
    let twice = ["models", "pull", "org/name@v1", "--revision", "v2"];
    run(&cache, &server.endpoint(), &twice).fails(2, "give the revision once");
    run(&cache, &server.endpoint(), &["models", "pull", "name"]).fails(2, "write ORG/NAME");
    run(&cache, "no address", &["models", "pull", "org/name"]).fails(1, "it must begin with https://");
}

#[test]
fn list_shows_what_is_in_the_cache() {
    let (cache, server) = (Folder::new(), folder_hub());
    assert_eq!(offline(&cache, &["models", "list"]).ok().out, "");
    run(&cache, &server.endpoint(), &["models", "pull", "org/name"]).ok();
    let listed = offline(&cache, &["models", "list"]).ok().out;
    let words: Vec<&str> = listed.split_whitespace().collect();
    assert_eq!(words, ["org/name", "main", "safetensors", "105.02", "kB"]);
    let listed = json(offline(&cache, &["models", "list", "--json"]));
    assert_eq!((&listed["model"], &listed["whole"]), (&"org/name".into(), &true.into()));
}

#[test]
fn show_tells_the_same_of_a_folder_and_of_a_hub() {
    let (cache, server) = (Folder::new(), folder_hub());
    fn show(model: &str) -> [&str; 4] {
        ["models", "show", model, "--json"]
    }
    let same = |shown: Value| {
        let mut shown = shown;
        for device in shown["devices"].as_array_mut().unwrap() {
            device["free_memory"].take();
        }
        shown
    };
    let here = same(json(toolformer(&show(&fixture("calling_llama")))));
    assert_eq!((&here["architecture"], &here["n_layers"]), (&"llama".into(), &2.into()));
    let parameters = here["parameters"].as_u64().unwrap();
    let cpu = &here["devices"][0];
    assert_eq!((&cpu["name"], &cpu["precisions"][0]["weights"]), (&"cpu".into(), &(parameters * 4).into()));
    assert_eq!(cpu["precisions"].as_array().unwrap().len(), 5);
    assert_eq!(here["tokenizer"]["chat_template"], true);
    assert_eq!(same(json(run(&cache, &server.endpoint(), &show("org/name")))), here);
    assert_eq!(offline(&cache, &["models", "list"]).ok().out, "", "nothing was pulled");
    offline(&cache, &show("org/name")).fails(1, "pull it once without that");
    run(&cache, &server.endpoint(), &["models", "pull", "org/name"]).ok();
    assert_eq!(same(json(offline(&cache, &show("org/name")))), here);
    let text = toolformer(&["models", "show", &fixture("calling_llama")]).ok().out;
    let lines = text.lines().map(|line| if line.starts_with("cpu") { "cpu (free memory)" } else { line });
    insta::assert_snapshot!("models_show", lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn show_of_what_is_no_language_model_or_has_no_tokenizer() {
    let shown = toolformer(&["models", "show", &fixture("llama_reward")]).ok().out;
    assert!(shown.contains("head           classifies texts: LABEL_0\n"), "{shown}");
    let folder = Folder::new();
    for name in ["config.json", "model.safetensors"] {
        std::fs::copy(fixture(&format!("llama/{name}")), folder.path(name)).unwrap();
    }
    folder.file("tokenizer.json", "{}");
    let shown = toolformer(&["models", "show", &folder.path("")]).ok().out;
    assert!(shown.contains("\ntokenizer      not readable (in "), "{shown}");
    std::fs::remove_file(folder.path("model.safetensors")).unwrap();
    toolformer(&["models", "show", &folder.path("")])
        .fails(1, "model.safetensors does not exist; give a folder with");
}

#[test]
fn a_repository_of_gguf_files_wants_one_named() {
    let gguf = std::fs::read(fixture("tiny_llama/model.gguf")).unwrap();
    let files = ["m-Q4_K_M.gguf", "m-F32.gguf"].map(|name| (name.to_owned(), gguf.clone()));
    let (cache, server) = (Folder::new(), FakeHub::new(Files::from(files)));
    fn score(model: &str) -> [&str; 6] {
        ["score", "--ids", "5,17,3", "--json", "--model", model]
    }
    let here = toolformer(&score(&fixture("tiny_llama/model.gguf"))).ok().out;
    run(&cache, &server.endpoint(), &score("org/name")).fails(1, "there are: m-F32.gguf, m-Q4_K_M.gguf");
    assert_eq!(run(&cache, &server.endpoint(), &score("org/name:f32")).ok().out, here);
    assert_eq!(offline(&cache, &score("org/name/m-F32.gguf")).ok().out, here);
    assert_eq!(server.count("Q4_K_M"), 0);
}
