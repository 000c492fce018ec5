use super::{Bundle, BundleError};
use crate::limits;

/// The bundles of a `.sigstore.jsonl` file: one on each line, blank lines between them allowed.
///
/// Spec: client-spec 5, JSON Lines
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    lines: std::slice::Split<'a, u8, fn(&u8) -> bool>,
    left: usize,
}

impl<'a> Lines<'a> {
    /// Starts with the first line.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            lines: bytes.split(|byte| *byte == b'\n'),
            left: limits::JSONL_BUNDLES,
        }
    }
}

impl Iterator for Lines<'_> {
    type Item = Result<Bundle, BundleError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.find(|line| !line.trim_ascii().is_empty())?;
        if self.left == 0 {
            // One error, and then the end.
            self.lines = [].split(|byte| *byte == b'\n');
            let cap = limits::JSONL_BUNDLES;
            let found = cap.saturating_add(1);
            return Some(Err(BundleError::Cap {
                what: "bundles in one file",
                cap,
                found,
            }));
        }
        self.left = self.left.saturating_sub(1);
        Some(Bundle::from_json(line))
    }
}
