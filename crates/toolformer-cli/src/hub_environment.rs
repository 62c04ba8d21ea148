//! The hub and its cache, as the environment names them: the variables of Python's `huggingface_hub`.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use toolformer::model::{Hub, HubSettings};

/// The hub of this environment. `offline` has it never use the network.
pub(crate) fn hub(offline: bool) -> Result<Hub> {
    Ok(Hub::new(settings(&|name| env::var(name).ok(), env::home_dir(), offline)?)?)
}

fn settings(
    variable: &dyn Fn(&str) -> Option<String>,
    home: Option<PathBuf>,
    offline: bool,
) -> Result<HubSettings> {
    let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let folder = |name: &str| set(name).map(|value| in_home(&value, home.as_deref()));
    let is_on = |name: &str| {
        set(name)
            .is_some_and(|value| ["1", "ON", "YES", "TRUE"].contains(&value.trim().to_uppercase().as_str()))
    };
    let hf_home = || {
        let cache = folder("XDG_CACHE_HOME").or_else(|| Some(home.clone()?.join(".cache")));
        folder("HF_HOME").or_else(|| Some(cache?.join("huggingface")))
    };
    let cache = folder("HF_HUB_CACHE").or_else(|| Some(hf_home()?.join("hub")));
    let cache = cache.context("there is no home folder for the model cache; set HF_HOME to a folder")?;
    let token_file = folder("HF_TOKEN_PATH").or_else(|| Some(hf_home()?.join("token")));
    let saved = || fs::read_to_string(token_file?).ok();
    Ok(HubSettings {
        endpoint: set("HF_ENDPOINT"),
        token: set("HF_TOKEN").or_else(saved),
        offline: offline || is_on("HF_HUB_OFFLINE"),
        environment_proxy: true,
        ..HubSettings::new(cache)
    })
}

/// A path in which `~` is the home folder.
fn in_home(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            home.join(rest.trim_start_matches('/'))
        }
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> HubSettings {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        settings(&variable, Some(PathBuf::from("/home/me")), false).unwrap()
    }

    #[track_caller]
    fn check_cache(variables: &[(&str, &str)], expected: &str) {
        assert_eq!(read(variables).cache, PathBuf::from(expected));
    }

    #[test]
    fn the_cache_is_that_of_other_programs() {
        check_cache(&[], "/home/me/.cache/huggingface/hub");
        check_cache(&[("XDG_CACHE_HOME", "/c")], "/c/huggingface/hub");
        check_cache(&[("HF_HOME", "/hf"), ("XDG_CACHE_HOME", "/c")], "/hf/hub");
        check_cache(&[("HF_HUB_CACHE", "~/models"), ("HF_HOME", "/hf")], "/home/me/models");
        check_cache(&[("HF_HOME", "")], "/home/me/.cache/huggingface/hub");
        assert!(settings(&|_| None, None, false).is_err());
    }

    #[test]
    fn words_that_switch_the_network_off() {
        for (value, expected) in [("1", true), ("true", true), ("YES", true), ("0", false), ("", false)] {
            assert_eq!(read(&[("HF_HUB_OFFLINE", value)]).offline, expected, "{value}");
        }
    }

    #[test]
    fn a_token_is_given_or_saved() {
        let folder = std::env::temp_dir().join(format!("toolformer-token-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("token"), "saved").unwrap();
        let home = folder.to_str().unwrap();
        assert_eq!(read(&[("HF_HOME", home)]).token.as_deref(), Some("saved"));
        assert_eq!(read(&[("HF_HOME", home), ("HF_TOKEN", "given")]).token.as_deref(), Some("given"));
        assert_eq!(read(&[("HF_HOME", "/nowhere")]).token, None);
        fs::remove_dir_all(&folder).unwrap();
    }
}
