//! Tells how to get the prebuilt program, to those who built this crate instead of installing it with cargo-binstall.

fn main() {
    let name = env!("CARGO_PKG_NAME");
    let version = env!("CARGO_PKG_VERSION");
    eprintln!("{name} {version} comes as a prebuilt program. Install it with:\n\n    cargo binstall {name}@{version}\n");
    std::process::exit(1);
}
