//! The parts of a run, put together.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    error::TrainError,
    shard::Shard,
    unit_log::{Header, Line, log_of},
    whole_file::{write_line, write_whole},
};

/// Puts the files of all parts of a run together, in whatever order they are named: `out` and its log are then those of a
/// run that did all of it (but for the seconds that its log tells), and are gone on with as such.
///
/// # Errors
/// If a part is missing, named twice, not at its end or of another run, `out` is one of them or no file of a run, or a file
/// cannot be read or written.
pub fn merge_shards(parts: &[PathBuf], out: &Path) -> Result<(), TrainError> {
    let mut parts: Vec<Part> = parts.iter().map(|path| Part::open(path)).collect::<Result<_, _>>()?;
    parts.sort_by_key(|part| part.shard);
    check(&parts, out)?;
    if out.exists() && !log_of(out).exists() {
        let why = "it is there already, and no file of a run; choose another --out".into();
        return Err(TrainError::Part { path: out.to_owned(), why });
    }
    let units: usize = parts.iter().map(|part| part.units).sum();
    write_whole(out, |file| {
        parts.iter().try_for_each(|part| io::copy(&mut File::open(&part.path)?, file).map(drop))
    })?;
    // The log comes last: what it tells of is there.
    write_whole(&log_of(out), |file| {
        let fingerprint = parts.first().map(|part| part.fingerprint.clone()).unwrap_or_default();
        write_line(file, &Header { fingerprint, shard: None, units: Some(units) })?;
        let mut before = 0;
        for part in &parts {
            for line in BufReader::new(File::open(log_of(&part.path))?).lines().skip(1) {
                let Line { bytes, record } = serde_json::from_str::<Line<Value>>(&line?)?;
                write_line(file, &Line { bytes: before + bytes, record })?;
            }
            before += part.bytes;
        }
        Ok(())
    })
}

/// A file of a part, whose log says that it is at its end.
struct Part {
    path: PathBuf,
    shard: Shard,
    fingerprint: String,
    units: usize,
    bytes: u64,
}

impl Part {
    fn open(path: &Path) -> Result<Self, TrainError> {
        let log = log_of(path);
        let wrong = |why: String| TrainError::Part { path: path.to_owned(), why };
        let mut lines = BufReader::new(File::open(&log).map_err(TrainError::read(&log))?).lines();
        let header = lines.next().transpose().map_err(TrainError::read(&log))?.unwrap_or_default();
        let Ok(Header { fingerprint, shard, units: Some(planned) }) = serde_json::from_str(&header) else {
            return Err(wrong(format!("{} is no log of a part", log.display())));
        };
        let (mut units, mut bytes) = (0, 0);
        for line in lines {
            let line = line.map_err(TrainError::read(&log))?;
            // A last line that was torn is no unit.
            let Ok(line) = serde_json::from_str::<Line<Value>>(&line) else { break };
            (units, bytes) = (units + 1, line.bytes);
        }
        let on_disk = fs::metadata(path).map_err(TrainError::read(path))?.len();
        let advice = "give its command again, which goes on where it stopped";
        if units != planned {
            return Err(wrong(format!("{units} of its {planned} units are done; {advice}")));
        }
        if on_disk != bytes {
            return Err(wrong(format!("it has {on_disk} bytes, and not the {bytes} of its log; {advice}")));
        }
        Ok(Self { path: path.to_owned(), shard: shard.unwrap_or(Shard::WHOLE), fingerprint, units, bytes })
    }
}

/// Checks that the parts are all of one run, each once.
fn check(parts: &[Part], out: &Path) -> Result<(), TrainError> {
    let of = parts.first().map_or(1, |part| part.shard.of());
    for (i, part) in parts.iter().enumerate() {
        let wrong = |why: String| Err(TrainError::Part { path: part.path.clone(), why });
        if part.fingerprint != parts[0].fingerprint || part.shard.of() != of {
            return wrong(format!("it is of another run than {}", parts[0].path.display()));
        }
        if fs::canonicalize(&part.path).ok().is_some_and(|path| fs::canonicalize(out).ok() == Some(path)) {
            return wrong("--out would overwrite it; choose another file".into());
        }
        if i > 0 && parts[i - 1].shard == part.shard {
            return wrong(format!("it is the same part as {}", parts[i - 1].path.display()));
        }
    }
    let missing = (1..=of).find(|number| parts.iter().all(|part| part.shard.number() != *number));
    match (missing, parts.first()) {
        (None, _) => Ok(()),
        (Some(number), first) => {
            let path = first.map_or_else(|| out.to_owned(), |part| part.path.clone());
            Err(TrainError::Part { path, why: format!("part {number}/{of} of its run is not given") })
        }
    }
}
