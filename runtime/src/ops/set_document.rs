//! SetDocument: the council publishes a document.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::limits::URI_BYTES_MAX;
use crate::object::{Document, DocumentKind, Key, Object};
use crate::ops::Env;
use crate::state::At;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetDocument {
    pub kind: DocumentKind,
    pub digest: Hash,
    /// At most 256 bytes.
    pub uri: String,
}

impl SetDocument {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        if self.uri.len() > URI_BYTES_MAX {
            return Err("a link has at most 256 bytes");
        }
        Ok(())
    }

    /// `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let SetDocument { kind, digest, uri } = self.clone();
        let key = Key::Document(kind);
        let stored: Option<At<Document>> = env.journal.find(&key);
        let before = stored.map_or(0, |at| env.journal.read(at).version);
        let version = before.checked_add(1).ok_or(Code::Overflow)?;
        let document = Document { version, digest, uri: uri.clone(), at: env.now };
        match stored {
            Some(at) => *env.journal.write(at) = document,
            None => env.journal.create(key, Object::Document(document)),
        }
        env.emit(Event::DocumentSet { kind, version, digest, uri });
        Ok(())
    }
}
