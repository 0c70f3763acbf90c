//! The server's own origins.

use super::Config;
use reqwest::Url;

/// The names of this machine for itself.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

impl Config {
    /// The origins of the settings as browsers write them. On loopback a person types any of its names.
    pub fn own_origins(&self) -> Vec<String> {
        let mut own = Vec::new();
        for origin in &self.origins {
            let origin = origin.trim_end_matches('/').to_ascii_lowercase();
            let url = Url::parse(&origin).ok();
            if let Some(url) = url.filter(|url| url.host_str().is_some_and(|host| LOOPBACK.contains(&host))) {
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                own.extend(LOOPBACK.map(|name| format!("{}://{name}{port}", url.scheme())));
            }
            if !own.contains(&origin) {
                own.push(origin);
            }
        }
        own
    }

    /// Whether other machines reach this server: an origin of it is https, or its host is not this machine.
    pub fn is_public(&self) -> bool {
        self.origins.iter().any(|origin| match Url::parse(origin) {
            Ok(url) => url.scheme() == "https" || !url.host_str().is_some_and(|host| LOOPBACK.contains(&host)),
            Err(_) => true,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::server::config::load::{Given, resolve};

    fn with(origin: &str) -> super::Config {
        let environment = vec![("PARLOR_ORIGIN".to_owned(), origin.to_owned())];
        resolve(&Given { environment, ..Given::default() }).config
    }

    #[test]
    fn this_machine_has_three_names() {
        assert_eq!(
            with("http://localhost:3000").own_origins(),
            ["http://127.0.0.1:3000", "http://localhost:3000", "http://[::1]:3000"]
        );
        assert_eq!(with("https://chat.example").own_origins(), ["https://chat.example"]);
    }

    #[test]
    fn a_server_is_public_when_its_origin_is() {
        assert!(!with("").is_public() && !with("http://localhost:3000,http://127.0.0.1").is_public());
        assert!(with("https://localhost").is_public() && with("http://chat.lan").is_public());
        assert!(with("http://localhost:3000,https://chat.example").is_public());
    }
}
