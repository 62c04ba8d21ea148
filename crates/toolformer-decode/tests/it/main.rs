//! Decoding with a tiny real model, and with a scripted one where the text matters.

mod batches;
mod continuations;
mod models;
mod tools;
