//! The address of a caller, behind proxies that the settings trust.

use std::net::{IpAddr, SocketAddr};

/// Proxies in a row that are followed; nobody has more.
const MOST_HOPS: usize = 32;

/// The caller of a request that came from `peer` with these `X-Forwarded-For` values, in the order of the lines.
///
/// Each proxy appends whom it heard, so the list is read from the right: while the one who wrote an entry is trusted,
/// the entry is believed. What a caller writes itself stands further left and is never reached.
pub fn resolve<'a>(peer: IpAddr, forwarded: impl IntoIterator<Item = &'a str>, trusted: &[String]) -> IpAddr {
    let networks: Vec<_> = trusted.iter().filter_map(|text| Network::parse(text)).collect();
    let is_trusted = |address| networks.iter().any(|network| network.contains(address));
    let mut caller = peer.to_canonical();
    let entries: Vec<_> = forwarded.into_iter().flat_map(|line| line.split(',')).collect();
    for entry in entries.iter().rev().take(MOST_HOPS) {
        if !is_trusted(caller) {
            break;
        }
        match parse(entry.trim()) {
            Some(address) => caller = address,
            None => break,
        }
    }
    caller
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn parse(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse().or_else(|_| entry.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// An address or a network in CIDR notation (RFC 4632).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    base: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads `10.0.0.0/8`, `2001:db8::/32`, or a single address. A network of IPv4 addresses written as IPv6
    /// (`::ffff:10.0.0.0/104`) is the IPv4 one; one that would also hold all of IPv4 is refused.
    pub fn parse(text: &str) -> Option<Self> {
        let (base, bits) = match text.trim().split_once('/') {
            Some((base, bits)) => (base.parse::<IpAddr>().ok()?, Some(bits.parse::<u32>().ok()?)),
            None => (text.trim().parse::<IpAddr>().ok()?, None),
        };
        let width = |address: IpAddr| if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width(base));
        let canonical = base.to_canonical();
        let bits = if canonical == base { bits } else { bits.checked_sub(96)? };
        (bits <= width(canonical)).then_some(Self { base: canonical, bits })
    }

    /// Whether an address is of it; IPv4 addresses in their own form.
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let shift = 32 - self.bits;
                u64::from(base.to_bits()) >> shift == u64::from(address.to_bits()) >> shift
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - self.bits).unwrap_or(0);
                base.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use proptest::prelude::*;

    fn trusted() -> Vec<String> {
        ["10.0.0.0/8", "2001:db8::/32", "::ffff:172.16.0.0/108", "192.0.2.7"].map(str::to_owned).to_vec()
    }

    #[test]
    fn the_list_is_read_from_the_right_through_trusted_proxies() {
        for (peer, forwarded, caller) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.0.0.1", &[][..], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1", "198.51.100.1, 10.2.3.4"], "198.51.100.1"),
            ("10.0.0.1", &["10.9.9.9, 172.16.0.1"], "10.9.9.9"),
            ("192.0.2.7", &["198.51.100.1:4711"], "198.51.100.1"),
            ("192.0.2.8", &["198.51.100.1"], "192.0.2.8"),
            ("2001:db8::1", &["[2001:4860::1]:443"], "2001:4860::1"),
            ("2001:db8::1", &["[2001:4860::1]"], "2001:4860::1"),
            ("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &[""], "10.0.0.1"),
        ] {
            let found = resolve(peer.parse().unwrap(), forwarded.iter().copied(), &trusted());
            assert_eq!(found, caller.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn a_network_is_what_it_says() {
        for wrong in ["", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0/8", "::ffff:10.0.0.0/8", "example.com"] {
            assert_eq!(Network::parse(wrong), None, "{wrong}");
        }
        let all = Network::parse("0.0.0.0/0").unwrap();
        assert!(all.contains("203.0.113.9".parse().unwrap()) && !all.contains("2001:db8::1".parse().unwrap()));
        assert!(Network::parse("::/0").unwrap().contains("2001:db8::1".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn what_a_caller_writes_never_counts(written in "[ -~]{0,200}", own in any::<[u8; 4]>()) {
            let own = IpAddr::from(own);
            let proxies = trusted();
            prop_assume!(!proxies.iter().filter_map(|text| Network::parse(text)).any(|network| network.contains(own)));
            let line = format!("{written}, {own}");
            prop_assert_eq!(resolve("10.0.0.1".parse().unwrap(), [&*line], &proxies), own);
        }
    }
}
