//! Who somebody is, and how surely.

pub mod password;
