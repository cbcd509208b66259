//! Pause, expiry, limit and history of an owner.

use crate::model::{AgencyId, AskLimit, AskTime, ConsentPeriod};

/// The parts of a consent or history that most owners do not have.
#[derive(Clone, Debug)]
pub(crate) struct ConsentExtras {
    pub(crate) consent_period: ConsentPeriod,
    pub(crate) limit: AskLimit,
    /// The last times the owner was asked and by whom, ascending; at most as many as a limit can look at.
    /// Boxed, since most owners with extras were never asked.
    #[expect(clippy::box_collection, reason = "8 bytes in a table of many, not 24")]
    pub(crate) asked: Option<Box<Vec<AskTime>>>,
}

impl Default for ConsentExtras {
    fn default() -> Self {
        let consent_period = ConsentPeriod { paused_until: i64::MIN, expires: i64::MAX };
        Self { consent_period, limit: AskLimit::default(), asked: None }
    }
}

impl ConsentExtras {
    /// When the owner was asked and by whom, ascending.
    pub(crate) fn asked(&self) -> &[AskTime] {
        self.asked.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Whether no extra is left.
    pub(crate) fn is_default(&self) -> bool {
        self.consent_period.paused_until == i64::MIN
            && self.consent_period.expires == i64::MAX
            && self.limit == AskLimit::default()
            && self.asked.is_none()
    }

    pub(crate) fn record(&mut self, at: i64, agency: Option<AgencyId>) {
        let asked = self.asked.get_or_insert_default();
        // One more, not four: few are asked often.
        asked.reserve_exact(1);
        let index = asked.partition_point(|&earlier| earlier <= (at, agency));
        asked.insert(index, (at, agency));
        let surplus = asked.len().saturating_sub(usize::from(AskLimit::MAX));
        asked.drain(..surplus);
    }
}
