//! What stands in an attacker's way, from nothing to everything.

use canvass::Policy;

/// What stands in the attacker's way.
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) policy: Policy,
    pub(crate) memory: Memory,
    pub(crate) told: Told,
}

/// Which outcome a request is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Always its own, which the library does not do.
    ItsOwn,
    /// What the agency's outcomes have for it.
    FirstOfOverlapping,
}

/// Whether a review knows what the agency has asked before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    None,
    CaseFile,
}

/// From nothing in the way to everything.
pub(crate) fn worlds() -> [World; 7] {
    let policy = Policy::default();
    let no_geometry = Policy { min_difference_m2: 0.0, max_overlaps: u32::MAX, ..policy.clone() };
    let no_guard = Policy { min_households: 0, ..policy.clone() };
    let neither = Policy { min_households: 0, ..no_geometry.clone() };
    let none = Policy { max_overlaps: 0, ..policy.clone() };
    let (its_own, first) = (Told::ItsOwn, Told::FirstOfOverlapping);
    let world = |name, policy, memory, told| World { name, policy, memory, told };
    [
        world("no memory", policy.clone(), Memory::None, its_own),
        world("refusal alone", no_guard, Memory::CaseFile, its_own),
        world("guard alone", no_geometry, Memory::CaseFile, its_own),
        world("refusal and guard", policy.clone(), Memory::CaseFile, its_own),
        world("no overlap at all", none, Memory::CaseFile, its_own),
        world("outcomes alone", neither, Memory::CaseFile, first),
        world("the default", policy, Memory::CaseFile, first),
    ]
}
