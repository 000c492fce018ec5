//! What a log does wrong when a test asks for it.

use std::io;

use crate::instance::tlog::{Appended, LogKeys, TileLog};
use crate::instance::{Context, Fault, Service};
use crate::key::Key;

/// Spoils the proof of an entry as the faults of `service` say.
pub(crate) fn spoil(
    context: &Context,
    service: Service,
    log: &TileLog,
    mut appended: Appended,
) -> io::Result<Appended> {
    let index = appended.place.index();
    if context.faults.take(service, &Fault::StaleCheckpoint) {
        appended.checkpoint = log.checkpoint_by(log.keys(), index)?;
        appended.size = index;
        appended.root = log.root_at(index)?;
    }
    if context.faults.take(service, &Fault::WrongKey) {
        let keys = LogKeys {
            key: stranger(log.keys().key.scheme),
            ..log.keys().clone()
        };
        appended.checkpoint = log.checkpoint_by(&keys, appended.size)?;
    }
    if context.faults.take(service, &Fault::WrongProof) {
        match appended.proof.first_mut() {
            Some([first, ..]) => *first ^= 1,
            None => appended.proof.push([0; 32]),
        }
    }
    Ok(appended)
}

/// A key that nobody trusts.
pub(crate) fn stranger(scheme: crate::key::Scheme) -> Key {
    Key::new(scheme, "stranger")
}
