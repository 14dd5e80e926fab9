//! Who a peer is and where it lives.

use std::fmt;

use libp2p::{PeerId, identity};
use zeroize::Zeroizing;

use super::NetError;

/// What a libp2p peer id of an ed25519 key holds before the key itself: an identity multihash of
/// 36 bytes, then the protobuf key type 1 and length 32.
const ED25519_PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/// A peer's identity: the 32 bytes of its ed25519 network public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey(pub [u8; 32]);

impl PeerKey {
    /// The key that belongs to an ed25519 secret (seed).
    pub fn of_secret(secret: &Zeroizing<[u8; 32]>) -> Result<Self, NetError> {
        // The call zeroes the bytes it is given: a copy.
        let secret = identity::ed25519::SecretKey::try_from_bytes(secret.clone().as_mut_slice())
            .map_err(|_| NetError::Secret)?;
        Ok(Self(identity::ed25519::Keypair::from(secret).public().to_bytes()))
    }

    /// The peer id as other libp2p tools print it, or the key's hex if it is not a valid key.
    pub fn peer_id_string(&self) -> String {
        self.to_peer_id().map_or_else(|_| const_hex::encode(self.0), |id| id.to_base58())
    }

    pub(super) fn to_peer_id(self) -> Result<PeerId, NetError> {
        let key = identity::ed25519::PublicKey::try_from_bytes(&self.0)
            .map_err(|_| NetError::Key(self))?;
        Ok(identity::PublicKey::from(key).to_peer_id())
    }

    /// `None` for ids of other kinds of keys, which no listed peer has.
    pub(super) fn from_peer_id(id: &PeerId) -> Option<Self> {
        let bytes = id.to_bytes();
        let key = bytes.strip_prefix(&ED25519_PREFIX)?;
        Some(Self(key.try_into().ok()?))
    }
}

impl fmt::Display for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = const_hex::encode(self.0);
        f.write_str(hex.get(..12).unwrap_or(&hex))
    }
}

impl fmt::Debug for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One line of the chain's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerEntry {
    pub key: PeerKey,
    /// `host:port`, or `/ip4/<ip>/tcp/<port>`, `/ip6/…`, `/dns/…`, `/dns4/…`, `/dns6/…`. Names
    /// are resolved again at every dial. Without an address the peer is let in, and not dialled.
    pub address: Option<String>,
}

/// A list entry that has been checked.
pub(super) struct Dialable {
    pub key: PeerKey,
    pub id: PeerId,
    /// `host:port`, as the resolver takes it; none for a peer that dials us.
    pub host: Option<String>,
}

/// Checks a whole list, without ourselves: one bad entry refuses it.
pub(super) fn dialable(list: &[PeerEntry], own: PeerKey) -> Result<Vec<Dialable>, NetError> {
    list.iter()
        .filter(|entry| entry.key != own)
        .map(|entry| {
            let host = entry.address.as_deref().map(host_and_port).transpose()?;
            Ok(Dialable { key: entry.key, id: entry.key.to_peer_id()?, host })
        })
        .collect()
}

/// Brings both spellings of an address to `host:port`.
pub(super) fn host_and_port(address: &str) -> Result<String, NetError> {
    let host = match address.strip_prefix('/') {
        Some(rest) => from_multiaddress(rest),
        None => Some(address.to_owned()),
    };
    host.filter(|host| is_host_and_port(host))
        .ok_or_else(|| NetError::Address { address: address.to_owned() })
}

fn from_multiaddress(rest: &str) -> Option<String> {
    let mut parts = rest.split('/');
    let (kind, host) = (parts.next()?, parts.next()?);
    let (tcp, port) = (parts.next()?, parts.next()?);
    if tcp != "tcp" || parts.next().is_some() {
        return None;
    }
    match kind {
        "ip4" | "dns" | "dns4" | "dns6" => Some(format!("{host}:{port}")),
        "ip6" => Some(format!("[{host}]:{port}")),
        _ => None,
    }
}

fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let bare_ip6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
        !host.is_empty() && !bare_ip6 && port.parse::<u16>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_an_address_are_read_and_others_refused() {
        for (address, expected) in [
            ("127.0.0.1:9000", Some("127.0.0.1:9000")),
            ("node-1.example:9000", Some("node-1.example:9000")),
            ("[::1]:9000", Some("[::1]:9000")),
            ("/ip4/127.0.0.1/tcp/9000", Some("127.0.0.1:9000")),
            ("/ip6/::1/tcp/9000", Some("[::1]:9000")),
            ("/dns4/node-1/tcp/9000", Some("node-1:9000")),
            ("/dns/node-1/tcp/9000", Some("node-1:9000")),
            ("/ip4/127.0.0.1/udp/9000", None),
            ("/ip4/127.0.0.1/tcp/9000/ws", None),
            ("/ip4/127.0.0.1/tcp", None),
            ("::1:9000", None),
            ("127.0.0.1", None),
            ("127.0.0.1:99999", None),
            (":9000", None),
            ("", None),
            ("/", None),
        ] {
            assert_eq!(host_and_port(address).ok().as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn a_key_survives_the_way_through_a_peer_id() {
        let pair = identity::ed25519::Keypair::generate();
        let key = PeerKey(pair.public().to_bytes());
        let id = key.to_peer_id().unwrap();
        assert_eq!(id, identity::Keypair::from(pair).public().to_peer_id());
        assert_eq!(PeerKey::from_peer_id(&id), Some(key));
        assert_eq!(PeerKey::from_peer_id(&PeerId::random()), None);
    }
}
