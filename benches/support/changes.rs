//! A mix of changes as services see it.

use canvass::{Camera, CameraId, Change, OwnerId, Position};
use fastrand::Rng;
use jiff::SignedDuration;

use super::now;
use super::population::{DataSet, offset, rng};

/// Changes to a registry of a data set, without end. Of 100, 30 move a camera within 20 m, 25 set a
/// consent, 10 withdraw, 20 record that an owner was asked, 10 register a neighbour's camera and 5
/// remove one. Apply them in their order.
pub struct Changes<'a> {
    set: &'a DataSet,
    rng: Rng,
    next_camera: u64,
    removed: usize,
}

impl<'a> Changes<'a> {
    /// The changes that follow from a seed.
    pub fn new(set: &'a DataSet, seed: u64) -> Self {
        let next_camera = set.cameras.len() as u64;
        Self { set, rng: rng(seed, "changes"), next_camera, removed: 0 }
    }

    /// The next `number` changes.
    pub fn batch(&mut self, number: usize) -> Vec<Change> {
        self.take(number).collect()
    }

    fn owner(&mut self) -> OwnerId {
        OwnerId(self.rng.u64(..self.set.owners.len() as u64))
    }

    /// A camera that is never removed: its number is even.
    fn camera(&mut self) -> Camera {
        self.set.cameras[2 * self.rng.usize(..self.set.cameras.len().div_ceil(2))]
    }

    fn near(&mut self, position: Position) -> Position {
        let km = 0.020 * self.rng.f64();
        let (lon, lat) = offset(position.lon(), position.lat(), km, &mut self.rng);
        Position::new(lon, lat).expect("a position near another")
    }

    fn moved(&mut self) -> Change {
        let camera = self.camera();
        Change::Move { camera: camera.id, position: self.near(camera.position) }
    }

    /// The next odd camera to remove: they are taken in a scattered order, each once.
    fn doomed(&mut self) -> Option<CameraId> {
        let odd = self.set.cameras.len() / 2;
        let turn = (self.removed < odd).then_some(self.removed)?;
        self.removed += 1;
        Some(self.set.cameras[2 * (turn * 1_000_003 % odd) + 1].id)
    }
}

impl Iterator for Changes<'_> {
    type Item = Change;

    fn next(&mut self) -> Option<Change> {
        let draw = self.rng.u8(..100);
        Some(match draw {
            0..30 => self.moved(),
            30..55 => {
                let consent = self.rng.usize(1..self.set.distinct.len());
                let consent = self.set.distinct[consent].clone();
                Change::SetConsent { owner: self.owner(), consent }
            }
            55..65 => Change::Withdraw { owner: self.owner() },
            65..85 => {
                let at = now() - SignedDuration::from_mins(self.rng.i64(0..600));
                Change::RecordAsked { owner: self.owner(), agency: None, at }
            }
            85..95 => {
                let neighbour = self.camera();
                let id = CameraId(self.next_camera);
                self.next_camera += 1;
                let position = self.near(neighbour.position);
                Change::Register(neighbour.with_id(id).with_position(position))
            }
            _ => match self.doomed() {
                Some(camera) => Change::Remove { camera },
                None => self.moved(),
            },
        })
    }
}
