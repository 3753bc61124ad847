//! The gridcard command.

fn main() {
    std::process::exit(gridcard_cli::run(std::env::args_os()).into());
}
