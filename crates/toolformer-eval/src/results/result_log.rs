//! The file that a run writes its results into: rows of JSONL, which survives `kill -9` at any byte.
//!
//! Beside it lies `FILE.run`, which says what the run is; it is written whole before the first row. A last row without
//! its line's end was not written whole: it is cut off when the file is opened again, and its item done again.
//! `FILE.seconds` has what the rows took, which is apart from them: the same run gives the same rows.

use std::{
    collections::{BTreeMap, HashSet},
    fs::{self, File, OpenOptions, TryLockError},
    io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::ItemResult;
use crate::EvalError;

/// What a run is: it goes on only as the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunHeader {
    /// The task's name.
    pub task: String,
    /// What results depend on, such as `model`, each with what stands for it.
    pub parts: BTreeMap<String, String>,
}

/// The results of a run, as they are written.
#[derive(Debug)]
pub struct ResultLog {
    path: PathBuf,
    file: File,
    done: HashSet<String>,
    seconds: f64,
}

impl ResultLog {
    /// Opens or creates a file of results.
    ///
    /// # Errors
    /// If it cannot be opened, belongs to another run or nobody knows to which, is open in another process, or a row
    /// that was written whole is none.
    pub fn open(path: &Path, header: &RunHeader) -> Result<Self, EvalError> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = file.map_err(EvalError::write(path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(EvalError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => {
                return Err(EvalError::Write { path: path.to_owned(), source });
            }
        }
        let is_empty = file.metadata().map_err(EvalError::read(path))?.len() == 0;
        check_header(path, header, is_empty)?;
        let (results, whole) = read_whole_rows(path, &file)?;
        file.set_len(whole).map_err(EvalError::write(path))?;
        file.seek(SeekFrom::Start(whole)).map_err(EvalError::write(path))?;
        let done: HashSet<String> = results.into_iter().map(|result| result.id).collect();
        let seconds = if done.is_empty() { None } else { fs::read_to_string(beside(path, ".seconds")).ok() };
        let seconds = seconds.iter().flat_map(|text| text.split_inclusive('\n'));
        // A line that was not written whole counts nothing.
        let seconds = seconds.filter_map(|line| line.strip_suffix('\n')?.parse::<f64>().ok()).sum();
        Ok(Self { path: path.to_owned(), file, done, seconds })
    }

    /// Whether an item has its row.
    pub fn is_done(&self, id: &str) -> bool {
        self.done.contains(id)
    }

    /// How many have.
    pub fn done(&self) -> usize {
        self.done.len()
    }

    /// Seconds that the rows took, also in earlier processes.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Appends rows, which took so many seconds, and waits until they are on the disk. Items that have theirs are passed
    /// over.
    ///
    /// # Errors
    /// If they cannot be written; on opening the file again, what was written in part is cut off.
    pub fn append(&mut self, results: &[ItemResult], seconds: f64) -> Result<(), EvalError> {
        self.append_seconds(seconds)?;
        let mut lines = Vec::new();
        let mut ids = HashSet::new();
        for result in results {
            if self.done.contains(&result.id) || !ids.insert(result.id.clone()) {
                continue;
            }
            serde_json::to_writer(&mut lines, result)
                .map_err(|error| EvalError::write(&self.path)(error.into()))?;
            lines.push(b'\n');
        }
        let written = self.file.write_all(&lines).and_then(|()| self.file.sync_data());
        written.map_err(EvalError::write(&self.path))?;
        self.done.extend(ids);
        Ok(())
    }

    fn append_seconds(&mut self, seconds: f64) -> Result<(), EvalError> {
        let path = beside(&self.path, ".seconds");
        // What lies there from a run whose rows are gone does not count.
        let mut open = OpenOptions::new();
        let open = if self.done.is_empty() && self.seconds == 0.0 {
            open.write(true).create(true).truncate(true)
        } else {
            open.append(true).create(true)
        };
        // As it is written, so that the sum is the same when the file is opened again.
        let seconds = (seconds * 1e3).round() / 1e3;
        let write = open.open(&path).and_then(|mut file| writeln!(file, "{seconds}"));
        write.map_err(EvalError::write(&path))?;
        self.seconds += seconds;
        Ok(())
    }
}

/// What the run of a file of results was.
///
/// # Errors
/// If nothing beside the file says it.
pub fn read_run_header(path: &Path) -> Result<RunHeader, EvalError> {
    let beside = header_of(path);
    let text = fs::read(&beside).map_err(EvalError::read(&beside))?;
    serde_json::from_slice(&text).map_err(|error| {
        EvalError::file(&beside, 0, format!("does not say which run it is of ({error}); do the run again"))
    })
}

/// The results of a file; a last row that was not written whole is left out.
///
/// # Errors
/// If it cannot be read, or another row is no result.
pub fn read_results(path: &Path) -> Result<Vec<ItemResult>, EvalError> {
    let file = File::open(path).map_err(EvalError::read(path))?;
    read_whole_rows(path, &file).map(|(results, _)| results)
}

/// The rows that were written whole, and where they end.
fn read_whole_rows(path: &Path, file: &File) -> Result<(Vec<ItemResult>, u64), EvalError> {
    let mut lines = BufReader::new(file);
    let (mut results, mut whole, mut line, mut number) = (Vec::new(), 0, Vec::new(), 0);
    loop {
        line.clear();
        number += 1;
        lines.read_until(b'\n', &mut line).map_err(EvalError::read(path))?;
        if !line.ends_with(b"\n") {
            return Ok((results, whole));
        }
        if !line.trim_ascii().is_empty() {
            let result = serde_json::from_slice(&line).map_err(|error| {
                let why = format!("is no result ({error}); remove the line, and its item is done again");
                EvalError::file(path, number, why)
            })?;
            results.push(result);
        }
        whole += line.len() as u64;
    }
}

fn header_of(path: &Path) -> PathBuf {
    beside(path, ".run")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
    name.push(ending);
    path.with_file_name(name)
}

/// Compares the file beside the rows with what this run is, or writes it where there are no rows.
fn check_header(path: &Path, header: &RunHeader, is_empty: bool) -> Result<(), EvalError> {
    let beside = header_of(path);
    if is_empty {
        let mut partial = beside.clone().into_os_string();
        partial.push(".partial");
        let write = || {
            let mut file = File::create(&partial)?;
            serde_json::to_writer(&mut file, header)?;
            file.sync_all()?;
            fs::rename(&partial, &beside)
        };
        return write().map_err(EvalError::write(&beside));
    }
    let other = |found: String| EvalError::OtherRun { path: path.to_owned(), found };
    let found = fs::read(&beside).map_err(|_| other(format!("{} is not there", beside.display())))?;
    match serde_json::from_slice::<RunHeader>(&found) {
        Ok(found) if found == *header => Ok(()),
        Ok(found) if found.task != header.task => Err(other(format!("its task is {}", found.task))),
        Ok(found) => {
            let names = header
                .parts
                .keys()
                .chain(found.parts.keys().filter(|name| !header.parts.contains_key(*name)));
            let differing = names.filter(|&name| header.parts.get(name) != found.parts.get(name));
            let differing: Vec<&str> = differing.map(String::as_str).collect();
            Err(other(format!("different: {}", differing.join(", "))))
        }
        Err(error) => Err(other(format!("{}: {error}", beside.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(model: &str) -> RunHeader {
        let parts = [("model", model), ("data", "d")].map(|(name, part)| (name.to_owned(), part.to_owned()));
        RunHeader { task: "svamp".to_owned(), parts: parts.into() }
    }

    fn result(id: usize) -> ItemResult {
        ItemResult { id: format!("é{id}"), output: "a\nb".to_owned(), ..ItemResult::default() }
    }

    /// Does what is not done, one row at a time.
    fn run(path: &Path) {
        let mut log = ResultLog::open(path, &header("f")).unwrap();
        for id in 0..3 {
            if !log.is_done(&result(id).id) {
                log.append(&[result(id)], 0.5).unwrap();
            }
        }
        assert_eq!(log.done(), 3);
        assert!(log.seconds() >= 0.5);
    }

    #[test]
    fn any_cut_is_mended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.jsonl");
        run(&path);
        let whole = fs::read(&path).unwrap();
        assert_eq!(whole.iter().filter(|&&byte| byte == b'\n').count(), 3);
        for cut in 0..=whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            assert!(read_results(&path).unwrap().len() <= 3);
            run(&path);
            assert_eq!(fs::read(&path).unwrap(), whole, "cut at {cut}");
        }
        assert_eq!(read_run_header(&path).unwrap(), header("f"));
        assert!(matches!(read_run_header(folder.path()), Err(EvalError::Read { .. })));
        assert_eq!(read_results(&path).unwrap(), (0..3).map(result).collect::<Vec<_>>());
    }

    #[test]
    fn an_item_is_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.jsonl");
        let mut log = ResultLog::open(&path, &header("f")).unwrap();
        log.append(&[result(1), result(1), result(2)], 1.5).unwrap();
        log.append(&[result(2), result(3)], 0.25).unwrap();
        assert_eq!(log.seconds(), 1.75);
        drop(log);
        assert_eq!(ResultLog::open(&path, &header("f")).unwrap().seconds(), 1.75);
        assert_eq!(read_results(&path).unwrap().len(), 3);
    }

    #[test]
    fn foreign_files_other_runs_and_other_processes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.jsonl");
        fs::write(&path, "mine\n").unwrap();
        let open = |fingerprint| ResultLog::open(&path, &header(fingerprint)).map(drop).unwrap_err();
        assert!(matches!(open("f"), EvalError::OtherRun { .. }));
        assert_eq!(fs::read(&path).unwrap(), b"mine\n");

        fs::remove_file(&path).unwrap();
        run(&path);
        assert!(open("g").to_string().contains("(different: model)"));
        let _held = ResultLog::open(&path, &header("f")).unwrap();
        assert!(matches!(open("f"), EvalError::InUse { .. }));
    }

    #[test]
    fn a_whole_row_that_is_none_is_not_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.jsonl");
        run(&path);
        let mut content = fs::read(&path).unwrap();
        content[0] = b'x';
        fs::write(&path, &content).unwrap();
        let error = ResultLog::open(&path, &header("f")).map(drop).unwrap_err().to_string();
        assert!(error.contains("line 1, is no result"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}
