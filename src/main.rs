//! The program: everything is in [`parlor::server::cli`].

fn main() -> std::process::ExitCode {
    parlor::server::cli::main()
}
