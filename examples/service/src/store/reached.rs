//! The requests that reached each owner, for the owner to see. Removed when they are erased.

use canvass::{OwnerId, RequestId};
use jiff::Timestamp;

use super::counted::{REACHED, leading};
use super::group::{Into, Row};
use super::{Store, StoreError, unread};

/// Owner and request, with the instant of asking in milliseconds since 1970.
pub(super) fn rows(reached: &[(OwnerId, RequestId, Timestamp)], rows: &mut Vec<Row>) {
    for (owner, request, at) in reached {
        let key = [owner.0.to_be_bytes(), request.0.to_be_bytes()].concat();
        let at = at.as_millisecond().to_be_bytes().to_vec();
        rows.push(Row::sealed(Into::Reached, key, at));
    }
}

impl Store {
    /// The requests that reached an owner, each with its instant; in an order without meaning.
    ///
    /// # Errors
    ///
    /// If the database fails or a row cannot be read.
    pub fn reached(&self, owner: OwnerId) -> Result<Vec<(RequestId, Timestamp)>, StoreError> {
        let read = |(key, at): (Vec<u8>, Vec<u8>)| {
            let request = key.get(8..).map_or(0, leading);
            let wrong = |reason: &dyn std::fmt::Display| unread("reached", request, reason);
            let at = at.try_into().map_err(|_| wrong(&"it has not 8 bytes"))?;
            let at = Timestamp::from_millisecond(i64::from_be_bytes(at));
            Ok((RequestId(request), at.map_err(|error| wrong(&error))?))
        };
        self.rows_from(REACHED, &owner.0.to_be_bytes())?.into_iter().map(read).collect()
    }
}
