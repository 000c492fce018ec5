//! An instance as its users see it: its folder, its documents, its servers.

mod asked;
mod certificates;
mod faults;
mod folder;
mod pages;
mod serve;
mod signs;
mod stamps;
mod temporary;
mod tuf;
