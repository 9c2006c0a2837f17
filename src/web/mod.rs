//! The HTTP edge: extract, call one service function, render JSON or a page.

mod address;
pub mod api;
mod assets;
mod bodies;
mod forms;
mod gate;
mod limits;
mod media;
mod pages;
mod problem;
mod proofs;
mod proxied;
pub mod routes;
pub mod server;
mod sockets;
