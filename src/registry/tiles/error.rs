//! Errors in the bytes of tiles.

use std::fmt;

use super::encode::VERSION;
use super::tile::TileKey;
use crate::geometry::PositionError;
use crate::model::{CameraId, FacingError, OwnerId, RecordingError};
use crate::registry::revision::Revision;

/// The bytes of a tile are not as a registry wrote them, or contradict the other tiles.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}{reason}", match (key, index) {
    (Some(key), _) => format!("tile `{key}`, at byte {offset}: "),
    (None, Some(index)) => format!("the tile at index {index}, at byte {offset}: "),
    (None, None) => String::new(),
})]
pub struct TileError {
    /// The index of the tile in the order given, from 0; `None` if the tiles are wrong only together.
    pub index: Option<usize>,
    /// Its key, if its bytes could be read that far.
    pub key: Option<TileKey>,
    /// The offset in its bytes, from 0.
    pub offset: usize,
    /// The flaw found there.
    pub reason: TileFlaw,
}

/// The flaw in the bytes of a tile, with the expected value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TileFlaw {
    /// The bytes end too early.
    #[error("expected `{expected}` more bytes, but `{left}` are left")]
    Truncated {
        /// How many bytes were needed.
        expected: u64,
        /// How many there are.
        left: u64,
    },
    /// There are bytes after the last row.
    #[error("expected the end, but `{left}` bytes are left")]
    Trailing {
        /// How many.
        left: u64,
    },
    /// The first bytes are not those of a tile.
    #[error("expected a tile, which starts with `CNVT`")]
    NoTile,
    /// A version of the format that this release does not read.
    #[error("expected version `{VERSION}` of the format, not `{found}`")]
    Version {
        /// The version found.
        found: u16,
    },
    /// The bytes are not those that were written.
    #[error("expected checksum `{expected:08x}`, not `{found:08x}`: the bytes are not as written")]
    Checksum {
        /// The checksum of the bytes as they are.
        expected: u32,
        /// The checksum that was written.
        found: u32,
    },
    /// The key is neither an H3 cell nor a page.
    #[error("expected an H3 cell or an owner page, not `{found}`")]
    Key {
        /// The number found.
        found: u64,
    },
    /// The kind does not go with the key, or a reserved byte is not 0.
    #[error("expected kind `{expected}`, as the key has it, not `{found}`")]
    Kind {
        /// The kind that goes with the key.
        expected: u16,
        /// The kind found.
        found: u16,
    },
    /// The tile is of a later revision than the registry.
    #[error("expected revision `{at_most}` or an earlier one, not `{found}`")]
    Revision {
        /// The registry's revision.
        at_most: Revision,
        /// The tile's revision.
        found: Revision,
    },
    /// The tile has nothing in it.
    #[error("expected at least one row: a tile without any is not written")]
    NoRows,
    /// A tile of cameras counts instants, which only pages of owners have.
    #[error("expected `0` instants in a tile of cameras, not `{found}`")]
    CountOfOwners {
        /// How many it counts.
        found: u64,
    },
    /// Rows do not ascend by id, or an id occurs twice.
    #[error("expected an id above `{last}`, not `{found}`: rows ascend")]
    RowOrder {
        /// The id of the row before.
        last: u64,
        /// The id of the row.
        found: u64,
    },
    /// A camera's position is not valid.
    #[error("camera `{camera}`: {reason}")]
    Position {
        /// Which camera.
        camera: CameraId,
        /// The reason.
        reason: PositionError,
    },
    /// A camera's longitude is 180, which is written as -180.
    #[error("camera `{camera}`: expected longitude `-180`, not `180`: they are one")]
    Meridian {
        /// Which camera.
        camera: CameraId,
    },
    /// A camera's recording is not valid.
    #[error("camera `{camera}`: {reason}")]
    Recording {
        /// Which camera.
        camera: CameraId,
        /// The reason.
        reason: RecordingError,
    },
    /// A camera's facing is not valid.
    #[error("camera `{camera}`: {reason}")]
    Facing {
        /// Which camera.
        camera: CameraId,
        /// The reason.
        reason: FacingError,
    },
    /// A facing belongs to no row, or facings do not ascend by their rows.
    #[error(
        "expected a facing of a row from `{from}` to below `{rows}`, not of `{found}`: they ascend"
    )]
    FacingRow {
        /// The first row it may be of.
        from: u32,
        /// How many rows there are.
        rows: u32,
        /// The row it is of.
        found: u32,
    },
    /// A camera stands outside the tile's cell.
    #[error("camera `{camera}` stands in tile `{stands_in}`")]
    OtherCell {
        /// Which camera.
        camera: CameraId,
        /// The tile it belongs to.
        stands_in: TileKey,
    },
    /// An owner belongs to another page.
    #[error("owner `{owner}` belongs to tile `{belongs_to}`")]
    OtherPage {
        /// Which owner.
        owner: OwnerId,
        /// The page they belong to.
        belongs_to: TileKey,
    },
    /// A consent cannot be read.
    #[error("expected a granted consent in JSON: {message}")]
    Consent {
        /// The reason.
        message: String,
    },
    /// A consent is not written as a registry writes it, which is in one way.
    #[error("expected consent `{number}` of the page as it is written")]
    ConsentForm {
        /// Which consent of the page, counted from 0.
        number: u32,
    },
    /// A page has a consent that none of its owners has.
    #[error("consent `{number}` of the page is nobody's")]
    NobodysConsent {
        /// Which consent of the page, counted from 0.
        number: u32,
    },
    /// The distinct consents do not ascend, or one occurs twice.
    #[error("expected consent `{number}` to be above the one before")]
    ConsentOrder {
        /// Which consent of the page, counted from 0.
        number: u32,
    },
    /// An owner has a consent that the page has not.
    #[error("owner `{owner}` has consent `{number}` of `{consents}`")]
    NoSuchConsent {
        /// Which owner.
        owner: OwnerId,
        /// The number of their consent, counted from 0.
        number: u32,
        /// How many consents the page has.
        consents: u32,
    },
    /// An owner is listed who has neither a consent nor a history.
    #[error("owner `{owner}` has neither a consent nor a history")]
    NothingOfOwner {
        /// Which owner.
        owner: OwnerId,
    },
    /// The page counts other instants than its owners have.
    #[error("expected `{expected}` instants, as many as the owners have, not `{found}`")]
    Instants {
        /// How many the owners have.
        expected: u64,
        /// How many the page counts.
        found: u32,
    },
    /// An owner's history is longer than any limit looks at, descends, or is out of range.
    #[error("expected at most 30 ascending instants of owner `{owner}`")]
    History {
        /// Which owner.
        owner: OwnerId,
    },
    /// The tile occurs twice.
    #[error("the tile occurs twice")]
    TwiceTile,
    /// A camera is in another tile as well.
    #[error("camera `{camera}` is in another tile as well")]
    TwiceCamera {
        /// Which camera.
        camera: CameraId,
    },
    /// Tiles are cells of different sizes.
    #[error("expected a cell of H3 resolution `{expected}` like the first, not `{found}`")]
    Resolution {
        /// The resolution of the first tile's cell.
        expected: u8,
        /// The resolution of this one's.
        found: u8,
    },
    /// There are more cameras or distinct consents than a registry holds.
    #[error(
        "the registry is full: it holds four billion cameras and, at loading, two billion distinct scopes"
    )]
    RegistryFull,
}

/// The longest quote of a consent in a message, in characters.
const QUOTED: usize = 200;

impl TileFlaw {
    pub(crate) fn consent(message: &impl fmt::Display) -> Self {
        let mut message = message.to_string();
        // Cut off: the detail may quote untrusted bytes of any length.
        if let Some((end, _)) = message.char_indices().nth(QUOTED) {
            message.truncate(end);
            message.push_str(" ...");
        }
        Self::Consent { message }
    }
}
