//! The HTTP edge: extract, call one service function, render JSON or a page.

mod address;
pub mod api;
mod assets;
mod bodies;
mod gate;
mod limits;
mod pages;
mod problem;
pub mod routes;
pub mod server;
mod sockets;
