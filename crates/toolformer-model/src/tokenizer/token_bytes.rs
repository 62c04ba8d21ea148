//! How a vocabulary spells bytes in its token names.

use tokenizers::DecoderWrapper;

/// The way from token names to bytes and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// GPT-2's: every byte is a printable character.
    ByteLevel,
    /// SentencePiece's: `▁` is a space, `<0x0A>` a byte.
    ByteFallback,
    /// Names are the text itself.
    Plain,
}

impl Spelling {
    pub(super) fn of(tokenizer: &tokenizers::Tokenizer) -> Self {
        tokenizer.get_decoder().map_or(Self::Plain, Self::of_decoder)
    }

    fn of_decoder(decoder: &DecoderWrapper) -> Self {
        match decoder {
            DecoderWrapper::ByteLevel(_) => Self::ByteLevel,
            DecoderWrapper::ByteFallback(_) | DecoderWrapper::Metaspace(_) => Self::ByteFallback,
            DecoderWrapper::Sequence(parts) => {
                let parts = parts.get_decoders().iter().map(Self::of_decoder);
                parts.into_iter().find(|&spelling| spelling != Self::Plain).unwrap_or(Self::Plain)
            }
            _ => Self::Plain,
        }
    }

    /// The bytes of a token by its name.
    pub(super) fn bytes(self, name: String) -> Vec<u8> {
        match self {
            // A name with a character that spells no byte stands for itself, as in `tokenizers`.
            Self::ByteLevel => name.chars().map(byte_of).collect::<Option<_>>().unwrap_or(name.into_bytes()),
            Self::ByteFallback => match hex_byte(&name) {
                Some(byte) => vec![byte],
                None => name.replace('▁', " ").into_bytes(),
            },
            Self::Plain => name.into_bytes(),
        }
    }

    /// The bytes of a token that is looked for in the text as it is written, by its name.
    pub(super) fn bytes_of_added(self, name: String) -> Vec<u8> {
        match self {
            // As its decoder does.
            Self::ByteFallback => name.replace('▁', " ").into_bytes(),
            Self::ByteLevel | Self::Plain => name.into_bytes(),
        }
    }

    /// The name that a token of this text would have.
    pub(super) fn name(self, text: &str) -> String {
        match self {
            Self::ByteLevel => text.bytes().map(char_of).collect(),
            Self::ByteFallback => text.replace(' ', "▁"),
            Self::Plain => text.to_owned(),
        }
    }
}

/// GPT-2's `bytes_to_unicode`: printable bytes are themselves, the others follow from U+0100 on in their order.
fn char_of(byte: u8) -> char {
    let code = match byte {
        0..=0x20 => 0x100 + u32::from(byte),
        0x7F..=0xA0 => 0x121 + u32::from(byte - 0x7F),
        0xAD => 0x143,
        printable => u32::from(printable),
    };
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn byte_of(c: char) -> Option<u8> {
    let byte = match u32::from(c) {
        code @ (0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF) => code,
        code @ 0x100..=0x120 => code - 0x100,
        code @ 0x121..=0x142 => code - 0x121 + 0x7F,
        0x143 => 0xAD,
        _ => return None,
    };
    u8::try_from(byte).ok()
}

/// The byte of a name such as `<0x0A>`.
fn hex_byte(name: &str) -> Option<u8> {
    let digits = name.strip_prefix("<0x")?.strip_suffix('>')?;
    let two_digits = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    u8::from_str_radix(digits, 16).ok().filter(|_| two_digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_own_character() {
        for byte in 0..=u8::MAX {
            assert_eq!(byte_of(char_of(byte)), Some(byte));
        }
        assert_eq!([b' ', b'\n', b'\t', 0x7F, 0xAD].map(char_of), ['Ġ', 'Ċ', 'ĉ', 'ġ', '\u{143}']);
        assert_eq!(['\u{144}', '\u{AD}', ' ', '漢'].map(byte_of), [None; 4]);
    }

    #[test]
    fn names_of_sentencepiece() {
        let bytes = |name: &str| Spelling::ByteFallback.bytes(name.to_owned());
        assert_eq!(bytes("<0x0A>"), b"\n");
        assert_eq!(bytes("<0x+A>"), b"<0x+A>");
        assert_eq!(bytes("▁the"), b" the");
        assert_eq!(Spelling::ByteFallback.name(" ["), "▁[");
    }
}
