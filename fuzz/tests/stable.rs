//! The fuzz targets without a fuzzer: their seeds, and a number of inputs near them, the same in
//! each run. `CANVASS_FUZZ_INPUTS` sets the number for each target, `CANVASS_FUZZ_SEED` the
//! generator's seed.

#![allow(clippy::expect_used, reason = "tests")]

use std::fs;
use std::path::Path;

use canvass_fuzz::{Reached, TARGETS, Target, mutate};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| {
        text.parse().expect("a number of inputs or a seed is a whole number")
    })
}

fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let files = fs::read_dir(&folder).expect("each target has a folder of seeds");
    let mut paths: Vec<_> = files.map(|file| file.expect("a seed").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a seed")).collect()
}

fn drive(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    let seeds = seeds(target);
    let counted = |counts: &mut [u64; 3], reached: Reached| {
        counts.iter_mut().take(reached as usize + 1).for_each(|count| *count += 1);
    };
    let mut of_seeds = [0; 3];
    for seed in &seeds {
        counted(&mut of_seeds, (target.body)(seed));
    }
    let [_, read, asked] = of_seeds;
    println!("{name}: {} seeds: {read} read, {asked} asked somebody", seeds.len());
    assert!(read >= 3, "at least three seeds are readable");

    let inputs = number("CANVASS_FUZZ_INPUTS", 1_000);
    let mut rng = mutate::Rng(number("CANVASS_FUZZ_SEED", 1));
    let mut of_inputs = [0; 3];
    for _ in 0..inputs {
        let input = mutate::input(&mut rng, &seeds, target.words);
        // If the body panics, this prints the input.
        let shown = Shown(&input);
        counted(&mut of_inputs, (target.body)(&input));
        std::mem::forget(shown);
    }
    let [_, read, asked] = of_inputs;
    println!("{name}: {inputs} inputs: {read} read, {asked} asked somebody");
    let (least, percent) = target.floor;
    let came = of_inputs[least as usize];
    assert!(came * 100 >= inputs * percent, "{came} of {inputs} inputs came to `{least:?}`");
}

/// Shows an input when it is dropped in a panic.
struct Shown<'a>(&'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        match std::str::from_utf8(self.0) {
            Ok(text) if !text.contains('\0') => eprintln!("the input was {text:?}"),
            _ => eprintln!("the input was {:?}", self.0),
        }
    }
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            drive(stringify!($name));
        })*

        #[test]
        fn every_target_is_driven_and_can_be_fuzzed() {
            let driven = [$(stringify!($name)),*];
            let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(known, driven);
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets");
            for name in driven {
                let text = fs::read_to_string(folder.join(name).with_extension("rs"));
                assert!(text.expect("a target has a file").contains(&format!("::{name}(")));
            }
        }
    };
}

targets! {
    area_from_geojson
    area_from_wkt
    area_from_cap
    area_from_drawing
    changes
    requests
    records
    tile
}
