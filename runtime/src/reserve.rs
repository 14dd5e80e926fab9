//! The reserve gate: whether a report may be used, and how much supply it carries.
