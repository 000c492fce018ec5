//! The signing side of the library against the services of an instance, in one process.
//!
//! Every kind of key, log, content and time source signs and verifies; every fault of every
//! service makes signing fail with the error that names it.

mod faults;
mod round_trips;
mod services;
