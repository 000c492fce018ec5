//! Counting signers: each one that a list names once, and each one that signed once.

/// How many of a list's signers are there, where no two of them are the same who signed.
///
/// `signed[n]` has the numbers of those who signed as the `n`th of the list. Somebody who fits
/// several entries counts for one of them, whichever leaves most to the others.
pub(super) fn distinct_signers(signed: &[Vec<usize>]) -> usize {
    let mut entry_of: Vec<(usize, usize)> = Vec::new();
    let mut count: usize = 0;
    for entry in 0..signed.len() {
        if place(entry, signed, &mut entry_of, &mut Vec::new()) {
            count = count.saturating_add(1);
        }
    }
    count
}

/// Finds a signer for an entry, moving others to signers that they fit as well: an augmenting path
/// in a bipartite graph. As deep as the list is long at most.
fn place(
    entry: usize,
    signed: &[Vec<usize>],
    entry_of: &mut Vec<(usize, usize)>,
    tried: &mut Vec<usize>,
) -> bool {
    for signer in signed.get(entry).into_iter().flatten() {
        if tried.contains(signer) {
            continue;
        }
        tried.push(*signer);
        let taken = entry_of.iter().position(|(who, _)| who == signer);
        match taken {
            None => {
                entry_of.push((*signer, entry));
                return true;
            }
            Some(at) => {
                let Some((_, other)) = entry_of.get(at).copied() else {
                    continue;
                };
                if place(other, signed, entry_of, tried) {
                    // The other entry has another signer now, and this one is free.
                    entry_of.retain(|it| *it != (*signer, other));
                    entry_of.push((*signer, entry));
                    return true;
                }
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_each_signer_and_each_entry_once() {
        for (want, signed) in [
            (0, vec![]),
            (0, vec![vec![], vec![]]),
            (1, vec![vec![0], vec![0]]),
            (1, vec![vec![0, 1, 2]]),
            (2, vec![vec![0, 1], vec![0]]),
            (2, vec![vec![0], vec![0, 1]]),
            (2, vec![vec![0, 1], vec![0, 1], vec![0, 1]]),
            (3, vec![vec![0, 1], vec![1, 2], vec![0]]),
            (3, vec![vec![0, 1, 2], vec![0, 1], vec![0]]),
            (2, vec![vec![0], vec![0], vec![1]]),
        ] {
            assert_eq!(want, distinct_signers(&signed), "{signed:?}");
        }
    }
}
