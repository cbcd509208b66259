//! Owners who come by themselves: by an operator's invitation, which works once, and from then on by
//! their own token.

use canvass::{Ask, CameraId, Change, Consent, Facing, OwnerId, Recording, RequestId, Revision};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::disclosures::chance;
use super::error::Failure;
use super::told::raw;
use super::writer::{Group, Writer};
use super::{Engine, Refusal};
use crate::settings::TokenDigest;
use crate::store::{Answered, OwnerKeys, StoreError};

/// The time for which an invitation is valid.
const INVITED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A change that an owner makes, or the operator for them.
pub(super) enum Owning {
    /// Invites the owner, with this digest of an invitation.
    Invite { owner: OwnerId, invitation: [u8; 32], now: Timestamp },
    /// Gives the token with this digest to the holder of the invitation.
    Redeem { invitation: [u8; 32], token: [u8; 32], now: Timestamp },
    /// Gives the owner the token with this digest, and ends any other.
    Token { owner: OwnerId, token: [u8; 32] },
    /// Changes or removes one of their cameras.
    Camera { owner: OwnerId, camera: CameraId, change: CameraChange, now: Timestamp },
    /// Sets their consent.
    Consent { owner: OwnerId, consent: Consent, now: Timestamp },
    /// Erases them: nothing that names them is kept.
    Erase { owner: OwnerId, now: Timestamp },
    /// Makes their salt, if they have none.
    Salt { owner: OwnerId },
}

/// An owner's change of one of their cameras.
#[derive(Clone, Copy, Debug)]
pub enum CameraChange {
    /// Changes its facing and recording. It cannot be moved: see the README.
    Describe(Option<Facing>, Recording),
    /// Removes it from the registry.
    Remove,
}

impl Writer {
    pub(super) fn own(&mut self, what: Owning, group: &mut Group) -> Result<Answered, Failure> {
        match what {
            Owning::Invite { owner, invitation, now } => {
                let expires = now.saturating_add(INVITED).unwrap_or(Timestamp::MAX);
                let mut keys = self.keys_of(owner, group)?;
                keys.invitation = Some((invitation, expires));
                group.kept.disclosed.owner_keys.push((owner, keys));
                Ok(Answered { request: None, body: raw(&expires) })
            }
            Owning::Redeem { invitation, token, now } => {
                let found = self.store.owner_with(invitation).map_err(super::error::Fault::from)?;
                let pending = group.kept.disclosed.owner_keys.iter().rev();
                let invited = |keys: &OwnerKeys| {
                    keys.invitation
                        .is_some_and(|(digest, until)| digest == invitation && now < until)
                };
                let owner = found.map(|(owner, _)| owner).or_else(|| {
                    pending.clone().find(|(_, keys)| invited(keys)).map(|&(owner, _)| owner)
                });
                let owner = owner.ok_or(Refusal::InvitationUnknown)?;
                let keys = self.keys_of(owner, group)?;
                if !invited(&keys) {
                    return Err(Refusal::InvitationUnknown.into());
                }
                let keys = OwnerKeys { token: Some(token), invitation: None };
                group.kept.disclosed.owner_keys.push((owner, keys));
                self.salt(&mut group.kept.disclosed, owner)?;
                Ok(Answered { request: None, body: raw(&owner) })
            }
            Owning::Token { owner, token } => {
                let keys = OwnerKeys { token: Some(token), invitation: None };
                group.kept.disclosed.owner_keys.push((owner, keys));
                Ok(Answered { request: None, body: raw(&()) })
            }
            Owning::Camera { owner, camera, change, now } => {
                let held = self.registry.camera(camera).filter(|held| held.owner == owner);
                let mut held = held.ok_or(Refusal::NoSuchCamera(camera))?;
                let changes = match change {
                    CameraChange::Describe(facing, recording) => {
                        (held.facing, held.recording) = (facing, recording);
                        [Change::Replace(held)]
                    }
                    CameraChange::Remove => [Change::Remove { camera }],
                };
                self.change_owned(&changes, now, group)
            }
            Owning::Consent { owner, consent, now } => {
                self.change_owned(&[Change::SetConsent { owner, consent }], now, group)
            }
            Owning::Erase { owner, now } => self.erase(owner, now, group),
            Owning::Salt { owner } => {
                self.salt(&mut group.kept.disclosed, owner)?;
                Ok(Answered { request: None, body: raw(&()) })
            }
        }
    }

    /// Takes an owner out of the registry, the requests and the ledgers, and out of every row. A
    /// checkpoint follows, so that no tile and no log entry has them.
    fn erase(
        &mut self,
        owner: OwnerId,
        now: Timestamp,
        group: &mut Group,
    ) -> Result<Answered, Failure> {
        let cameras = self.registry.cameras_of(owner);
        let removed = cameras.iter().map(|camera| Change::Remove { camera: camera.id });
        let changes: Vec<Change> = removed.chain([Change::Forget { owner }]).collect();
        let answered = self.change_owned(&changes, now, group)?;
        self.requests.forget(owner, &mut group.news);
        group.kept.disclosed.erased.push(owner);
        group.checkpoint = true;
        let told = changed(&answered, &json!({ "owner": owner, "cameras": cameras.len() }));
        Ok(Answered { request: None, body: raw(&told) })
    }

    fn change_owned(
        &mut self,
        changes: &[Change],
        now: Timestamp,
        group: &mut Group,
    ) -> Result<Answered, Failure> {
        let json = raw(&changes).get().as_bytes().to_vec();
        self.apply(changes, json, now, group)
    }

