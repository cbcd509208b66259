//! The writer's side: loading, changing, and taking a snapshot.

mod support;

use canvass::tiles::Tile;
use canvass::{Change, Consent, OwnerId, Registry};
use criterion::{BatchSize, Criterion};
use rstar::RTree;

use support::changes::Changes;
use support::population::DataSet;
use support::share::Share;
use support::{engines, micro};

fn main() {
    let mut criterion = micro::criterion();
    let set = micro::data(Share::HALF);
    bulk_load(&mut criterion, &set);
    from_tiles(&mut criterion, &set);
    changes(&mut criterion, &set);
    criterion.final_summary();
}

fn bulk_load(criterion: &mut Criterion, set: &DataSet) {
    let mut group = criterion.benchmark_group("bulk-load");
    let number = set.cameras.len();
    group.sample_size(10);
    group.bench_function(format!("{number}-cameras/canvass"), |bencher| {
        bencher.iter_batched(
            || set.consents().collect::<Vec<(OwnerId, Consent)>>(),
            |consents| Registry::bulk_load(&set.cameras, consents),
            BatchSize::PerIteration,
        );
    });
    group.bench_function(format!("{number}-cameras/rstar"), |bencher| {
        bencher.iter_batched(|| engines::points(set), RTree::bulk_load, BatchSize::PerIteration);
    });
}

/// A registry restored from its tiles, compared with registering everything again.
fn from_tiles(criterion: &mut Criterion, set: &DataSet) {
    let registry = micro::registry(set);
    let revision = registry.snapshot().revision();
    let tiles: Vec<Vec<u8>> = registry.tiles().changed.iter().map(Tile::encode).collect();
    let number = set.cameras.len();
    let mut group = criterion.benchmark_group("restore");
    group.sample_size(10);
    group.bench_function(format!("{number}-cameras/from_tiles"), |bencher| {
        bencher.iter_with_large_drop(|| Registry::from_tiles(revision, &tiles));
    });
    group.bench_function(format!("{number}-cameras/apply"), |bencher| {
        let registered = set.cameras.iter().copied().map(Change::Register);
        let agreed = set.consents().map(|(owner, consent)| Change::SetConsent { owner, consent });
        let changes: Vec<Change> = registered.chain(agreed).chain(set.asked()).collect();
        bencher.iter_batched(
            || changes.clone(),
            |changes| {
                let registry = Registry::new();
                registry.apply(changes).expect("ids are unique");
                registry
            },
            BatchSize::PerIteration,
        );
    });
}

fn changes(criterion: &mut Criterion, set: &DataSet) {
    let registry = micro::registry(set);
    let mut changes = Changes::new(set, 1);
    let mut group = criterion.benchmark_group("apply");
    for number in [1, 100, 10_000] {
        group.bench_function(format!("{number}-changes/canvass"), |bencher| {
            bencher.iter_batched(
                || changes.batch(number),
                |batch| registry.apply(batch).expect("changes that apply"),
                BatchSize::PerIteration,
            );
        });
    }
    drop(group);
    criterion
        .benchmark_group("snapshot")
        .bench_function("take/canvass", |bencher| bencher.iter(|| registry.snapshot()));
}
