//! In static programs, the functions that verify lie side by side: see `order.ld`.

fn main() {
    println!("cargo:rerun-if-changed=order.ld");
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("musl") {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/order.ld");
        println!("cargo:rustc-link-arg-bins=-T{script}");
    }
}
