//! The nonces that this machine has given out for an account, in a file that is locked while the next
//! one is taken: two commands at once, or one right after the other, do not take the same one, and
//! the command after one that was refused takes the nonce of that one.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};

use ballast_client::NonceBook;
use ballast_primitives::Address;
use ballast_runtime::TxBody;

use crate::context::Context;
use crate::keystore::Keystore;

pub struct Reservation {
    file: File,
    pub book: NonceBook,
}

impl Reservation {
    /// None where nothing can be written: the chain's window alone then decides.
    pub async fn open(ctx: &Context, account: &Address) -> Option<Self> {
        let chain = ctx.chain().await.ok()?;
        let folder = Keystore::open_default().ok()?.home().join("nonces");
        fs::create_dir_all(&folder).ok()?;
        let name: String = chain.genesis.to_string().chars().take(16).collect();
        let path = folder.join(format!("{name}-{}", account.display(chain.network)));
        let mut options = OpenOptions::new();
        let open = options.read(true).write(true).create(true).truncate(false);
        let mut file = open.open(path).ok()?;
        file.lock().ok()?;
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        Some(Self { file, book: NonceBook::of_text(&text) })
    }

    pub fn save(mut self) {
        let text = self.book.to_text();
        let written = self
            .file
            .rewind()
            .and_then(|()| self.file.set_len(0))
            .and_then(|()| self.file.write_all(text.as_bytes()));
        // Best effort: at worst the chain refuses a nonce.
        drop(written);
    }
}

/// The transaction was refused, or has expired: the next one takes its nonce.
pub async fn release(ctx: &Context, body: &TxBody) {
    if let Some(mut reserved) = Reservation::open(ctx, &body.sender).await {
        reserved.book.release(body.nonce);
        reserved.save();
    }
}

/// The transaction is on chain.
pub async fn spent(ctx: &Context, body: &TxBody) {
    if let Some(mut reserved) = Reservation::open(ctx, &body.sender).await {
        reserved.book.spent(body.nonce);
        reserved.save();
    }
}
