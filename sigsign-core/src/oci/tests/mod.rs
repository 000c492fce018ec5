mod kept;
mod memory;
#[cfg(feature = "policy-file")]
mod policy;
mod remote;
mod script;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs what waits for nothing but itself.
fn done<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
}
