//! Reading a pasted line: a total function from text to a draft event, with the place each field came from.

pub mod draft;
