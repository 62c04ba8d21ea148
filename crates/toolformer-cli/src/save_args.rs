//! How a model is saved.

use bytesize::ByteSize;
use clap::{Args, ValueEnum};
use toolformer::model::{GenerationConfig, SaveFormat, SaveOptions};

#[derive(Debug, Args)]
#[command(next_help_heading = "Saving")]
pub(crate) struct SaveArgs {
    /// What the saved weights are stored in
    #[arg(long, value_enum, value_name = "NAME", default_value_t = SavePrecision::F32)]
    save_precision: SavePrecision,
    /// Above this size the weights are cut into shards of at most so much each; units as in 500MB, 5GB and 2GiB
    #[arg(long, value_name = "SIZE", default_value = "50GB", value_parser = size)]
    max_shard_size: ByteSize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SavePrecision {
    F32,
    F16,
    Bf16,
}

impl SaveArgs {
    /// With what the model's makers say about decoding.
    pub(crate) fn options(&self, generation: GenerationConfig) -> SaveOptions {
        let format = match self.save_precision {
            SavePrecision::F32 => SaveFormat::F32,
            SavePrecision::F16 => SaveFormat::F16,
            SavePrecision::Bf16 => SaveFormat::BF16,
        };
        SaveOptions { format, max_shard_bytes: self.max_shard_size.as_u64(), generation }
    }
}

fn size(text: &str) -> Result<ByteSize, String> {
    match text.parse::<ByteSize>() {
        Ok(size) if size.as_u64() > 0 => Ok(size),
        Ok(_) => Err("a shard must have room for something".to_owned()),
        Err(error) => Err(format!("{error}; write it as 500MB, 5GB or 2GiB")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_in_transformers() {
        let bytes = |text: &str| size(text).map(|size| size.as_u64());
        assert_eq!(bytes("5GB"), Ok(5_000_000_000));
        assert_eq!(bytes("2GiB"), Ok(2 << 30));
        assert_eq!(bytes("1000"), Ok(1000));
        for wrong in ["0", "", "5 apples", "-1GB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_default_is_the_librarys() {
        #[derive(clap::Parser)]
        struct Command {
            #[command(flatten)]
            save: SaveArgs,
        }
        let parsed = <Command as clap::Parser>::parse_from(["x"]).save.options(GenerationConfig::default());
        let default = SaveOptions::default();
        assert_eq!((parsed.format, parsed.max_shard_bytes), (default.format, default.max_shard_bytes));
    }
}
