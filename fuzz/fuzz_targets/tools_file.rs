//! A tools file is read or refused with a message; what it declares can be described, and arguments bound to it.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use toolformer_tools::ToolsFile;

fuzz_target!(|input: (&str, &str)| {
    let (args, text) = input;
    match ToolsFile::parse(text, Path::new("/nowhere")) {
        Ok(file) => {
            for tool in file.tools() {
                assert!(toolformer_text::is_valid_name(tool.name()));
                let parameters = tool.parameters();
                assert!(parameters.json_schema().is_object());
                let _ = (tool.fingerprint(), tool.timeout(), parameters.bind(args));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
