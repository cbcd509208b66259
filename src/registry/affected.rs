//! Where a batch of changes matters.

use super::change::Change;
use super::registry::Registry;
use crate::geometry::Position;
use crate::model::{CameraId, OwnerId};

impl Registry {
    /// The positions that changes concern, ascending, each once: where they put cameras, where the
    /// cameras that they speak of stand now, and where all cameras stand whose owners they speak of.
    /// The operator's.
    ///
    /// For [`OpenRequests::touched_by`](crate::OpenRequests::touched_by). After the changes were
    /// applied it has all places where somebody may be asked who was not before, whatever other
    /// writers do. Where a camera stood that was moved or removed is only known before they are.
    ///
    /// O(log cameras) for each position, and one look at the writer's side, which waits its turn.
    ///
    /// ```
    /// use canvass::{Camera, CameraId, Change, OwnerId, Position, Recording, Registry};
    ///
    /// let (owner, position) = (OwnerId(1), Position::new(-73.97, 40.77)?);
    /// let recording = Recording::kept_for_days(30);
    /// let registry = Registry::new();
    /// let camera = Camera { id: CameraId(7), owner, position, recording, facing: None };
    /// registry.apply([Change::Register(camera)])?;
    /// assert_eq!(registry.touched(&[Change::Withdraw { owner }]), [position]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn touched(&self, changes: &[Change]) -> Vec<Position> {
        let mut touched = self.state.inspect(|writer, _| {
            let directory = &writer.directory;
            let stands = |camera: CameraId| directory.position(camera);
            let mut touched = Vec::with_capacity(changes.len());
            let mut owners: Vec<OwnerId> = Vec::new();
            for change in changes {
                match change {
                    Change::Register(camera) => touched.push(camera.position),
                    Change::Replace(camera) | Change::Upsert(camera) => {
                        touched.push(camera.position);
                        touched.extend(stands(camera.id));
                    }
                    Change::Move { camera, position } => {
                        touched.push(*position);
                        touched.extend(stands(*camera));
                    }
                    Change::Remove { camera } => touched.extend(stands(*camera)),
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
                touched.extend(cameras.filter_map(stands));
            }
            touched
        });
        touched.sort_unstable();
        touched.dedup();
        touched
    }
}
