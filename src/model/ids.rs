//! Numbers that the operator gives to agencies, cameras, owners and requests.

use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

/// A text is not an id: a whole number up to 18446744073709551615, as it is displayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not an id; give a whole number up to 18446744073709551615, without sign or leading zeros"
)]
pub struct IdError {
    /// The text given, cut off behind 40 characters.
    pub text: String,
}

/// Reads a number as it is displayed, so that one id has one spelling.
fn number(text: &str) -> Result<u64, IdError> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = plain && (text == "0" || !text.starts_with('0'));
    let number = if canonical { text.parse().ok() } else { None };
    number.ok_or_else(|| IdError { text: text.chars().take(40).collect() })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            /// Reads the id as it is displayed, for a path, a form or a command line.
            ///
            /// # Errors
            ///
            /// If the text is anything but the digits of a number up to `u64::MAX`: `+7` and `007` are
            /// refused, since one id has one spelling.
            fn from_str(text: &str) -> Result<Self, IdError> {
                number(text).map(Self)
            }
        }
    };
}

id! {
    /// The operator's number for an agency.
    AgencyId
}
id! {
    /// The operator's number for a camera.
    ///
    /// ```
    /// use canvass::CameraId;
    ///
    /// assert_eq!("42".parse(), Ok(CameraId(42)));
    /// assert!("042".parse::<CameraId>().is_err());
    /// ```
    CameraId
}
id! {
    /// The operator's number for an owner: the household that is asked, once per request.
    OwnerId
}

impl OwnerId {
    /// The number of the owner's partition among so many: below `of`, the same on every machine and
    /// in every version. Use it to deal owners, with all their cameras, to registries that
    /// [`Snapshot::partial_route`](crate::Snapshot::partial_route) asks together.
    ///
    /// With a power of two up to 1,024 each page of owners (see [`TileKey`](crate::tiles::TileKey)) lies
    /// in one partition.
    ///
    /// ```
    /// use std::num::NonZeroU16;
    ///
    /// use canvass::OwnerId;
    ///
    /// let eight = NonZeroU16::new(8).ok_or("none")?;
    /// assert_eq!([1, 2, 3].map(|owner| OwnerId(owner).partition(eight)), [2, 6, 0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn partition(self, of: NonZeroU16) -> u16 {
        // Below `of`, since the hash has 64 bits.
        u16::try_from((u128::from(self.hash()) * u128::from(of.get())) >> 64).unwrap_or(0)
    }

    /// The finalizer of `SplitMix64`, which never changes: stored tiles and partitions depend on it.
    pub(crate) fn hash(self) -> u64 {
        let x = self.0;
        let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
}

id! {
    /// The operator's number for a request that was opened.
    RequestId
}
