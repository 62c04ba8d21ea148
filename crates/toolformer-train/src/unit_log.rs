//! A JSONL file that grows by units and survives `kill -9` at any byte.
//!
//! Beside the data lies a log, `FILE.units`: a line for each unit that is whole, with the length of the data up to
//! its end. A unit is there when its line is: data first, synced, then the line. On opening, whatever either file
//! holds beyond the last whole unit is cut off and done again.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{BufRead as _, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{error::TrainError, shard::Shard, whole_file::write_line};

/// What units cost, which adds up.
pub trait UnitCost: Default + Serialize + DeserializeOwned {
    /// Adds the cost of a further unit.
    fn add(&mut self, unit: &Self);
}

impl UnitCost for () {
    fn add(&mut self, (): &Self) {}
}

/// A data file and its log of whole units, each with a record `R` of what it cost. In memory is their sum alone.
#[derive(Debug)]
pub struct UnitLog<R> {
    path: PathBuf,
    data: File,
    log: File,
    bytes: u64,
    units: usize,
    cost: R,
}

/// The first line of a log.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) fingerprint: String,
    /// The part of the run that this is; none: all of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) shard: Option<Shard>,
    /// Units that there will be at the end, where that is known from the beginning.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) units: Option<usize>,
}

/// Each further line.
#[derive(Serialize, Deserialize)]
pub(crate) struct Line<R> {
    /// Length of the data up to the unit's end.
    pub(crate) bytes: u64,
    pub(crate) record: R,
}

/// Where the log of a data file lies.
pub(crate) fn log_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
    name.push(".units");
    path.with_file_name(name)
}

impl<R: UnitCost> UnitLog<R> {
    /// Opens or creates a file; `fingerprint` stands for the settings and inputs that it is made from.
    ///
    /// # Errors
    /// If the files cannot be opened, were begun with another fingerprint, or are open in another process.
    pub fn open(path: &Path, fingerprint: &str) -> Result<Self, TrainError> {
        Self::open_as(path, Header { fingerprint: fingerprint.to_owned(), shard: None, units: None })
    }

    /// As [`UnitLog::open`], of a part of a run.
    pub(crate) fn open_as(path: &Path, header: Header) -> Result<Self, TrainError> {
        let log_path = log_of(path);
        let open = |path: &Path| {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
            file.map_err(TrainError::write(path))
        };
        let log = open(&log_path)?;
        match log.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(TrainError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(TrainError::Write { path: log_path, source }),
        }
        let data = open(path)?;
        let on_disk = data.metadata().map_err(TrainError::read(path))?.len();
        let mut lines = BufReader::new(log.try_clone().map_err(TrainError::read(&log_path))?);
        let mut line = Vec::new();
        let mut next_line = |line: &mut Vec<u8>| {
            line.clear();
            lines.read_until(b'\n', line).map_err(TrainError::read(&log_path))
        };
        let mut this = Self { path: path.to_owned(), data, log, bytes: 0, units: 0, cost: R::default() };
        let mut log_bytes = 0;
        // Only what ends in a newline was written whole.
        while next_line(&mut line)? > 0 && line.ends_with(b"\n") {
            if log_bytes == 0 {
                match serde_json::from_slice::<Header>(&line) {
                    Ok(found) if found == header => {}
                    // Where the data is gone, its log is of no use to anybody.
                    _ if on_disk == 0 => break,
                    _ => return Err(TrainError::OtherRun { path: path.to_owned(), differing: Vec::new() }),
                }
            } else {
                match serde_json::from_slice::<Line<R>>(&line) {
                    Ok(line) if line.bytes <= on_disk => {
                        this.bytes = line.bytes;
                        this.units += 1;
                        this.cost.add(&line.record);
                    }
                    _ => break,
                }
            }
            log_bytes += line.len() as u64;
        }
        if log_bytes == 0 && on_disk > 0 {
            // Somebody else's file: never cut what this log did not write.
            return Err(TrainError::OtherRun { path: path.to_owned(), differing: Vec::new() });
        }
        let cut = |file: &mut File, len: u64| {
            file.set_len(len)?;
            file.seek(SeekFrom::Start(len)).map(|_| ())
        };
        cut(&mut this.log, log_bytes).map_err(TrainError::write(&log_path))?;
        cut(&mut this.data, this.bytes).map_err(TrainError::write(path))?;
        if log_bytes == 0 {
            this.append_log(&header)?;
        }
        Ok(this)
    }

