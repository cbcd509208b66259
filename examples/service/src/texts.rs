//! Texts that people write: their length and their characters.
//!
//! A case reference, a contact and an agency's name are shown to operators and printed in notices.
//! A control character breaks lines and terminals, and a direction character disguises a text as
//! another.

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The text is too long.
    #[error("has more than {allowed} characters; send a shorter text")]
    TooLong {
        /// The most characters.
        allowed: usize,
    },
    /// The text has a forbidden character.
    #[error(
        "has the control or direction character U+{:04X} at place {index}, counted from 0; remove it",
        u32::from(*character)
    )]
    Refused {
        /// The character.
        character: char,
        /// The number of characters in front of it.
        index: usize,
    },
}

/// Checks a text.
///
/// # Errors
///
/// If it has too many characters, or a forbidden one.
pub fn check(text: &str, allowed: usize) -> Result<(), TextError> {
    if text.chars().nth(allowed).is_some() {
        return Err(TextError::TooLong { allowed });
    }
    match text.chars().enumerate().find(|&(_, character)| is_refused(character)) {
        Some((index, character)) => Err(TextError::Refused { character, index }),
        None => Ok(()),
    }
}

/// Whether a character is forbidden in texts: control characters, line and paragraph separators,
/// those that change the direction of text (Unicode's `Bidi_Control`), and invisible ones. Joiners
/// are allowed, since several scripts need them.
#[must_use]
pub fn is_refused(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            // The Arabic letter mark, the zero width space, and the left-to-right and right-to-left marks.
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            // The line and the paragraph separator, embeddings and overrides.
            | '\u{2028}'..='\u{202e}'
            // The word joiner, isolates, and deprecated format characters.
            | '\u{2060}'..='\u{206f}'
            // The byte order mark, annotations, and tags.
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::{TextError, check, is_refused};

    #[test]
    fn names_in_many_scripts_pass_and_direction_characters_do_not() {
        for text in ["26-0117", "Größe, 北京", "محمد", "नमस्ते", "क्\u{200d}ष", "👮\u{200d}♀️"]
        {
            assert_eq!(check(text, 20), Ok(()), "{text}");
        }
        for code in (0..0x20).chain([0x7f, 0x85, 0x61c, 0x200e, 0x202e, 0x2066, 0x2069, 0xfeff]) {
            assert!(char::from_u32(code).is_some_and(is_refused), "U+{code:04X}");
        }
        let refused = TextError::Refused { character: '\u{202e}', index: 2 };
        assert_eq!(check("ab\u{202e}", 3), Err(refused));
        assert!(refused.to_string().contains("U+202E at place 2"), "{refused}");
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(check("äöü", 3), Ok(()));
        assert_eq!(check("äöüx", 3), Err(TextError::TooLong { allowed: 3 }));
    }
}
