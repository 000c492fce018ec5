//! The search for a target through the roles that are trusted with it.
//!
//! Spec: tuf 5.6.7

use super::error::UpdateError;
use super::metadata::{Delegation, TARGETS, Target, Targets};
use crate::limits;

/// Which roles were asked, and which are next: the first that is trusted most, and before the
/// second those that the first trusts.
#[derive(Debug)]
pub(super) struct Search<'n> {
    name: &'n str,
    visited: Vec<String>,
    next: Vec<Delegation>,
}

impl<'n> Search<'n> {
    pub(super) fn new(name: &'n str) -> Self {
        Self {
            name,
            visited: vec![TARGETS.to_owned()],
            next: Vec::new(),
        }
    }

    /// Looks for the target in the metadata of a role, and remembers whom the role trusts with it.
    pub(super) fn look(&mut self, targets: &Targets) -> Option<Target> {
        if let Some(target) = targets.target(self.name) {
            return Some(target.clone());
        }
        let mut trusted = Vec::new();
        for delegation in targets.delegations() {
            if delegation.cover.has(self.name) {
                trusted.push(delegation.clone());
                // 5.6.7.2.1. Nobody after a terminating delegation is asked.
                if delegation.terminating {
                    self.next.clear();
                    break;
                }
            }
        }
        self.next.extend(trusted.into_iter().rev());
        None
    }

    /// The role to look into next, each at most once.
    pub(super) fn next(&mut self) -> Result<Delegation, UpdateError> {
        while let Some(delegation) = self.next.pop() {
            if self.visited.contains(&delegation.role) {
                continue;
            }
            if self.visited.len() > limits::TUF_DELEGATIONS {
                let cap = limits::TUF_DELEGATIONS;
                return Err(UpdateError::Delegations { cap });
            }
            self.visited.push(delegation.role.clone());
            return Ok(delegation);
        }
        Err(UpdateError::NoTarget {
            name: self.name.to_owned(),
        })
    }
}