    /// Units that are whole.
    pub fn units(&self) -> usize {
        self.units
    }

    /// What they cost.
    pub fn cost(&self) -> &R {
        &self.cost
    }

    /// Appends a unit: its objects, one a line, then the record that makes it whole.
    ///
    /// # Errors
    /// If it cannot be written; the file is as before then, or will be when opened again.
    pub fn append<T: Serialize>(&mut self, objects: &[T], record: R) -> Result<(), TrainError> {
        let mut lines = Vec::new();
        for object in objects {
            write_line(&mut lines, object).map_err(TrainError::write(&self.path))?;
        }
        let written = self.data.write_all(&lines).and_then(|()| self.data.sync_data());
        written.map_err(TrainError::write(&self.path))?;
        self.bytes += lines.len() as u64;
        self.append_log(&Line { bytes: self.bytes, record: &record })?;
        self.units += 1;
        self.cost.add(&record);
        Ok(())
    }

    fn append_log(&mut self, line: &impl Serialize) -> Result<(), TrainError> {
        let mut bytes = Vec::new();
        write_line(&mut bytes, line).map_err(TrainError::write(&self.path))?;
        let written = self.log.write_all(&bytes).and_then(|()| self.log.sync_data());
        written.map_err(TrainError::write(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    impl UnitCost for usize {
        fn add(&mut self, unit: &Self) {
            *self += unit;
        }
    }

    fn write(path: &Path, units: &[&[u32]]) {
        let mut log = UnitLog::<usize>::open(path, "f").unwrap();
        for unit in &units[log.units()..] {
            log.append(unit, unit.len()).unwrap();
        }
        assert_eq!((log.units(), *log.cost()), (units.len(), units.concat().len()));
    }

    #[test]
    fn any_cut_of_either_file_is_mended() {
        let folder = tempfile::tempdir().unwrap();
        let (data, log) = (folder.path().join("c.jsonl"), folder.path().join("c.jsonl.units"));
        let units: [&[u32]; 4] = [&[1, 2], &[], &[30], &[4, 5, 6]];
        write(&data, &units);
        let (whole_data, whole_log) = (fs::read(&data).unwrap(), fs::read(&log).unwrap());
        assert_eq!(whole_data, b"1\n2\n30\n4\n5\n6\n");
        for cut_log in 0..=whole_log.len() {
            for cut_data in 0..=whole_data.len() {
                if cut_log == 0 && cut_data > 0 {
                    continue; // data without a log is refused, see below
                }
                fs::write(&data, &whole_data[..cut_data]).unwrap();
                fs::write(&log, &whole_log[..cut_log]).unwrap();
                let header = whole_log.iter().position(|&byte| byte == b'\n').unwrap();
                if cut_log <= header && cut_data > 0 {
                    continue;
                }
                write(&data, &units);
                assert_eq!(fs::read(&data).unwrap(), whole_data, "cut at {cut_data}, {cut_log}");
                assert_eq!(fs::read(&log).unwrap(), whole_log, "cut at {cut_data}, {cut_log}");
            }
        }
    }

    #[test]
    fn foreign_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.jsonl");
        fs::write(&path, "mine\n").unwrap();
        assert!(matches!(UnitLog::<usize>::open(&path, "f"), Err(TrainError::OtherRun { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"mine\n");
    }

    #[test]
    fn where_the_data_was_deleted_a_new_run_starts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.jsonl");
        write(&path, &[&[1], &[2]]);
        fs::remove_file(&path).unwrap();
        let log = UnitLog::<usize>::open(&path, "g").unwrap();
        assert_eq!(log.units(), 0);
    }

    #[test]
    fn other_settings_and_other_processes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.jsonl");
        let mut first = UnitLog::<usize>::open(&path, "f").unwrap();
        first.append(&[1], 1).unwrap();
        assert!(matches!(UnitLog::<usize>::open(&path, "f"), Err(TrainError::InUse { .. })));
        drop(first);
        assert!(matches!(UnitLog::<usize>::open(&path, "g"), Err(TrainError::OtherRun { .. })));
    }
}
