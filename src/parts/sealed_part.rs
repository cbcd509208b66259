//! Parts as sealed bytes.

use jiff::Timestamp;

use super::error::SealError;
use super::operator_key::{Kind, OperatorKey};
use super::partial_route::PartialRoute;
use crate::disclosure::{Digest, Encoder};
use crate::model::{CameraId, OwnerId};
use crate::registry::Revision;

impl PartialRoute {
    /// The part as bytes for the process that merges. Send them in a reply and store them nowhere:
    /// they may name households that never agreed to be asked.
    ///
    /// 16 bytes for each camera, 8 for each household, 20 for each owner who waits, and 130.
    /// Needs the feature `sealed-parts`.
    #[must_use]
    pub fn seal(&self, key: &OperatorKey) -> Vec<u8> {
        let Self {
            question,
            now,
            needed,
            begins,
            ends,
            rows,
            waiting,
            households,
            needed_new,
            new_households,
        } = self;
        let content = Encoder::default()
            .digest(*question)
            .instant(*now)
            .number(u64::from(*needed))
            .number(begins.0)
            .number(ends.0)
            .each(rows.iter(), |encoder, (owner, camera)| encoder.number(owner.0).number(camera.0))
            .each(waiting.iter(), |encoder, (owner, until)| encoder.number(owner.0).instant(*until))
            .each(households.iter(), |encoder, owner| encoder.number(owner.0))
            .number(u64::from(*needed_new))
            .each(new_households.iter(), |encoder, owner| encoder.number(owner.0));
        key.seal(Kind::Part, content.as_bytes())
    }

    /// The part that a process of the operator sealed.
    ///
    /// # Errors
    ///
    /// If the bytes are not sealed under this key, or not a part.
    pub fn unseal(key: &OperatorKey, bytes: &[u8]) -> Result<Self, SealError> {
        let content = key.unseal(Kind::Part, bytes)?;
        read(&mut Reader { left: &content }).ok_or(SealError::Content { kind: Kind::Part.name() })
    }
}

fn read(reader: &mut Reader<'_>) -> Option<PartialRoute> {
    let part = PartialRoute {
        question: Digest(reader.array()?),
        now: reader.instant()?,
        needed: u32::try_from(reader.number()?).ok()?,
        begins: Revision(reader.number()?),
        ends: Revision(reader.number()?),
        rows: reader
            .list(|reader| Some((OwnerId(reader.number()?), CameraId(reader.number()?))))?,
        waiting: reader.list(|reader| Some((OwnerId(reader.number()?), reader.instant()?)))?,
        households: reader.list(|reader| reader.number().map(OwnerId))?,
        needed_new: u32::try_from(reader.number()?).ok()?,
        new_households: reader.list(|reader| reader.number().map(OwnerId))?,
    };
    (reader.left.is_empty() && part.is_whole()).then_some(part)
}

/// Reads the bytes of an [`Encoder`].
struct Reader<'a> {
    left: &'a [u8],
}

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, left) = self.left.split_first_chunk()?;
        self.left = left;
        Some(*array)
    }

    fn number(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn instant(&mut self) -> Option<Timestamp> {
        let second = self.array().map(i64::from_be_bytes)?;
        Timestamp::new(second, self.array().map(i32::from_be_bytes)?).ok()
    }

    /// A list grows as its items are read, so a wrong length cannot ask for memory.
    fn list<T>(&mut self, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.number()?).map(|_| one(self)).collect()
    }
}
