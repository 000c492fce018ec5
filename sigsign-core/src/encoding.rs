//! Base64 and hexadecimal in their one canonical form, and escaping for display.
