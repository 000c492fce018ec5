//! Bodies that come in pieces, because the whole need not fit into memory.

use std::future::poll_fn;
use std::task::{Context, Poll};

use super::TransportError;

/// A body, piece by piece.
pub trait Pieces: Send {
    /// The next piece, which may be empty; `None` at the end. As [`std::future::Future::poll`], it
    /// wakes `context` when there is more if there is none yet.
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, TransportError>>>;
}

/// A body that is in memory, in one piece.
#[derive(Clone, Debug)]
pub struct Whole(Option<Vec<u8>>);

impl Whole {
    /// These bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Some(bytes))
    }

    #[cfg(feature = "oci")]
    pub(super) fn nothing() -> Box<dyn Pieces> {
        Box::new(Self(None))
    }
}

impl Pieces for Whole {
    fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>, TransportError>>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

/// The next piece.
pub(crate) async fn next(pieces: &mut dyn Pieces) -> Option<Result<Vec<u8>, TransportError>> {
    poll_fn(|context| pieces.poll_next(context)).await
}

/// All pieces, while they are below the cap.
pub(crate) async fn together(
    mut pieces: Box<dyn Pieces>,
    cap: usize,
) -> Result<Vec<u8>, TransportError> {
    let mut whole = Vec::new();
    while let Some(piece) = next(&mut *pieces).await {
        let piece = piece?;
        if whole.len().saturating_add(piece.len()) > cap {
            return Err(TransportError::TooLarge { cap });
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    fn done<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => done,
            Poll::Pending => panic!("waits for nothing"),
        }
    }

    #[test]
    fn accepts_a_body_up_to_the_cap() {
        let body = || Box::new(Whole::new(vec![1, 2, 3]));

        assert_eq!(Ok(vec![1, 2, 3]), done(together(body(), 3)));
        assert_eq!(
            Err(TransportError::TooLarge { cap: 2 }),
            done(together(body(), 2))
        );
    }
}
