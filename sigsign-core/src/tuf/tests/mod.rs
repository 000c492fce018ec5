//! What is refused, by code, and what is not. The repository here signs with its own writer of the
//! canonical form.

mod kept;
mod refused;
mod repo;
mod searched;

use repo::{AT, Repo, block, load_all, update_all};
