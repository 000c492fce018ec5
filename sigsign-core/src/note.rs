//! C2SP signed notes, checkpoints and witness cosignatures.
