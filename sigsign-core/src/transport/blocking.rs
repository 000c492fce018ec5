//! For callers that are not async: runs what is, on the thread that asks.

use std::future::Future;

use super::TransportError;

/// Runs `future` to its end on this thread, with a runtime of its own.
///
/// # Errors
///
/// [`TransportError::Setup`] if the system gives no runtime.
///
/// # Panics
///
/// If it is called inside a runtime: await the future there instead.
pub fn run<F: Future>(future: F) -> Result<F::Output, TransportError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| TransportError::Setup {
            problem: error.to_string(),
        })?;
    Ok(runtime.block_on(future))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_a_future() {
        assert_eq!(Ok(2), run(async { 1 + 1 }));
    }
}
