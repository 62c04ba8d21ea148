//! What the command lines of the benchmarks have in common.

use std::collections::BTreeMap;

/// The command line's allocator too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// The command line's options, `--name value`, which must be among `known`.
pub(crate) fn options(known: &[&str]) -> Result<BTreeMap<String, String>, Failure> {
    let mut options = BTreeMap::new();
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(name) = arguments.next() {
        if !known.contains(&name.as_str()) {
            return Err(format!("there is no option {name}; there are {}", known.join(", ")).into());
        }
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        options.insert(name, value);
    }
    Ok(options)
}
