//! The form of a name in which names that look the same are the same.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A name has a character that nobody sees, so it would be another name than it seems to be.
#[derive(Debug)]
pub(crate) struct Invisible(pub(crate) char);

/// A name with its accents composed (NFC) and ordinary blanks: `u` with a diaeresis of its own is `\u{fc}`, and
/// a no-break space is a space. Without it one household would be two, and be asked twice.
pub(crate) fn canonical(text: &str) -> Result<Cow<'_, str>, Invisible> {
    if let Some(mark) = text.chars().find(|&mark| is_invisible(mark)) {
        return Err(Invisible(mark));
    }
    if text.is_ascii() || (is_nfc(text) && !text.contains(is_other_blank)) {
        return Ok(Cow::Borrowed(text));
    }
    let plain = text.chars().map(|letter| if is_other_blank(letter) { ' ' } else { letter });
    Ok(Cow::Owned(plain.nfc().collect()))
}

fn is_other_blank(letter: char) -> bool {
    !letter.is_ascii() && letter.is_whitespace()
}

/// Whether a character has no shape of its own: controls but for line ends and tabs, marks of byte order
/// and of direction, blanks without width. The joiners of Persian and Indic scripts are text.
fn is_invisible(mark: char) -> bool {
    match mark {
        ' '..='~' | '\t' | '\n' | '\r' | '\u{200c}' | '\u{200d}' => false,
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{feff}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' => true,
        mark => mark.is_control(),
    }
}