    /// An owner's keys, including this group's changes.
    fn keys_of(&self, owner: OwnerId, group: &Group) -> Result<OwnerKeys, Failure> {
        let pending = group.kept.disclosed.owner_keys.iter().rev().find(|(of, _)| *of == owner);
        match pending {
            Some(&(_, keys)) => Ok(keys),
            None => Ok(self.store.owner_keys(owner).map_err(super::error::Fault::from)?),
        }
    }
}

impl Engine {
    /// Invites an owner: returns an invitation that works once, and its end. It is in no stored
    /// answer; an earlier unused one becomes invalid.
    ///
    /// # Errors
    ///
    /// If the writer accepts no jobs.
    pub async fn invite(
        &self,
        owner: OwnerId,
        now: Timestamp,
    ) -> Result<(String, Timestamp), Refusal> {
        let invitation = secret()?;
        let digest = TokenDigest::of(invitation.as_bytes()).bytes();
        let what = Owning::Invite { owner, invitation: digest, now };
        let answered = self.have_owned(what).await?;
        let until = serde_json::from_str(answered.body.get()).unwrap_or(now);
        Ok((invitation, until))
    }

    /// Exchanges an invitation for a token: returns the owner, and the token, of which only a
    /// digest is stored.
    ///
    /// # Errors
    ///
    /// If nobody has this invitation any more, or the writer accepts no jobs.
    pub async fn redeem(
        &self,
        invitation: &str,
        now: Timestamp,
    ) -> Result<(OwnerId, String), Refusal> {
        let token = secret()?;
        let what = Owning::Redeem {
            invitation: TokenDigest::of(invitation.as_bytes()).bytes(),
            token: TokenDigest::of(token.as_bytes()).bytes(),
            now,
        };
        let answered = self.have_owned(what).await?;
        let owner = serde_json::from_str(answered.body.get()).map_err(|error| {
            tracing::error!(%error, "an owner's number could not be read back");
            Refusal::InvitationUnknown
        })?;
        Ok((owner, token))
    }

    /// Erases an owner; the README lists the data that stay, with reasons.
    ///
    /// # Errors
    ///
    /// If the writer accepts no jobs.
    pub async fn erase(&self, owner: OwnerId, now: Timestamp) -> Result<Answered, Refusal> {
        self.have_owned(Owning::Erase { owner, now }).await
    }

    /// Gives an owner a token. For the demo: elsewhere owners are invited.
    ///
    /// # Errors
    ///
    /// If the writer accepts no jobs.
    pub async fn give_token(&self, owner: OwnerId, token: &str) -> Result<(), Refusal> {
        let token = TokenDigest::of(token.as_bytes()).bytes();
        self.have_owned(Owning::Token { owner, token }).await.map(drop)
    }

    /// The owner whose token has a digest. Reads from the disk.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn owner_with(&self, token: [u8; 32]) -> Result<Option<OwnerId>, StoreError> {
        let found = self.store.owner_with(token)?;
        Ok(found.filter(|(_, keys)| keys.token == Some(token)).map(|(owner, _)| owner))
    }

    /// The requests that reached an owner, and when. Reads from the disk.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn reached(&self, owner: OwnerId) -> Result<Vec<(RequestId, Timestamp)>, StoreError> {
        self.store.reached(owner)
    }
}

/// A random token: 32 bytes as 64 hexadecimal digits.
pub(super) fn secret() -> Result<String, Refusal> {
    let bytes = chance().map_err(|error| {
        tracing::error!(%error, "nothing can be drawn by chance");
        Refusal::StoreFailed
    })?;
    Ok(TokenDigest::from_bytes(bytes).hex())
}

/// The answer to an owner's change.
pub(crate) fn changed(answered: &Answered, more: &serde_json::Value) -> serde_json::Value {
    let told: serde_json::Value = serde_json::from_str(answered.body.get()).unwrap_or_default();
    let mut told = json!({ "revision": told.get("revision") });
    if let (Some(told), Some(more)) = (told.as_object_mut(), more.as_object()) {
        told.extend(more.clone());
    }
    told
}

/// A part of a registry, as changes that rebuild it.
#[derive(Clone, Debug, Serialize)]
pub struct Exported {
    /// The revision of the registry.
    pub revision: Revision,
    /// Cameras, consents and when owners were asked, owner by owner.
    pub changes: Vec<Change>,
    /// The last owner in it, to pass for the next page; none if this is the last page.
    pub next: Option<OwnerId>,
}

/// The number of owners in one export.
const OWNERS: usize = 5000;

impl Engine {
    /// The part of the registry that comes after an owner.
    ///
    /// # Errors
    ///
    /// If the writer accepts no jobs.
    pub async fn export(&self, after: Option<OwnerId>) -> Result<Exported, Refusal> {
        self.look(move |registry, _| {
            // One owner more than a page shows whether there are more.
            let found = registry.owners_after(after, OWNERS + 1);
            let page = found.get(..OWNERS).unwrap_or(&found);
            let mut changes = Vec::new();
            for &owner in page {
                changes.extend(registry.cameras_of(owner).into_iter().map(Change::Register));
                let consent = registry.consent(owner);
                if consent != Consent::default() {
                    changes.push(Change::SetConsent { owner, consent });
                }
                let asked = registry.asked(owner).into_iter();
                changes.extend(asked.map(|Ask { agency, at }| Change::RecordAsked {
                    owner,
                    agency,
                    at,
                }));
            }
            let next = (page.len() < found.len()).then(|| page.last().copied()).flatten();
            Exported { revision: registry.snapshot().revision(), changes, next }
        })
        .await
    }
}
