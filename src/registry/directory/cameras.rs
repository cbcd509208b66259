//! The cameras of an owner in nine bytes, if their ids follow each other.

use crate::model::CameraId;

/// A run of ids that follow each other, and whether the owner has more cameras than these.
///
/// Operators number cameras from a counter, and most households register all of theirs at once: so the second and
/// third one of an owner take no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, packed)]
pub(crate) struct Cameras {
    first: CameraId,
    /// The length of the run, and `MORE`.
    // INVARIANT: the run does not go beyond the last id. It is not empty if there are more, once a change is done.
    length: u8,
}

/// The bit for more cameras.
const MORE: u8 = 1 << 7;
/// The longest run.
const LONGEST: u8 = MORE - 1;

impl Cameras {
    /// No camera.
    pub(crate) const NONE: Self = Self { first: CameraId(0), length: 0 };

    /// One camera.
    pub(crate) fn one(first: CameraId) -> Self {
        Self { first, length: 1 }
    }

    /// The first id, and the length with its bit: for an entry that keeps them in fewer bytes.
    pub(crate) fn parts(self) -> (u64, u8) {
        (self.first.0, self.length)
    }

    /// The same again.
    pub(crate) fn from_parts(first: u64, length: u8) -> Self {
        Self { first: CameraId(first), length }
    }

    fn len(self) -> u8 {
        self.length & LONGEST
    }

    /// Whether the run is empty.
    pub(crate) fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub(crate) fn has_more(self) -> bool {
        self.length & MORE != 0
    }

    pub(crate) fn with_more(self, has_more: bool) -> Self {
        Self { length: self.len() | if has_more { MORE } else { 0 }, ..self }
    }

    fn with_run(self, first: u64, length: u8) -> Self {
        Self { first: CameraId(first), length }.with_more(self.has_more())
    }

    /// The cameras of the run, ascending.
    pub(crate) fn run(self) -> impl Iterator<Item = CameraId> + use<> {
        let first = self.first.0;
        (0..u64::from(self.len())).map(move |place| CameraId(first.wrapping_add(place)))
    }

    /// With one more camera at either end of the run; `None` if it does not follow.
    pub(crate) fn with(self, camera: CameraId) -> Option<Self> {
        let (first, length) = (self.first.0, self.len());
        if length == 0 {
            return Some(self.with_run(camera.0, 1));
        }
        let is_next = first.checked_add(u64::from(length)) == Some(camera.0);
        let is_previous = camera.0.checked_add(1) == Some(first);
        let start = if is_previous { camera.0 } else { first };
        (length < LONGEST && (is_next || is_previous)).then(|| self.with_run(start, length + 1))
    }

    /// Without a camera of the run, and the cameras behind it, which no longer follow. The same run if the camera
    /// is not of it.
    pub(crate) fn without(
        self,
        camera: CameraId,
    ) -> (Self, impl Iterator<Item = CameraId> + use<>) {
        let (first, length) = (self.first.0, self.len());
        let place = camera.0.wrapping_sub(first);
        let (left, behind) = match u8::try_from(place) {
            Ok(0) if length > 0 => (self.with_run(first.wrapping_add(1), length - 1), length),
            Ok(place) if place < length => (self.with_run(first, place), place + 1),
            _ => (self, length),
        };
        (left, self.run().skip(usize::from(behind)))
    }
}
