//! Languages by their codes.

use std::{fmt, str::FromStr};

use whatlang::Lang;

/// A language that can be recognised: one of seventy.
///
/// ```
/// use toolformer_tools::Language;
/// let spanish: Language = "es".parse()?;
/// assert_eq!(spanish, "spa".parse()?);
/// assert_eq!((spanish.iso639_1(), spanish.iso639_3(), spanish.name()), ("es", "spa", "Spanish"));
/// # Ok::<(), toolformer_tools::UnknownLanguage>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Language(pub(super) Lang);

/// A code that is no language's here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{code}` is not the code of a language known here; write one such as en or eng (ISO 639)")]
pub struct UnknownLanguage {
    /// The code.
    pub code: String,
}

/// Codes of groups of languages, for the member that is recognised: Chinese, Persian, Norwegian.
const GROUPS: &[(&str, Lang)] =
    &[("zho", Lang::Cmn), ("fas", Lang::Pes), ("no", Lang::Nob), ("nor", Lang::Nob)];

impl Language {
    /// English.
    pub const ENGLISH: Self = Self(Lang::Eng);

    /// Every language that can be recognised.
    pub fn all() -> impl Iterator<Item = Self> {
        Lang::all().iter().copied().map(Self)
    }

    /// The code of ISO 639-3, of three letters.
    pub fn iso639_3(self) -> &'static str {
        self.0.code()
    }

    /// The English name.
    pub fn name(self) -> &'static str {
        self.0.eng_name()
    }

    /// The code of ISO 639-1, of two letters.
    pub fn iso639_1(self) -> &'static str {
        match self.0 {
            Lang::Afr => "af",
            Lang::Aka => "ak",
            Lang::Amh => "am",
            Lang::Ara => "ar",
            Lang::Aze => "az",
            Lang::Bel => "be",
            Lang::Ben => "bn",
            Lang::Bul => "bg",
            Lang::Cat => "ca",
            Lang::Ces => "cs",
            Lang::Cmn => "zh",
            Lang::Cym => "cy",
            Lang::Dan => "da",
            Lang::Deu => "de",
            Lang::Ell => "el",
            Lang::Eng => "en",
            Lang::Epo => "eo",
            Lang::Est => "et",
            Lang::Fin => "fi",
            Lang::Fra => "fr",
            Lang::Guj => "gu",
            Lang::Heb => "he",
            Lang::Hin => "hi",
            Lang::Hrv => "hr",
            Lang::Hun => "hu",
            Lang::Hye => "hy",
            Lang::Ind => "id",
            Lang::Ita => "it",
            Lang::Jav => "jv",
            Lang::Jpn => "ja",
            Lang::Kan => "kn",
            Lang::Kat => "ka",
            Lang::Khm => "km",
            Lang::Kor => "ko",
            Lang::Lat => "la",
            Lang::Lav => "lv",
            Lang::Lit => "lt",
            Lang::Mal => "ml",
            Lang::Mar => "mr",
            Lang::Mkd => "mk",
            Lang::Mya => "my",
            Lang::Nep => "ne",
            Lang::Nld => "nl",
            Lang::Nob => "nb",
            Lang::Ori => "or",
            Lang::Pan => "pa",
            Lang::Pes => "fa",
            Lang::Pol => "pl",
            Lang::Por => "pt",
            Lang::Ron => "ro",
            Lang::Rus => "ru",
            Lang::Sin => "si",
            Lang::Slk => "sk",
            Lang::Slv => "sl",
            Lang::Sna => "sn",
            Lang::Spa => "es",
            Lang::Srp => "sr",
            Lang::Swe => "sv",
            Lang::Tam => "ta",
            Lang::Tel => "te",
            Lang::Tgl => "tl",
            Lang::Tha => "th",
            Lang::Tuk => "tk",
            Lang::Tur => "tr",
            Lang::Ukr => "uk",
            Lang::Urd => "ur",
            Lang::Uzb => "uz",
            Lang::Vie => "vi",
            Lang::Yid => "yi",
            Lang::Zul => "zu",
        }
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Reads a code of ISO 639-1 or 639-3, in capitals or not.
    fn from_str(code: &str) -> Result<Self, Self::Err> {
        let lower = code.trim().to_ascii_lowercase();
        let group = || GROUPS.iter().find(|(group, _)| *group == lower).map(|(_, lang)| Self(*lang));
        let known =
            Self::all().find(|language| [language.iso639_1(), language.iso639_3()].contains(&&*lower));
        known.or_else(group).ok_or_else(|| UnknownLanguage { code: code.to_owned() })
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Language({})", self.iso639_3())
    }
}
