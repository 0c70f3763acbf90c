//! The app's wasm is built with its relocations: which function and which table of functions mentions which. By them
//! `.ci/parts.cjs` finds what only one part of the app needs, and nothing of them is shipped.

fn main() {
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    println!("cargo::rerun-if-changed=build.rs");
    if is("CARGO_CFG_TARGET_ARCH", "wasm32") && is("CARGO_FEATURE_HYDRATE", "1") && is("PROFILE", "release") {
        println!("cargo::rustc-link-arg-cdylib=--emit-relocs");
    }
}
