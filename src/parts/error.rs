//! Why parts do not fit together, and why sealed bytes are refused.

use crate::model::CameraId;
use crate::registry::Revision;

/// Why parts do not belong to one route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartialError {
    /// The parts, or a part and the request, are of different questions: another request, another
    /// review or another instant.
    #[error(
        "the parts answer different questions: route one request at one instant in all of them"
    )]
    OtherQuestion,
    /// No revision is common to all parts.
    #[error(
        "one part ends at revision `{ends}` and another begins at `{begins}`: ask again where the first came from, once it has read on"
    )]
    Apart {
        /// The last revision of the part that is behind.
        ends: Revision,
        /// The first revision of the part that is ahead.
        begins: Revision,
    },
    /// A camera is in two parts.
    #[error("camera `{camera}` is in two parts: each camera is dealt to one")]
    TwiceCamera {
        /// The camera's id.
        camera: CameraId,
    },
}

/// Why sealed bytes cannot be opened.
#[cfg(feature = "sealed-parts")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The bytes have another beginning than sealed bytes.
    #[error("these bytes are not sealed: they do not begin with `CNVS`")]
    NotSealed,
    /// Bytes are missing at the end.
    #[error("{bytes} bytes are fewer than any seal has: the end is missing")]
    Truncated {
        /// The number of bytes.
        bytes: usize,
    },
    /// Another version of the library sealed them.
    #[error("these bytes are sealed by version {version}, and this library reads version {known}")]
    Version {
        /// Their version.
        version: u8,
        /// The version that this library writes and reads.
        known: u8,
    },
    /// The bytes hold another kind of content.
    #[error("these bytes hold {found}, not {expected}")]
    Kind {
        /// The content to be read.
        expected: &'static str,
        /// The content that the bytes announce.
        found: &'static str,
    },
    /// The seal is not valid under this key.
    #[error("the seal does not hold: another key sealed these bytes, or one of them was changed")]
    Broken,
    /// The seal is valid, but its content cannot be read.
    #[error("the seal holds, but this version of the library cannot read {kind} from its content")]
    Content {
        /// The content to be read.
        kind: &'static str,
    },
}
