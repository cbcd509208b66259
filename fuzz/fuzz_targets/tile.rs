//! Hands `tile` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = canvass_fuzz::tile(bytes);
});
