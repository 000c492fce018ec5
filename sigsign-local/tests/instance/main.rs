//! An instance as its users see it: its folder, its documents, its servers.

mod asked;
mod faults;
mod folder;
mod pages;
mod serve;
mod signs;
mod temporary;
mod tuf;
