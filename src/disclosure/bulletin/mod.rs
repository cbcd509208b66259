//! The public record of a request: a [`Bulletin`] with a text, H3 cells, whole hours and a chained history.
//!
//! A bulletin is made of the request and never of a route, so it has no field for a person. Read `bulletin` first (the record),
//! then `cells` (an area coarsened to cells), `history` (the chain of entries) and `ending`; `error` has their errors.

mod bulletin;
mod cells;
mod ending;
mod error;
mod history;

pub use bulletin::Bulletin;
pub use ending::Ending;
pub use error::{BulletinError, BulletinReadError, CoverError};
pub use history::{BulletinEntry, BulletinEvent};
