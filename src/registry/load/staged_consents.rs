//! Consents staged during a bulk load, before they are written to the directory and the rows.

use std::sync::atomic::{AtomicU32, Ordering};

use super::partition::{GROUPS, Partitioned};
use crate::model::{CameraId, Consent, OwnerId, Standing};
use crate::registry::block::RowStanding;
use crate::registry::change::{ChangeError, ChangeRefusal};
use crate::registry::directory::{ConsentExtras, Directory, Owners, standing};
use crate::registry::scopes::{Interner, Terms};
use crate::util::parallel;

/// Staged consents: the number of the interned terms, or of the owner's extras.
#[derive(Default)]
pub(crate) struct StagedConsents {
    pub(crate) interner: Interner,
    /// Owners, with the number of their terms, from `FIRST_EXTRAS` on of their extras, or `NOT_GRANTED`.
    consents: Vec<(OwnerId, u32)>,
    /// Owners with extras, and the terms to which they agreed, if they did.
    all_extras: Vec<(OwnerId, Option<u32>, ConsentExtras)>,
}

/// The number of the first owner with extras. Numbers of terms are lower.
const FIRST_EXTRAS: u32 = 1 << 31;

/// Stands for the answer of an owner who did not agree, so that a second answer is noticed. The number after it does not
/// fit an owner's entry.
const NOT_GRANTED: u32 = u32::MAX - 1;

impl StagedConsents {
    /// Interns the scopes of consents, of which at most about `expected` are distinct.
    pub(crate) fn of_consents(
        consents: impl IntoIterator<Item = (OwnerId, Consent)>,
        expected: usize,
    ) -> Result<Self, ChangeError> {
        let (mut staged, consents) = (Self::default(), consents.into_iter());
        staged.reserve(consents.size_hint().0.min(expected));
        for (index, (owner, consent)) in consents.enumerate() {
            if consent.standing() == Standing::NotGranted {
                staged.consents.push((owner, NOT_GRANTED));
                continue;
            }
            let extras = ConsentExtras {
                consent_period: consent.consent_period(),
                limit: consent.limit(),
                asked: None,
            };
            let terms = staged.interner.acquire(Terms::of(consent));
            if !terms.is_some_and(|terms| staged.note(owner, Some(terms), extras)) {
                return Err(ChangeError { index, reason: ChangeRefusal::RegistryFull });
            }
        }
        Ok(staged)
    }

    /// Makes room for so many consents.
    pub(crate) fn reserve(&mut self, consents: usize) {
        self.consents.reserve_exact(consents);
    }

    /// Stages the terms to which an owner agreed, if they did, and the owner's extras. `false` if all
    /// numbers are in use.
    pub(crate) fn note(
        &mut self,
        owner: OwnerId,
        terms: Option<u32>,
        extras: ConsentExtras,
    ) -> bool {
        let mut number = terms.filter(|&terms| terms < FIRST_EXTRAS);
        if !extras.is_default() {
            let next = u32::try_from(self.all_extras.len()).ok();
            let next = next.and_then(|next| next.checked_add(FIRST_EXTRAS));
            number = number.and(next).filter(|&number| number < NOT_GRANTED);
            self.all_extras.push((owner, terms, extras));
        }
        self.consents.extend(number.map(|number| (owner, number)));
        number.is_some() || terms.is_none()
    }

    /// Writes the consents and the owners' cameras to the directory, in which `reserve` makes room for so many owners.
    /// Returns the standing that the rows of each camera store.
    pub(crate) fn join(
        self,
        owned: &Partitioned<(OwnerId, CameraId, u32)>,
        [cameras, owners]: [usize; 2],
        reserve: fn(&mut Owners, usize),
        directory: &mut Directory,
    ) -> Result<(Interner, StagedStandings), ChangeError> {
        let Self { interner, consents, all_extras } = self;
        let grouping = directory.owners.grouping(GROUPS);
        let consents = Partitioned::new(&consents, grouping.groups(), |index, &(owner, answer)| {
            (grouping.of(owner.0), (owner, answer, index))
        });
        let standings = StagedStandings::new(cameras, &all_extras);
        let mut extras_of: Vec<Vec<_>> = (0..grouping.groups()).map(|_| Vec::new()).collect();
        for extras in all_extras {
            if let Some(of_group) = extras_of.get_mut(grouping.of(extras.0.0)) {
                of_group.push(extras);
            }
        }
        let mut groups: Vec<_> = directory.owners.groups_mut(GROUPS).zip(extras_of).collect();
        let twice = parallel::map_mut(&mut groups, |number, (group, all_extras)| {
            let mut twice = None;
            group.reserve(owners, reserve);
            for &(owner, answer, index) in consents.group(number) {
                let Some(owners) = group.of_mut(owner.0) else { continue };
                if !owners.agree(owner, answer) && twice.is_none() {
                    twice = Some((index, owner));
                }
            }
            for &(owner, camera, index) in owned.group(number) {
                let Some(owners) = group.of_mut(owner.0) else { continue };
                standings.set(index, owners.attach(owner, camera));
            }
            // Until now these owners had their own number in the place of their terms' number.
            for (owner, terms, extras) in std::mem::take(all_extras) {
                let Some(owners) = group.of_mut(owner.0) else { continue };
                owners.change(owner, |its_terms, its_extras| {
                    *its_terms = terms;
                    *its_extras = extras;
                });
            }
            for &(owner, answer, _) in consents.group(number) {
                if answer == NOT_GRANTED
                    && let Some(owners) = group.of_mut(owner.0)
                {
                    owners.change(owner, |its_terms, _| *its_terms = None);
                }
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

/// The standing of each camera's owner, for its row.
pub(crate) struct StagedStandings {
    /// For each camera: the number of its owner's terms or extras plus one; 0 if the owner did not
    /// agree.
    answer: Vec<AtomicU32>,
    /// For each owner with extras.
    extras: Vec<RowStanding>,
}

impl StagedStandings {
    fn new(cameras: usize, all_extras: &[(OwnerId, Option<u32>, ConsentExtras)]) -> Self {
        let extras = all_extras.iter().map(|(_, terms, extras)| standing(*terms, || Some(extras)));
        Self { answer: (0..cameras).map(|_| AtomicU32::new(0)).collect(), extras: extras.collect() }
    }

    fn set(&self, camera: u32, answer: Option<u32>) {
        // Each camera is set once, and read after all threads have ended.
        let answer = answer.filter(|&answer| answer != NOT_GRANTED);
        if let (Some(answer), Some(slot)) = (answer, self.answer.get(camera as usize)) {
            slot.store(answer.saturating_add(1), Ordering::Relaxed);
        }
    }

    /// The number of a camera's owner.
    pub(crate) fn answer(&self, camera: u32) -> u32 {
        self.answer.get(camera as usize).map_or(0, |answer| answer.load(Ordering::Relaxed))
    }

    /// The standing of a row whose owner agreed.
    pub(crate) fn of(&self, answer: u32) -> RowStanding {
        let Some(answer) = answer.checked_sub(1) else { return RowStanding::NotGranted };
        match answer.checked_sub(FIRST_EXTRAS) {
            None => RowStanding::Granted { terms: answer, timing: None },
            Some(place) => {
                let extras = self.extras.get(place as usize).copied();
                extras.unwrap_or(RowStanding::NotGranted)
            }
        }
    }
}
