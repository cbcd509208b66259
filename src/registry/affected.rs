//! The positions that a batch of changes affects.

use super::change::Change;
use super::registry::Registry;
use crate::geometry::Position;
use crate::model::{CameraId, OwnerId};

impl Registry {
    /// The positions that changes affect, ascending, each once: the old and new positions of the
    /// cameras that they name, and the positions of all cameras whose owners they name. The operator's.
    ///
    /// Pass them to [`OpenRequests::touched_by`](crate::OpenRequests::touched_by). If you call this
    /// after applying the changes, you get every position where somebody may now be asked who could
    /// not be asked before, even if other writers apply changes meanwhile. The former position of a
    /// moved or removed camera is known only before they are applied.
    ///
    /// O(log cameras) for each position. Locks the writer once.
    ///
    /// ```
    /// use canvass::{Camera, CameraId, Change, OwnerId, Position, Recording, Registry};
    ///
    /// let (owner, position) = (OwnerId(1), Position::new(-73.97, 40.77)?);
    /// let recording = Recording::kept_for_days(30);
    /// let registry = Registry::new();
    /// let camera = Camera::new(CameraId(7), owner, position, recording);
    /// registry.apply([Change::Register(camera)])?;
    /// assert_eq!(registry.touched(&[Change::Withdraw { owner }]), [position]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn touched(&self, changes: &[Change]) -> Vec<Position> {
        let mut touched = self.state.inspect(|writer, _| {
            let directory = &writer.directory;
            let position_of = |camera: CameraId| directory.position(camera);
            let mut touched = Vec::with_capacity(changes.len());
            let mut owners: Vec<OwnerId> = Vec::new();
            for change in changes {
                match change {
                    Change::Register(camera) => touched.push(camera.position),
                    Change::Replace(camera) | Change::Upsert(camera) => {
                        touched.push(camera.position);
                        touched.extend(position_of(camera.id));
                    }
                    Change::Move { camera, position } => {
                        touched.push(*position);
                        touched.extend(position_of(*camera));
                    }
                    Change::Remove { camera } => touched.extend(position_of(*camera)),
                    Change::SetConsent { owner, .. }
                    | Change::Withdraw { owner }
                    | Change::Forget { owner }
                    | Change::RecordAsked { owner, .. } => owners.push(*owner),
                }
            }
            owners.sort_unstable();
            owners.dedup();
            for owner in owners {
                let cameras = directory.cameras_of(owner);
                touched.extend(cameras.filter_map(position_of));
            }
            touched
        });
        touched.sort_unstable();
        touched.dedup();
        touched
    }
}
