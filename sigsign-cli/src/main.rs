//! The `sigsign` command.

fn main() {}
