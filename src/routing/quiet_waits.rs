//! Who must wait for the end of the quiet hours. A request without quiet hours never comes here.

use std::collections::HashMap;

use foldhash::quality::RandomState;
use jiff::Timestamp;

use super::route::Route;
use crate::model::{OwnerId, QuietHours, Zone};
use crate::registry::{Block, TermsTable};
use crate::util::RowMask;

/// The owners who must wait, in the order of the walk, and the decisions made on the way: each zone
/// once for a request. The maps are looked up in and never gone through.
#[derive(Clone, Debug, Default)]
pub(crate) struct QuietWaits {
    /// Of owners who named no zone, as most do: they live in the policy's.
    #[expect(clippy::option_option, reason = "not decided, or that nobody waits")]
    usual: Option<Option<Timestamp>>,
    by_terms: HashMap<u32, Option<Timestamp>, RandomState>,
    by_zone: HashMap<Zone, Option<Timestamp>, RandomState>,
    waiting: Vec<(OwnerId, Timestamp)>,
}

impl QuietWaits {
    pub(crate) fn clear(&mut self) {
        self.usual = None;
        self.by_terms.clear();
        self.by_zone.clear();
        self.waiting.clear();
    }

    /// Takes the rows of a mask whose owners must wait at `now`.
    pub(crate) fn take(
        &mut self,
        (block, asked): (&Block, RowMask),
        terms: &TermsTable,
        hours: &QuietHours,
        now: Timestamp,
    ) {
        let Self { usual, by_terms, by_zone, waiting } = self;
        for row in asked.rows() {
            let number = block.terms(row);
            let not_before = match terms.zone(number) {
                None => *usual.get_or_insert_with(|| hours.not_before(now, hours.zone())),
                Some(zone) => *by_terms.entry(number).or_insert_with(|| {
                    *by_zone.entry(zone.clone()).or_insert_with(|| hours.not_before(now, zone))
                }),
            };
            waiting.extend(not_before.map(|instant| (block.ids(row).0, instant)));
        }
    }

    /// Who must wait, ascending, each once.
    pub(crate) fn sorted(&mut self) -> &[(OwnerId, Timestamp)] {
        self.waiting.sort_unstable();
        self.waiting.dedup();
        &self.waiting
    }

    /// Writes to a route who must wait.
    pub(crate) fn write_into(&mut self, route: &mut Route) {
        route.wait(self.sorted());
    }
}
