//! The bytes of an entry: the leaf of the log's tree, and one way to store it.

use jiff::Timestamp;

use super::entry::{AuditEntry, AuditEvent, EntryFields};
use super::entry_error::{EntryError, VERSION};
use super::owner_tags::AskedTags;
use crate::disclosure::digest::{Digest, Encoder};

impl AuditEntry {
    /// The entry's bytes, of which there is exactly one form:
    ///
    /// | bytes | field |
    /// |---|---|
    /// | 1 | version of this layout: 2 |
    /// | 1 | event: 1 accepted, 2 refused, 3 routed, 4 receipt |
    /// | 32 | nonce |
    /// | 8 + 4 | instant: seconds from 1970, nanoseconds, signed |
    /// | 8 + n | policy's version: length, UTF-8 |
    /// | 32 + 32 + 32 | commitments to agency, case and subject |
    /// | 8 + (8 + n)... | refused only: number of codes, each with its length |
    /// | 8 + 32 * 64 | routed only: number of tags, and the tags |
    ///
    /// Numbers have their highest byte first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let fields = self.fields();
        let event = match fields.event {
            AuditEvent::Accepted => 1,
            AuditEvent::Refused { .. } => 2,
            AuditEvent::Routed { .. } => 3,
            AuditEvent::Receipt => 4,
        };
        let head = Encoder::default()
            .byte(VERSION)
            .byte(event)
            .digest(fields.nonce)
            .instant(fields.at)
            .text(&fields.policy_version)
            .digest(fields.agency)
            .digest(fields.case)
            .digest(fields.subject);
        match &fields.event {
            AuditEvent::Accepted | AuditEvent::Receipt => head,
            AuditEvent::Refused { codes } => {
                head.each(codes.iter(), |encoder, code| encoder.text(code))
            }
            AuditEvent::Routed { asked } => {
                head.each(asked.tags().iter(), |encoder, tag| encoder.digest(*tag))
            }
        }
        .bytes()
    }

    /// The entry that has these bytes.
    ///
    /// # Errors
    ///
    /// If the bytes are not exactly those of an entry.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EntryError> {
        let mut decoder = Decoder { left: bytes };
        let version = decoder.byte()?;
        if version != VERSION {
            return Err(EntryError::Version { version });
        }
        let event = decoder.byte()?;
        let fields = EntryFields {
            nonce: decoder.digest()?,
            at: decoder.instant()?,
            policy_version: decoder.text()?,
            agency: decoder.digest()?,
            case: decoder.digest()?,
            subject: decoder.digest()?,
            event: match event {
                1 => AuditEvent::Accepted,
                2 => AuditEvent::Refused { codes: decoder.list(Decoder::text)? },
                3 => AuditEvent::Routed { asked: decoder.asked()? },
                4 => AuditEvent::Receipt,
                event => return Err(EntryError::Event { event }),
            },
        };
        let entry = Self::try_from(fields)?;
        // One form only, or an entry could be changed without changing its meaning.
        if !decoder.left.is_empty() {
            Err(EntryError::Trailing { bytes: decoder.left.len() })
        } else if entry.to_bytes() == bytes {
            Ok(entry)
        } else {
            Err(EntryError::Instant)
        }
    }
}

/// Reads the bytes of an [`Encoder`].
struct Decoder<'a> {
    left: &'a [u8],
}

impl Decoder<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], EntryError> {
        let (array, left) = self.left.split_first_chunk().ok_or(EntryError::Truncated)?;
        self.left = left;
        Ok(*array)
    }

    fn byte(&mut self) -> Result<u8, EntryError> {
        self.array().map(|[byte]| byte)
    }

    fn number(&mut self) -> Result<u64, EntryError> {
        self.array().map(u64::from_be_bytes)
    }

    fn digest(&mut self) -> Result<Digest, EntryError> {
        self.array().map(Digest)
    }

    fn instant(&mut self) -> Result<Timestamp, EntryError> {
        let second = self.array().map(i64::from_be_bytes)?;
        let nanosecond = self.array().map(i32::from_be_bytes)?;
        Timestamp::new(second, nanosecond).map_err(|_| EntryError::Instant)
    }

    fn text(&mut self) -> Result<String, EntryError> {
        let length = usize::try_from(self.number()?).map_err(|_| EntryError::Truncated)?;
        let (text, left) = self.left.split_at_checked(length).ok_or(EntryError::Truncated)?;
        self.left = left;
        String::from_utf8(text.to_vec()).map_err(|_| EntryError::Text)
    }

    /// A list grows as its items are read, so a wrong length cannot ask for memory.
    fn list<T>(
        &mut self,
        one: impl Fn(&mut Self) -> Result<T, EntryError>,
    ) -> Result<Vec<T>, EntryError> {
        (0..self.number()?).map(|_| one(self)).collect()
    }

    fn asked(&mut self) -> Result<AskedTags, EntryError> {
        Ok(AskedTags::try_from(self.list(Self::digest)?)?)
    }
}
