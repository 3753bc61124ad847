//! Meters with their ESAMs: produced, paired, tested, and used by their customers.

mod board;
mod calling;
mod inserted;
mod look;
mod make;
mod medium;
mod pipe_read;
mod pipes;
mod place;
mod port;
mod produced;
mod sensors;
mod served;
pub mod station;
mod supplied;
mod test;
mod using;

pub use board::{BoardReport, NearBoard, serve_board};
pub use calling::{BEAT, BackOff, CallReport, CallRequest, Called, Pace, call};
pub use inserted::{FileReport, InsertConditions, InsertReport, RefusalReport};
pub use look::{ListReport, MeterLine, ShowReport, esams, list, show};
pub use make::{MakeMeterReport, MakeMeterRequest, PairReport, PairRequest, make, new_meter, pair};
pub use pipe_read::{PIPE_ITEMS, read_pipe};
pub use place::{MeterPlace, folder};
pub use port::{Near, PortReport, ReadLine, ReadReport, read, serve, usual};
pub use sensors::{SensorsReport, SensorsRequest, sensors};
pub use supplied::Supplied;
pub use test::{MeterTestReport, TestRequest, test};
pub use using::{ConsumeReport, consume, insert, insert_file, insert_medium};
