//! The log itself: entries, heads and proofs.

use std::collections::BTreeMap;

use ct_merkle::HashableLeaf;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;

use super::entry::AuditEntry;
use super::owner_tags::Asked;
use super::proof::{ConsistencyProof, InclusionProof, ProofError, TreeHead};
use super::secrets::OwnerSalt;
use crate::disclosure::digest::Digest;
use crate::model::OwnerId;

/// An append-only log with proofs. You keep this value, and store its entries.
///
/// ```
/// use canvass::*;
/// use canvass::audit::*;
///
/// # let area = Area::from_bounds(10.0, 50.0, 10.01, 50.01)?;
/// # let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
/// # let request = Request::new(AgencyId(3), IncidentKind::Burglary, area, window).with_case("26-0117");
/// # let agency = Agency::new(AgencyId(3), "Police", AgencyKind::Local);
/// # let camera = Camera::new(CameraId(7), OwnerId(1), Position::new(10.005, 50.005)?, Recording::kept_for_days(30));
/// # let yes = Change::SetConsent { owner: OwnerId(1), consent: Consent::granted() };
/// # let snapshot = Registry::new().apply([Change::Register(camera), yes])?;
/// # let now = "2026-05-02T09:00:00Z".parse()?;
/// let authorized = Policy::without_limits_or_anonymity().review(&request, &agency, &CaseFile::new(agency.id), now)?;
/// let route = snapshot.route(authorized.assume_open(), now);
///
/// // The service's own randomness, and its own safe place for salts.
/// let seeds = [EntrySeed::new([1; 32]), EntrySeed::new([2; 32])];
/// let salts = |owner| (owner == OwnerId(1)).then(|| OwnerSalt::new([9; 32]));
///
/// let mut log = AuditLog::new();
/// let older = log.head();
/// // At the end of the day: what happened, among entries about nobody, in an order by chance.
/// let mut entries = vec![AuditEntry::accepted(&authorized, &seeds[0])];
/// entries.extend(AuditEntry::routed(&route, &seeds[1], salts)?);
/// let routed = entries[1].nonce();
/// for entry in AuditBatch::close(entries, "2026-05-03T00:00:00Z".parse()?, &EntrySeed::new([3; 32])) {
///     log.append(entry)?;
/// }
/// let head = log.head();
/// let index = (0..).zip(log.entries()).find(|(_, entry)| entry.nonce() == routed).map_or(0, |(index, _)| index);
///
/// // Anybody: the entry is in the log, and the log has not been rewritten.
/// let entry = log.entry(index).ok_or("no entry")?;
/// head.verify_inclusion(index, entry, &log.inclusion_proof(index)?)?;
/// head.verify_extends(&older, &log.consistency_proof(older.size())?)?;
/// // The owner: I was asked. Somebody else: I was not.
/// assert_eq!(entry.whether_asked(OwnerId(1), &OwnerSalt::new([9; 32])), Some(Asked::Asked));
/// assert_eq!(entry.whether_asked(OwnerId(2), &OwnerSalt::new([5; 32])), Some(Asked::NotAsked));
/// // Who replays the route: it was this one.
/// entry.verify_subject(&seeds[1].subject_key(), route.digest())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct AuditLog {
    tree: MemoryBackedTree<Sha256, EntryLeaf>,
    // INVARIANT: the nonce of each entry, with its index.
    nonces: BTreeMap<Digest, u64>,
}

/// An entry whose bytes are hashed as a leaf.
#[derive(Clone, Debug)]
struct EntryLeaf(AuditEntry);

impl HashableLeaf for EntryLeaf {
    fn hash<H: ct_merkle::digest::Update>(&self, hasher: &mut H) {
        hasher.update(&self.0.to_bytes());
    }
}

