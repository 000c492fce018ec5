//! What else is asked for.

use std::num::NonZeroU8;

use sigsign_core::note::WitnessKey;
use sigsign_core::policy::{Instance, Policy, PolicyError};

use super::Who;
use crate::cli;
use crate::predicate;
use crate::problem::Problem;

/// What else is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Demands {
    instance: Instance,
    flags: DemandFlags,
    witnesses: Option<(Vec<WitnessKey>, NonZeroU8)>,
}

#[derive(Clone, Debug)]
struct DemandFlags {
    predicate_type: Option<String>,
    min_times: Option<NonZeroU8>,
    min_log_entries: Option<NonZeroU8>,
    min_scts: Option<NonZeroU8>,
    no_log_entry: bool,
    no_sct: bool,
    no_inclusion_proof: bool,
}

impl Demands {
    pub(crate) fn new(args: cli::Demands, instance: &cli::Instance) -> Result<Self, Problem> {
        let witnesses = args
            .witness
            .iter()
            .map(|vkey| {
                WitnessKey::parse_vkey(vkey).map_err(|error| {
                    let hint = "a witness is NAME+HASH+KEY, as its operator publishes it";
                    Problem::usage(format!("not the key of a witness: {vkey}: {error}"), hint)
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let all = u8::try_from(witnesses.len()).ok().and_then(NonZeroU8::new);
        let witnesses = args
            .witness_quorum
            .or(all)
            .map(|quorum| (witnesses, quorum));
        let demands = Self {
            instance: match instance {
                cli::Instance::Github => Instance::SignedTimeOnly,
                _ => Instance::WithLogs,
            },
            flags: DemandFlags {
                predicate_type: args
                    .predicate_type
                    .map(|name| predicate::type_of(&name))
                    .transpose()?,
                min_times: args.min_times,
                min_log_entries: args.min_log_entries,
                min_scts: args.min_scts,
                no_log_entry: args.danger_no_log_entry,
                no_sct: args.danger_no_sct,
                no_inclusion_proof: args.danger_no_inclusion_proof,
            },
            witnesses,
        };
        // What is wrong with them shows now, not after the first file.
        Who::Anybody.policy(&demands)?;
        Ok(demands)
    }

    /// Whether a statement is asked for.
    pub(crate) fn want_statement(&self) -> bool {
        self.flags.predicate_type.is_some()
    }

    pub(super) fn apply(&self, policy: Policy) -> Result<Policy, PolicyError> {
        let Self { flags, .. } = self;
        let mut policy = policy.instance(self.instance);
        if let Some(need) = flags.min_times {
            policy = policy.times(need);
        }
        if let Some(need) = flags.min_log_entries {
            policy = policy.log_entries(need);
        }
        if let Some(need) = flags.min_scts {
            policy = policy.scts(need);
        }
        if let Some(predicate_type) = &flags.predicate_type {
            policy = policy.predicate_type(predicate_type)?;
        }
        if let Some((keys, quorum)) = &self.witnesses {
            policy = policy.witnesses(keys.clone(), *quorum)?;
        }
        if flags.no_log_entry {
            policy = policy.danger().no_log_entry();
        }
        if flags.no_sct {
            policy = policy.danger().no_sct();
        }
        if flags.no_inclusion_proof {
            policy = policy.danger().no_inclusion_proof();
        }
        Ok(policy)
    }
}
