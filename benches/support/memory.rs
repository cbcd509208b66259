//! Where the bytes of a registry are: its trees, which readers share, and its directory, which the writer has alone.
//!
//! Each line adds one part of the data to the line before. The directory's bytes are those that a registry frees while a
//! snapshot keeps the trees.

use canvass::{Camera, CameraId, Change, Consent, OwnerId, Recording, Registry};

use super::population::DataSet;

/// The number of changes that are applied at once.
const CHANGES: usize = 10_000;

/// Prints the bytes a camera, part by part; `live` counts the bytes that are allocated.
pub fn print(set: &DataSet, live: impl Fn() -> isize) {
    let cameras = set.cameras.len();
    println!(
        "{:<52} {:>10} {:>10} {:>10} {:>10}",
        "bytes a camera", "trees", "directory", "all", "more"
    );
    let mut before = 0.0;
    let mut line = |words: &str, build: &dyn Fn() -> Registry| {
        let start = live();
        let registry = build();
        let all = live() - start;
        let snapshot = registry.snapshot();
        drop(registry);
        let trees = live() - start;
        drop(snapshot);
        let [all, trees] = [all, trees].map(|bytes| bytes as f64 / cameras as f64);
        let (directory, more) = (all - trees, all - before);
        println!("{words:<52} {trees:>10.2} {directory:>10.2} {all:>10.2} {more:>+10.2}");
        before = all;
    };
    let owned = |camera: &Camera, owner: OwnerId| {
        Camera::new(camera.id, owner, camera.position, Recording::kept_for_days(30))
    };
    let always = |camera: &Camera| owned(camera, camera.owner);
    let alone = |camera: &Camera| owned(camera, OwnerId(camera.id.0));
    let loaded = |cameras: &[Camera], consents: Vec<(OwnerId, Consent)>| {
        Registry::bulk_load(cameras, consents).expect("cameras and consents without repeats")
    };
    let plain = || {
        set.consents().map(|(owner, consent)| {
            let (agencies, incidents) = (consent.agencies().clone(), consent.incidents().clone());
            (owner, Consent::granted().with_agencies(agencies).with_incidents(incidents))
        })
    };
    line("cameras that always record, one an owner", &|| {
        loaded(&set.cameras.iter().map(alone).collect::<Vec<_>>(), Vec::new())
    });
    line("owners with several cameras", &|| {
        loaded(&set.cameras.iter().map(always).collect::<Vec<_>>(), Vec::new())
    });
    line("cameras put up and taken down", &|| loaded(&set.cameras, Vec::new()));
    line("consents with scopes", &|| loaded(&set.cameras, plain().collect()));
    line("pauses and expiries", &|| loaded(&set.cameras, set.consents().collect()));
    let with_asks = || {
        let registry = loaded(&set.cameras, set.consents().collect());
        let asked: Vec<Change> = set.asked().collect();
        for batch in asked.chunks(CHANGES) {
            registry.apply(batch.iter().cloned()).expect("asks can always be recorded");
        }
        registry
    };
    line("times that owners were asked", &with_asks);
    line("spare room after ten times 10,000 moves", &|| {
        let registry = with_asks();
        for turn in 0..10 {
            let moves = (0..CHANGES).filter_map(|number| {
                let camera = set.cameras.get((number * 7_919 + turn * 104_729) % cameras)?;
                let position =
                    set.cameras.get((number * 7_919 + turn * 104_729 + 1) % cameras)?.position;
                Some(Change::Move { camera: camera.id, position })
            });
            registry.apply(moves).expect("cameras that are registered");
        }
        registry
    });
    // Ids by chance, as an operator has who draws them: neither their upper halves nor those of neighbours are shared.
    let drawn = |id: u64| id.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    line("without the moves, with drawn ids of 64 bits", &|| {
        let renamed = |camera: &Camera| {
            let (id, owner) = (CameraId(drawn(camera.id.0)), OwnerId(drawn(camera.owner.0)));
            Camera::new(id, owner, camera.position, camera.recording)
        };
        let renamed: Vec<Camera> = set.cameras.iter().map(renamed).collect();
        let consents = set.consents().map(|(owner, consent)| (OwnerId(drawn(owner.0)), consent));
        loaded(&renamed, consents.collect())
    });
}
