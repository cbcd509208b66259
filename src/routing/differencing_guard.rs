//! The differencing guard: two requests of an agency must not differ by a few households.
//!
//! The households of an area are those with a camera in it, or with one that sees into it if the request
//! asks for such cameras, whatever they answered. The guard compares the households N of the new area
//! with each set E of households of an earlier area of the agency, and with the union of all E if there
//! are several:
//!
//! 1. The guard starts with A = N. While A without some E has fewer households than the anonymity set,
//!    but at least one, it removes those households from A. Otherwise whoever answers the one request
//!    and not the other would be one of a few.
//! 2. If for some E both N without E and E without N are smaller than the anonymity set, N and E count
//!    as equal: owners are asked only if each such E, without the households removed from A, still has
//!    as many households as the anonymity set. If no E counts as equal, A itself must have as many.

use std::ops::ControlFlow;

use fearless_simd::Level;

use super::prune::WalkBuffers;
use super::view_walk;
use crate::geometry::Area;
use crate::model::OwnerId;
use crate::registry::Snapshot;
use crate::request::{AuthorizedRequest, CameraScope};

/// The guard's verdict on one request.
#[derive(Debug)]
pub(crate) struct DifferencingGuard {
    // INVARIANT: ascending, each once.
    left_out: Vec<OwnerId>,
    enough: bool,
}

impl DifferencingGuard {
    /// `None` if the agency has not asked near there before, which costs nothing.
    ///
    /// Else a walk for each earlier area, whose households are kept meanwhile, and O(h log h) for the h of
    /// them all, each time that some are left out: at most once for an area, and hardly ever more than once.
    #[inline]
    pub(crate) fn of(
        snapshot: &Snapshot,
        authorized: &AuthorizedRequest,
        level: Level,
        walked: &mut WalkBuffers<'static>,
    ) -> Option<Self> {
        if authorized.earlier().is_empty() {
            return None;
        }
        Some(Self::compare(snapshot, authorized, level, walked))
    }

    #[cold]
    fn compare(
        snapshot: &Snapshot,
        authorized: &AuthorizedRequest,
        level: Level,
        walked: &mut WalkBuffers<'static>,
    ) -> Self {
        let needed = authorized.min_households() as usize;
        let few = |households: &[OwnerId]| households.len() < needed;
        let request = authorized.request();
        let new = census(snapshot, (&request.area, request.camera_scope), level, walked);
        let earlier = authorized.earlier();
        let mut others: Vec<Vec<OwnerId>> = earlier
            .iter()
            .map(|(area, camera_scope)| census(snapshot, (area, *camera_scope), level, walked))
            .collect();
        if others.len() > 1 {
            others.push(sorted(others.concat()));
        }
        let is_equal = |old: &&Vec<OwnerId>| few(&without(&new, old)) && few(&without(old, &new));
        let equals: Vec<_> = others.iter().filter(is_equal).collect();
        // To leave some out may let those who are left differ from another area by a few.
        let mut asked = new.clone();
        loop {
            let added = others.iter().map(|old| without(&asked, old)).filter(|added| few(added));
            let left_out = sorted(added.flatten().collect());
            if left_out.is_empty() {
                break;
            }
            asked = without(&asked, &left_out);
        }
        let left_out = without(&new, &asked);
        // As if the areas were equal; where several earlier areas are, all of them must agree.
        let enough = if equals.is_empty() {
            !few(&asked)
        } else {
            equals.iter().all(|old| !few(&without(old, &left_out)))
        };
        Self { left_out, enough }
    }

    /// Whether a household is left out on this request's account.
    pub(crate) fn leaves_out(&self, owner: OwnerId) -> bool {
        self.left_out.binary_search(&owner).is_ok()
    }

    /// Whether there are enough households for anyone to be asked.
    pub(crate) fn has_enough(&self) -> bool {
        self.enough
    }
}

/// The households with a camera in an area, or one that sees into it, ascending.
fn census(
    snapshot: &Snapshot,
    of: (&Area, CameraScope),
    level: Level,
    walked: &mut WalkBuffers<'static>,
) -> Vec<OwnerId> {
    let mut owners = Vec::new();
    let walked = view_walk::rows(snapshot.root(), of, level, walked, |block, inside| {
        owners.extend(inside.rows().map(|row| block.ids(row).0));
        ControlFlow::Continue(())
    });
    debug_assert!(walked.is_continue(), "nothing ends this walk");
    sorted(owners)
}

fn sorted(mut owners: Vec<OwnerId>) -> Vec<OwnerId> {
    owners.sort_unstable();
    owners.dedup();
    owners
}

/// Those that are not among others, both ascending.
fn without(owners: &[OwnerId], others: &[OwnerId]) -> Vec<OwnerId> {
    let is_other = |owner: &OwnerId| others.binary_search(owner).is_ok();
    owners.iter().copied().filter(|owner| !is_other(owner)).collect()
}
