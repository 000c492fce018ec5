//! What was proven before, remembered by the whole of what was proven.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits;

/// A bounded memory of proven things, keyed by all the bytes the proof was about.
///
/// Two generations: when the younger is full, the older is forgotten. Nothing is compared by a
/// short hash alone, so nobody can make one thing pass for another.
pub(super) struct Cache<T> {
    generations: Mutex<Generations<T>>,
}

/// The younger, the older.
type Generations<T> = [HashMap<Box<[u8]>, Arc<T>>; 2];

impl<T> Cache<T> {
    pub(super) fn new() -> Self {
        Self {
            generations: Mutex::new([HashMap::new(), HashMap::new()]),
        }
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<Arc<T>> {
        let [young, old] = &*self.lock();
        young.get(key).or_else(|| old.get(key)).cloned()
    }

    pub(super) fn put(&self, key: &[u8], value: Arc<T>) {
        let [young, old] = &mut *self.lock();
        if young.len() >= limits::REMEMBERED / 2 {
            *old = std::mem::take(young);
        }
        young.insert(key.into(), value);
    }

    /// A panic elsewhere cannot leave the maps half changed, so a poisoned lock is a good one.
    fn lock(&self) -> MutexGuard<'_, Generations<T>> {
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Cache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_no_more_than_the_cap() {
        let cache = Cache::new();

        for number in 0..limits::REMEMBERED * 3 {
            cache.put(&number.to_be_bytes(), Arc::new(number));
            assert_eq!(Some(number), cache.get(&number.to_be_bytes()).map(|it| *it));
        }

        let held = |number: &usize| cache.get(&number.to_be_bytes()).is_some();
        assert!((0..limits::REMEMBERED * 3).filter(held).count() <= limits::REMEMBERED);
    }
}
