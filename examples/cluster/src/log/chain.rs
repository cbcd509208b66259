//! Which records count: decided by every reader from the log alone, and by each in the same way.

use crate::log::record::Record;

/// The state of a chain that decides whether its next record counts.
///
/// A record counts if it names the last record that counted before it, in the epoch that is current. A
/// writer takes office by a record with the next epoch. So of two writers who append at once one is void, a
/// writer that was replaced is void from then on, and a writer that had not read something is void as
/// well: neither clocks, leases nor the engine's own checks have to be right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The epoch of the writer in office; 0 if nobody ever was.
    pub epoch: u64,
    /// The sequence of the last record that counted; 0 for none.
    pub last: u64,
    /// Whether the rule holds.
    pub fence: Fence,
}

/// Whether records that do not follow are void.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fence {
    /// They are: use this.
    #[default]
    Kept,
    /// Every record counts. No process offers this: with it a test shows that the checker of the fault run
    /// notices.
    Broken,
}

/// Whether a record counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Valid,
    /// Its writer had not read the record that came before, or is out of office.
    Void,
}

/// A record names another that this reader does not have: the reader must stop, since it has missed
/// something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "record {sequence} of chain {chain} follows record {after}, and this reader knows none that counts after {last}: it missed a record and must be started anew"
)]
pub struct Lacking {
    /// The chain.
    pub chain: u16,
    /// The record.
    pub sequence: u64,
    /// The record that it names.
    pub after: u64,
    /// The last one that this reader has.
    pub last: u64,
}

impl Chain {
    /// Takes the next record of the chain.
    ///
    /// # Errors
    ///
    /// If the record names one that this reader lacks.
    pub fn judge(&mut self, sequence: u64, record: &Record) -> Result<Verdict, Lacking> {
        let &Record { chain, epoch, after, .. } = record;
        if after > self.last {
            return Err(Lacking { chain, sequence, after, last: self.last });
        }
        let takes_office = record.body.takes_office();
        let expected = if takes_office { self.epoch.saturating_add(1) } else { self.epoch };
        let follows = after == self.last && epoch == expected;
        if !follows && self.fence == Fence::Kept {
            return Ok(Verdict::Void);
        }
        (self.epoch, self.last) = (epoch, sequence);
        Ok(Verdict::Valid)
    }
}
