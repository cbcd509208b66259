//! What owners said, on its way into the directory and to the rows of their cameras.

use std::sync::atomic::{AtomicU32, Ordering};

use super::partition::{GROUPS, Partitioned};
use crate::model::{CameraId, Consent, OwnerId, Standing};
use crate::registry::block::RowStanding;
use crate::registry::change::{ChangeError, ChangeRefusal};
use crate::registry::directory::{ConsentExtras, Directory, Owners, standing};
use crate::registry::scopes::{Interner, Terms};
use crate::util::parallel;

/// What owners said, as numbers: of the terms to which they agreed, or of what is special about them.
#[derive(Default)]
pub(crate) struct StagedConsents {
    pub(crate) interner: Interner,
    /// Owners, with a number if they agreed.
    consents: Vec<(OwnerId, Option<u32>)>,
    /// Owners with something special, and the terms to which they agreed, if they did.
    specials: Vec<(OwnerId, Option<u32>, ConsentExtras)>,
}

/// The number of the first owner with something special. Those of terms are lower.
const SPECIAL: u32 = 1 << 31;

impl StagedConsents {
    /// Interns the scopes of consents. About as many are `expected`, at most.
    pub(crate) fn of_consents(
        consents: impl IntoIterator<Item = (OwnerId, Consent)>,
        expected: usize,
    ) -> Result<Self, ChangeError> {
        let (mut said, consents) = (Self::default(), consents.into_iter());
        said.reserve(consents.size_hint().0.min(expected));
        for (index, (owner, consent)) in consents.enumerate() {
            if consent.standing() == Standing::NotGranted {
                said.consents.push((owner, None));
                continue;
            }
            let special = ConsentExtras {
                grant_span: consent.grant_span(),
                limit: consent.limit(),
                asked: None,
            };
            let terms = said.interner.acquire(Terms::of(consent));
            if !terms.is_some_and(|terms| said.note(owner, Some(terms), special)) {
                return Err(ChangeError { index, reason: ChangeRefusal::RegistryFull });
            }
        }
        Ok(said)
    }

    /// Makes room for so many consents.
    pub(crate) fn reserve(&mut self, consents: usize) {
        self.consents.reserve_exact(consents);
    }

    /// Notes the terms to which an owner agreed, if they did, and what is special about them. `false`
    /// if there are no numbers left.
    pub(crate) fn note(
        &mut self,
        owner: OwnerId,
        terms: Option<u32>,
        special: ConsentExtras,
    ) -> bool {
        let mut number = terms.filter(|&terms| terms < SPECIAL);
        if !special.is_default() {
            let next = u32::try_from(self.specials.len()).ok();
            let next = next.and_then(|next| next.checked_add(SPECIAL));
            // The last one has no place in an owner's entry.
            number = number.and(next).filter(|&number| number < u32::MAX);
            self.specials.push((owner, terms, special));
        }
        self.consents.extend(number.map(|number| (owner, Some(number))));
        number.is_some() || terms.is_none()
    }

    /// Puts what owners said and which cameras are theirs in the directory, which has room for so many
    /// owners; with what the rows of their cameras show of it.
    pub(crate) fn join(
        self,
        owned: &Partitioned<(OwnerId, CameraId, u32)>,
        [cameras, owners]: [usize; 2],
        directory: &mut Directory,
    ) -> Result<(Interner, StagedStandings), ChangeError> {
        let Self { interner, consents, specials } = self;
        let grouping = directory.owners.grouping(GROUPS);
        let consents = Partitioned::new(&consents, grouping.groups(), |index, &(owner, said)| {
            (grouping.of(owner.0), (owner, said, index))
        });
        let standings = StagedStandings::new(cameras, &specials);
        let mut special_of: Vec<Vec<_>> = (0..grouping.groups()).map(|_| Vec::new()).collect();
        for special in specials {
            if let Some(of_group) = special_of.get_mut(grouping.of(special.0.0)) {
                of_group.push(special);
            }
        }
        let mut groups: Vec<_> = directory.owners.groups_mut(GROUPS).zip(special_of).collect();
        let twice = parallel::map_mut(&mut groups, |number, (group, specials)| {
            let mut twice = None;
            group.reserve(owners, Owners::reserve);
            for &(owner, said, index) in consents.group(number) {
                let Some(owners) = group.of_mut(owner.0) else { continue };
                if !owners.agree(owner, said) && twice.is_none() {
                    twice = Some((index, owner));
                }
            }
            for &(owner, camera, index) in owned.group(number) {
                let Some(owners) = group.of_mut(owner.0) else { continue };
                standings.set(index, owners.attach(owner, camera));
            }
            // Up to here these had their own number in the place of that of their terms.
            for (owner, terms, special) in std::mem::take(specials) {
                let Some(owners) = group.of_mut(owner.0) else { continue };
                owners.set_terms(owner, terms);
                owners.change_special(owner, |before| *before = special);
            }
            twice
        });
        match twice.into_iter().flatten().min() {
            None => Ok((interner, standings)),
            Some((index, owner)) => {
                let reason = ChangeRefusal::TwoConsents { owner };
                Err(ChangeError { index: index as usize, reason })
            }
        }
    }
}

/// What cameras' owners said, as their rows show it.
pub(crate) struct StagedStandings {
    /// Of each camera: the number of what its owner said and one, or 0.
    said: Vec<AtomicU32>,
    /// Of each owner with something special.
    special: Vec<RowStanding>,
}

impl StagedStandings {
    fn new(cameras: usize, specials: &[(OwnerId, Option<u32>, ConsentExtras)]) -> Self {
        let special = specials.iter().map(|(_, terms, special)| standing(*terms, || Some(special)));
        Self { said: (0..cameras).map(|_| AtomicU32::new(0)).collect(), special: special.collect() }
    }

    fn set(&self, camera: u32, said: Option<u32>) {
        // Each camera is set once, and read after all threads are done.
        if let (Some(said), Some(slot)) = (said, self.said.get(camera as usize)) {
            slot.store(said.saturating_add(1), Ordering::Relaxed);
        }
    }

    /// What a camera's owner said.
    pub(crate) fn said(&self, camera: u32) -> u32 {
        self.said.get(camera as usize).map_or(0, |said| said.load(Ordering::Relaxed))
    }

    /// What a row shows whose owner said something.
    pub(crate) fn of(&self, said: u32) -> RowStanding {
        let Some(said) = said.checked_sub(1) else { return RowStanding::NotGranted };
        match said.checked_sub(SPECIAL) {
            None => RowStanding::Granted { terms: said, timing: None },
            Some(place) => {
                let special = self.special.get(place as usize).copied();
                special.unwrap_or(RowStanding::NotGranted)
            }
        }
    }
}
