//! The gridcard command.

fn main() {
    std::process::exit(gridcard::run(std::env::args_os()).into());
}
