//! The screens as a person at a keyboard meets them, on terminals of several sizes.

mod desk;
mod screens;
mod table;
