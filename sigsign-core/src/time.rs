//! Points in time and closed intervals.