impl AuditLog {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The log with these entries, in this order, as your service stored them. Compare its
    /// [`head`](Self::head) with one that you published.
    ///
    /// O(n log n).
    ///
    /// # Errors
    ///
    /// If two entries have the same nonce.
    pub fn from_entries(
        entries: impl IntoIterator<Item = AuditEntry>,
    ) -> Result<Self, NonceReused> {
        let mut log = Self::new();
        for entry in entries {
            log.append(entry)?;
        }
        Ok(log)
    }

    /// Appends an entry and gives back its index, counted from 0. O(log n).
    ///
    /// Append the entries of an [`AuditBatch`](super::AuditBatch), in its order, and publish no head in between: by
    /// entries that are appended as they come, everybody sees when somebody was asked.
    ///
    /// # Errors
    ///
    /// If an earlier entry has the same nonce, so was made with the same seed: two such entries
    /// could be linked by their tags. The log stays as it was.
    pub fn append(&mut self, entry: AuditEntry) -> Result<u64, NonceReused> {
        let index = self.tree.len();
        if let Some(&by) = self.nonces.get(&entry.nonce()) {
            return Err(NonceReused { by, index });
        }
        self.nonces.insert(entry.nonce(), index);
        // Panics at half of the address space in entries, each of which takes more than that.
        self.tree.push(EntryLeaf(entry));
        Ok(index)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.tree.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// The state of the log, for you to publish.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        let root = Digest((*self.tree.root().as_bytes()).into());
        TreeHead::of_log(self.len(), root)
    }

    /// The entry at an index, counted from 0.
    #[must_use]
    pub fn entry(&self, index: u64) -> Option<&AuditEntry> {
        self.tree.get(usize::try_from(index).ok()?).map(|leaf| &leaf.0)
    }

    /// All entries in their order.
    #[must_use]
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &AuditEntry> {
        self.tree.items().iter().map(|leaf| &leaf.0)
    }

    /// The entries that show that an owner was asked, with their indexes: each is about a route or
    /// its recheck. O(n log a) for n entries of at most a tags.
    ///
    /// ```
    /// use canvass::audit::{AuditLog, OwnerSalt};
    /// use canvass::OwnerId;
    ///
    /// let log = AuditLog::new();
    /// assert_eq!(log.entries_naming(OwnerId(1), &OwnerSalt::new([9; 32])).count(), 0);
    /// ```
    pub fn entries_naming(
        &self,
        owner: OwnerId,
        salt: &OwnerSalt,
    ) -> impl Iterator<Item = (u64, &AuditEntry)> {
        let named =
            move |entry: &AuditEntry| entry.whether_asked(owner, salt) == Some(Asked::Asked);
        (0..).zip(self.entries()).filter(move |(_, entry)| named(entry))
    }

    /// A proof that the log as it is now has the entry at an index. O(log n).
    ///
    /// # Errors
    ///
    /// If there is no such entry.
    pub fn inclusion_proof(&self, index: u64) -> Result<InclusionProof, ProofError> {
        let size = self.len();
        match usize::try_from(index) {
            Ok(place) if index < size => {
                Ok(InclusionProof::from_tree(self.tree.prove_inclusion(place).as_bytes()))
            }
            _ => Err(ProofError::NoSuchEntry { index, size }),
        }
    }

    /// A proof that the log as it is now extends the log as it was with so many entries; an empty
    /// proof if that was none. O(log n).
    ///
    /// # Errors
    ///
    /// If the log never had so many.
    pub fn consistency_proof(&self, older: u64) -> Result<ConsistencyProof, ProofError> {
        let newer = self.len();
        match newer.checked_sub(older).map(usize::try_from) {
            Some(Ok(_)) if older == 0 => Ok(ConsistencyProof::new(Vec::new())),
            Some(Ok(added)) => {
                Ok(ConsistencyProof::from_tree(self.tree.prove_consistency(added).as_bytes()))
            }
            _ => Err(ProofError::NotExtended { older, newer }),
        }
    }
}

/// An entry has the nonce of an earlier one, so it was made with the same seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry `{index}` has the nonce of entry `{by}`: take a fresh seed for each entry")]
pub struct NonceReused {
    by: u64,
    index: u64,
}
