//! The trees of blocks, for every depth and every width of the root.

use canvass::{AuthorizedRequest, Camera, Change, Layout, OwnerId, Position};
use h3o::Resolution;

use crate::oracle::{Town, oracle};
use crate::support::*;

/// Cameras scattered over 200 km, each of another owner who agreed.
fn scattered(rng: &mut Rng, number: u64) -> Town {
    let mut town = street(number);
    for camera in town.cameras.values_mut() {
        camera.position = anywhere(rng);
    }
    town
}

fn anywhere(rng: &mut Rng) -> Position {
    place((10, 50), rng.within(-10_000_000, 10_000_000), rng.within(-10_000_000, 10_000_000))
}

/// One block for each camera, all in a few tiles: roots have one to four nodes, above one to three
/// levels of nodes.
#[test]
fn trees_of_any_size_have_all_blocks() {
    let mut rng = Rng(17);
    let layout = Layout::new(Resolution::Zero, 1);
    for number in [1, 16, 17, 33, 64, 65, 257, 1_024, 1_025, 1_100] {
        let mut town = scattered(&mut rng, number);
        let registry = loaded(&town, layout);
        for step in 0..3 {
            // Existing blocks grow, and then some of them are removed.
            match step {
                0 => {}
                1 => {
                    let newer = street(number + number / 8 + 1).cameras.into_values();
                    let newer = newer.skip(usize::try_from(number).unwrap());
                    let newer = newer.map(|camera| {
                        camera
                            .with_owner(OwnerId(camera.id.0 % number))
                            .with_position(anywhere(&mut rng))
                    });
                    let newer: Vec<Camera> = newer.collect();
                    town.cameras.extend(newer.iter().map(|&camera| (camera.id, camera)));
                    registry.apply(newer.into_iter().map(Change::Register)).unwrap();
                }
                _ => {
                    let moved = town.cameras.values_mut().filter(|camera| camera.id.0 % 7 == 0);
                    let moves = moved.map(|camera| {
                        camera.position = anywhere(&mut rng);
                        Change::Move { camera: camera.id, position: camera.position }
                    });
                    registry.apply(moves.collect::<Vec<_>>()).unwrap();
                }
            }
            let corner = |rng: &mut Rng| rng.within(-10_000, 8_000) as f64 / 10_000.0;
            let mut areas = vec![square(8.0, 48.0, 12.0, 52.0)];
            areas.resize_with(9, || {
                let (west, south) = (10.0 + corner(&mut rng), 50.0 + corner(&mut rng));
                square(west, south, west + 0.2, south + 0.2)
            });
            let requests: Vec<_> = areas.into_iter().map(authorize).collect();
            let standing: Vec<_> = requests.iter().map(AuthorizedRequest::assume_open).collect();
            let routes = registry.snapshot().route_batch(&standing, noon());
            for (authorized, route) in requests.iter().zip(&routes) {
                let expected = oracle(&town, authorized, noon());
                assert_eq!(answer(route), expected, "{number} cameras, step {step}");
            }
        }
    }
}
