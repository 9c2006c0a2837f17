//! Reminders from the plan to the mail server, on whatever database the tests run on.

mod delivery;
mod races;
mod reminders;
mod stage;
