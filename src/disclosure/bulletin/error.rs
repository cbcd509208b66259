//! Why there is no bulletin, or nothing more in it.

use jiff::Timestamp;

use super::ending::Ending;
use crate::disclosure::notice::Findings;
use crate::model::AgencyId;

/// Why a bulletin cannot be opened or appended to; it stays as it was.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BulletinError {
    /// The request is not of the agency that the bulletin would name.
    #[error("the request is agency `{named}`'s, but the bulletin would name agency `{known}`")]
    Agency {
        /// Whose request it is.
        named: AgencyId,
        /// Which agency would be named.
        known: AgencyId,
    },
    /// There is no text.
    #[error("the text is blank: write one for the public")]
    TextMissing,
    /// Rules speak against the text.
    #[error(transparent)]
    Findings(Findings),
    /// The area has no cover.
    #[error(transparent)]
    Cover(CoverError),
    /// The window starts in the first hour of the calendar, which is cut short.
    #[error("the window cannot be widened to whole hours: it starts in the first hour there is")]
    Window,
    /// The instant is before the last event.
    #[error("the instant `{at}` is before `{last}`, the last one on record")]
    Backwards {
        /// The instant given.
        at: Timestamp,
        /// The instant of the last entry, or of the review.
        last: Timestamp,
    },
    /// It has ended, and only corrections may follow.
    #[error("the bulletin ended as `{ending}`: only corrections may follow")]
    Ended {
        /// How it ended.
        ending: Ending,
    },
}

/// Why an area cannot be coarsened to H3 cells.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CoverError {
    /// Cells would be so fine that they show whose door it is, or too coarse to show anything.
    #[error("cells of resolution `{resolution}` are not published: take one between 5 and 8")]
    Resolution {
        /// The resolution asked for.
        resolution: u8,
    },
    /// The area is too near to a pole for cells that are compared in degrees.
    #[error("the area reaches latitude `{degrees}`, and no cover goes beyond `{allowed}` degrees")]
    Latitude {
        /// The latitude reached.
        degrees: f64,
        /// How far north and south a cover goes.
        allowed: f64,
    },
    /// The area meets too many cells.
    #[error("the area meets more than `{allowed}` cells: take a coarser resolution")]
    TooManyCells {
        /// The most cells of a cover.
        allowed: usize,
    },
}

/// A text or value is not a bulletin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BulletinReadError {
    /// The resolution is not one that a bulletin may have.
    #[error("the resolution is `{resolution}`, and bulletins have one between 5 and 8")]
    Resolution {
        /// The resolution read.
        resolution: u8,
    },
    /// There are no cells, or too many.
    #[error("there are `{cells}` cells, and bulletins have between 1 and 4096")]
    CellCount {
        /// How many cells were read.
        cells: usize,
    },
    /// A cell is not an H3 cell, or is of another resolution, or at a pole.
    #[error("`{cell}` is not an H3 cell of the bulletin's resolution away from the poles")]
    Cell {
        /// The value that was read.
        cell: String,
    },
    /// The cells do not ascend.
    #[error("the cells do not ascend")]
    CellOrder,
    /// The window is not of whole hours.
    #[error("the window is not one of whole hours")]
    Window,
    /// An entry cannot stand where it does.
    #[error(
        "entry `{entry}` of the history is out of place: the opening comes first, and there is one end at most"
    )]
    Order {
        /// Which entry, counted from 0.
        entry: usize,
    },
    /// An entry is before the one that it follows.
    #[error("entry `{entry}` of the history is before the one that it follows")]
    Backwards {
        /// Which entry, counted from 0.
        entry: usize,
    },
    /// An entry, or the bulletin's content, was edited.
    #[error(
        "entry `{entry}` of the history has another digest than its content: something was edited"
    )]
    Edited {
        /// Which entry, counted from 0.
        entry: usize,
    },
}
