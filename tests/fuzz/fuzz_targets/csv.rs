#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| heart_darts_fuzz::run("csv", data));
