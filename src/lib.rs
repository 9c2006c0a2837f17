//! 复盘台 (Fupan): a tracker of production events, their figures, postmortems and weekly reports.
//!
//! The map: [`domain`] holds rules and text, [`store`] every SQL statement, [`service`] one function per thing that
//! can be done, [`notify`] puts mail on its way,
//! [`outgoing`] asks other servers over HTTP, [`web`] and [`worker`] are the two edges that call services,
//! [`runtime`] builds everything from [`settings`], [`cli`] is what people type. `ARCHITECTURE.md` has the rules.

pub mod cli;
pub mod domain;
pub mod i18n;
pub mod notify;
pub mod outgoing;
pub mod runtime;
pub mod service;
pub mod settings;
pub mod store;
pub mod web;
pub mod worker;
