//! Laws of routes, over towns and areas of any kind.

use canvass::{Area, AuthorizedRequest, CameraId, Change, Explanation, Layout, Registry, Route};
use geo::MultiPolygon;
use proptest::prelude::*;

use crate::routing::ORIGINS;
use crate::support::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Law: neither the order nor the method of insertion matters.
    #[test]
    fn building_order_is_irrelevant(seed in any::<u64>()) {
        let mut rng = Rng(seed);
        let origin = rng.pick(&ORIGINS);
        let town = town(&mut rng, origin, 200);
        let authorized = authorize(area(&mut rng, origin));
        let registry = Registry::new();
        let mut changes = changes(&town);
        rng.shuffle(&mut changes);
        let batch = usize::try_from(1 + rng.below(100)).unwrap();
        for changes in changes.chunks(batch) {
            registry.apply(changes.iter().cloned()).unwrap();
        }
        let by_bulk = snapshot(&town).route(authorized.assume_open(), noon());
        let one_by_one = registry.snapshot().route(authorized.assume_open(), noon());
        prop_assert_eq!(answer(&by_bulk), answer(&one_by_one));
    }

    /// Law: a larger area never loses a camera, and the union of two gives the union.
    #[test]
    fn a_union_gives_the_union(seed in any::<u64>()) {
        let mut rng = Rng(seed);
        let town = town(&mut rng, (10, 50), 300);
        let snapshot = snapshot(&town);
        let of = |area: &Area| -> Vec<CameraId> {
            let mut all = snapshot.route(authorize(area.clone()).assume_open(), noon()).cameras().to_vec();
            all.sort_unstable();
            all
        };
        let (one, other) = (square(9.9999, 49.9, 10.0001, 50.1), area(&mut rng, (10, 50)));
        // Moved east, so that the two areas together are valid.
        let moved = geo::Translate::translate(&other.to_multi_polygon(), 0.02, 0.0);
        let Ok(moved) = Area::try_from(moved) else { return Ok(()) };
        let parts = [one.to_multi_polygon().0, moved.to_multi_polygon().0].concat();
        let Ok(both) = Area::try_from(MultiPolygon::new(parts)) else { return Ok(()) };
        let mut union = [of(&one), of(&moved)].concat();
        union.sort_unstable();
        union.dedup();
        prop_assert_eq!(of(&both), union);
    }

    /// Law: a withdrawal removes exactly that owner.
    #[test]
    fn a_withdrawal_removes_exactly_that_owner(seed in any::<u64>()) {
        let mut rng = Rng(seed);
        let town = town(&mut rng, (10, 50), 200);
        let authorized = authorize(area(&mut rng, (10, 50)));
        let registry = loaded(&town, Layout::default());
        let route = registry.snapshot().route(authorized.assume_open(), noon());
        let Some(leaving) = route.recipients().next().map(|recipient| recipient.owner) else {
            return Ok(());
        };
        let newer = registry.apply([Change::Withdraw { owner: leaving }]).unwrap();
        let mut left = answer(&route);
        left.retain(|&(owner, _)| owner != leaving);
        prop_assert_eq!(answer(&newer.route(authorized.assume_open(), noon())), left.clone());
        prop_assert_eq!(answer(&route.recheck(route.authorized().assume_open(), &newer, noon()).unwrap()), left);
    }

    /// Law: a batch equals routing one by one.
    #[test]
    fn a_batch_equals_one_by_one(seed in any::<u64>()) {
        let mut rng = Rng(seed);
        let town = town(&mut rng, (10, 50), 300);
        let snapshot = snapshot(&town);
        let requests: Vec<_> = (0..150).map(|_| authorize(area(&mut rng, (10, 50)))).collect();
        let routes: Vec<Route> =
            requests.iter().map(|request| snapshot.route(request.assume_open(), noon())).collect();
        prop_assert!(routes.iter().any(|route| !route.is_empty()));
        let standing: Vec<_> = requests.iter().map(AuthorizedRequest::assume_open).collect();
        prop_assert_eq!(snapshot.route_batch(&standing, noon()), routes);
    }

    /// Law: explaining each camera adds up to the funnel and to the route.
    #[test]
    fn explanations_add_up(seed in any::<u64>()) {
        let mut rng = Rng(seed);
        let town = town(&mut rng, (10, 50), 100);
        let snapshot = snapshot(&town);
        let authorized = authorize(area(&mut rng, (10, 50)));
        let funnel = snapshot.funnel(&authorized, noon());
        let route = snapshot.route(authorized.assume_open(), noon());
        let explained: Vec<Explanation> = town
            .cameras
            .keys()
            .map(|&camera| snapshot.explain(&authorized, noon(), camera))
            .collect();
        let count = |what: Explanation| explained.iter().filter(|&&is| is == what).count();
        prop_assert_eq!(count(Explanation::Asked), route.cameras().len());
        prop_assert_eq!(funnel.asked(), route.cameras().len());
        for (denial, number) in funnel.denied() {
            prop_assert_eq!(count(Explanation::Denied(denial)), number);
        }
        prop_assert_eq!(count(Explanation::OutsideArea), town.cameras.len() - funnel.in_area());
        let denied: usize = funnel.denied().map(|(_, number)| number).sum();
        prop_assert_eq!(funnel.in_area(), denied + funnel.permitted());
    }
}
