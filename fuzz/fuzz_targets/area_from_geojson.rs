//! Hands `area_from_geojson` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = canvass_fuzz::area_from_geojson(bytes);
});
