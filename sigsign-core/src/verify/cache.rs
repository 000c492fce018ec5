//! What was proven before, remembered by the whole of what was proven.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits;

/// A bounded memory of proven things, keyed by whom they were proven by and all the bytes that the
/// proof was about.
///
/// Two generations: when the younger is full, the older is forgotten. Nothing is compared by a
/// short hash alone, so nobody can make one thing pass for another. There are so few that looking
/// at each costs less than hashing what is looked for.
pub(super) struct Cache<K, T> {
    generations: Mutex<Generations<K, T>>,
}

/// The younger, the older.
type Generations<K, T> = [Vec<Known<K, T>>; 2];

struct Known<K, T> {
    /// The end of the bytes, where signatures are: what most others differ in.
    tail: Option<[u8; TAIL_BYTES]>,
    by: K,
    bytes: Box<[u8]>,
    proven: Arc<T>,
}

impl<K: PartialEq, T> Cache<K, T> {
    pub(super) fn new() -> Self {
        Self {
            generations: Mutex::new([Vec::new(), Vec::new()]),
        }
    }

    pub(super) fn get(&self, by: K, bytes: &[u8]) -> Option<Arc<T>> {
        let tail = tail(bytes);
        let is_it = |it: &&Known<K, T>| it.tail == tail && it.by == by && *it.bytes == *bytes;
        let generations = self.lock();
        let known = generations.iter().flatten().find(is_it)?;
        Some(Arc::clone(&known.proven))
    }

    pub(super) fn put(&self, by: K, bytes: &[u8], proven: Arc<T>) {
        let known = Known {
            tail: tail(bytes),
            by,
            bytes: bytes.into(),
            proven,
        };
        let [young, old] = &mut *self.lock();
        if young.len() >= limits::REMEMBERED / 2 {
            *old = std::mem::take(young);
        }
        young.push(known);
    }

    /// A panic elsewhere cannot leave the lists half changed, so a poisoned lock is a good one.
    fn lock(&self) -> MutexGuard<'_, Generations<K, T>> {
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, T> fmt::Debug for Cache<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

fn tail(bytes: &[u8]) -> Option<[u8; TAIL_BYTES]> {
    bytes.last_chunk().copied()
}

const TAIL_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_no_more_than_the_cap() {
        let cache = Cache::new();

        for number in 0..limits::REMEMBERED * 3 {
            cache.put((), &number.to_be_bytes(), Arc::new(number));
            let known = cache.get((), &number.to_be_bytes());
            assert_eq!(Some(number), known.map(|it| *it));
        }

        let held = |number: &usize| cache.get((), &number.to_be_bytes()).is_some();
        assert!((0..limits::REMEMBERED * 3).filter(held).count() <= limits::REMEMBERED);
    }

    #[test]
    fn remembers_nothing_for_another_prover_or_other_bytes() {
        let cache = Cache::new();
        let (one, other) = ([7; 40], [&[8; 1][..], &[7; 39]].concat());

        cache.put(1, &one, Arc::new("one"));

        assert_eq!(Some("one"), cache.get(1, &one).map(|it| *it));
        assert_eq!(None, cache.get(2, &one));
        assert_eq!(None, cache.get(1, &other));
        assert_eq!(None, cache.get(1, &one[1..]));
    }
}
