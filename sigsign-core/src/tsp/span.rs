/// Where a part lies in the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    /// The place of `part` in `whole`, which it is a slice of.
    pub(super) fn new(part: &[u8], whole: &[u8]) -> Self {
        let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
        Self {
            start,
            end: start.saturating_add(part.len()),
        }
    }

    /// The part, of the same `whole`.
    pub(super) fn of(self, whole: &[u8]) -> &[u8] {
        whole.get(self.start..self.end).unwrap_or_default()
    }
}
