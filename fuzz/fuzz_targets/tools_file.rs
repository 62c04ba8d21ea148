//! A tools file is read or refused with a message, and what it declares can be described.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use toolformer_tools::ToolsFile;

fuzz_target!(|text: &str| {
    match ToolsFile::parse(text, Path::new("/nowhere")) {
        Ok(file) => {
            for tool in file.tools() {
                assert!(toolformer_text::is_valid_name(tool.name()));
                let parameters = tool.parameters();
                assert!(parameters.json_schema().is_object());
                let _ = (tool.fingerprint(), tool.timeout(), parameters.bind(text));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
