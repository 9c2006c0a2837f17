//! The composition root: settings to running parts. Holds no rule.

pub mod build;
pub mod doctor;
pub mod lifecycle;
pub mod system;
pub mod telemetry;
