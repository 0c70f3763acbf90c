//! The Leptos options of this run: where the bundles are and what they are called.

use leptos::config::{Env, LeptosOptions, errors::LeptosConfigError, get_configuration};
use std::{env, net::SocketAddr, path::Path};

/// The file with the options of a deployed server.
const FILE: &str = "Leptos.toml";

/// The options: those of cargo-leptos when it runs us, else of `Leptos.toml` where it is, else [`builtin`]. The
/// address is always that of the settings.
///
/// # Errors
/// When the file or a `LEPTOS_*` variable cannot be read.
pub fn options(addr: SocketAddr) -> Result<LeptosOptions, LeptosConfigError> {
    // Cargo sets LEPTOS_OUTPUT_NAME for whatever it runs (.cargo/config.toml); the site's root only cargo-leptos sets.
    let mut options = if env::var_os("LEPTOS_SITE_ROOT").is_some() && env::var_os("LEPTOS_OUTPUT_NAME").is_some() {
        get_configuration(None)?.leptos_options
    } else if Path::new(FILE).is_file() {
        get_configuration(Some(FILE))?.leptos_options
    } else {
        builtin()
    };
    options.site_addr = addr;
    Ok(options)
}

/// The same as `Leptos.toml` says; a test holds them together.
pub fn builtin() -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("app")
        .site_root("target/site")
        .site_pkg_dir("pkg")
        .env(Env::PROD)
        .hash_files(true)
        .server_fn_prefix("/rpc".to_owned())
        .disable_server_fn_hash(true)
        .server_fn_mod_path(true)
        .build()
}
