//! The bytes of the consensus WAL: a file header, then frames, then zeros. [`super::wal`] is the
//! contract; here is only the encoding, and [`scan`], which judges a whole file.
//!
//! All integers little-endian. The key is 32 random bytes of the file's own, so nobody who gets
//! bytes into an entry can make them look like a frame.
//!
//! ```text
//! header  magic (8) ‖ key (32) ‖ consensus key (32) ‖ genesis hash (32) ‖ height (8)
//!           ‖ generation (8) ‖ checksum (16)
//! frame   magic (4) ‖ body length (4) ‖ height (8) ‖ number (4) ‖ generation (8)
//!           ‖ checksum of these and of the frame's offset (16)
//!           ‖ checksum of the body and of the checksum before (16) ‖ body
//! body    entries, each length (4) ‖ bytes
//! ```

use crate::Owner;

/// A header or frame checksum.
type Sum = [u8; 16];

const HEADER_MAGIC: [u8; 8] = *b"BALWAL02";
const FRAME_MAGIC: [u8; 4] = *b"\xf7WL\x1a";
pub(super) const HEADER_BYTES: usize = 8 + 32 + 64 + 8 + 8 + 16;
pub(super) const FRAME_HEAD_BYTES: usize = 4 + 4 + 8 + 4 + 8 + 16 + 16;

/// What makes checksums this file's own.
#[derive(Clone, Copy)]
pub(super) struct Key(pub [u8; 32]);

/// A frame's place among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub height: u64,
    /// From 0 within the height.
    pub number: u32,
}

/// What a file holds.
pub(super) struct Scan {
    pub key: Key,
    pub owner: Owner,
    /// The sign-state's when the last frame was synced.
    pub generation: u64,
    /// The height of the last frame; the header's if there is none.
    pub height: u64,
    /// The number of the next frame of that height.
    pub next_number: u32,
    /// The entries of that height.
    pub entries: Vec<Vec<u8>>,
    /// Where the last good frame ends.
    pub end: usize,
    /// From there to the last byte that is not zero.
    pub garbage: usize,
}

/// Damage that is not a torn tail, and where it begins.
#[derive(Debug)]
pub(super) struct Corrupt {
    pub offset: usize,
}

impl Key {
    fn sum(&self, parts: [&[u8]; 2]) -> Sum {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in parts {
            hasher.update(part);
        }
        let mut sum = Sum::default();
        hasher.finalize_xof().fill(&mut sum);
        sum
    }
}

pub(super) fn encode_header(key: &Key, owner: &Owner, height: u64, generation: u64) -> Vec<u8> {
    let mut header = HEADER_MAGIC.to_vec();
    header.extend_from_slice(&key.0);
    header.extend_from_slice(&owner.key);
    header.extend_from_slice(&owner.chain);
    header.extend_from_slice(&height.to_le_bytes());
    header.extend_from_slice(&generation.to_le_bytes());
    let sum = key.sum([b"header", &header]);
    header.extend_from_slice(&sum);
    header
}

/// An empty file.
fn decode_header(bytes: &[u8]) -> Option<Scan> {
    let (body, sum) = bytes.get(..HEADER_BYTES)?.split_last_chunk::<16>()?;
    let (key, rest) = body.strip_prefix(&HEADER_MAGIC)?.split_first_chunk()?;
    let (owner_key, rest) = rest.split_first_chunk()?;
    let (chain, rest) = rest.split_first_chunk()?;
    let (height, generation) = rest.split_first_chunk()?;
    let key = Key(*key);
    let scan = Scan {
        key,
        owner: Owner { key: *owner_key, chain: *chain },
        generation: u64::from_le_bytes(generation.try_into().ok()?),
        height: u64::from_le_bytes(*height),
        next_number: 0,
        entries: Vec::new(),
        end: HEADER_BYTES,
        garbage: 0,
    };
    (key.sum([b"header", body]) == *sum).then_some(scan)
}

/// The bytes before `body`. Its length was checked against a limit far below 2^32.
pub(super) fn encode_head(
    key: &Key,
    place: Place,
    generation: u64,
    offset: usize,
    body: &[u8],
) -> Vec<u8> {
    let mut head = FRAME_MAGIC.to_vec();
    head.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    head.extend_from_slice(&place.height.to_le_bytes());
    head.extend_from_slice(&place.number.to_le_bytes());
    head.extend_from_slice(&generation.to_le_bytes());
    let head_sum = key.sum([&(offset as u64).to_le_bytes(), &head]);
    head.extend_from_slice(&head_sum);
    head.extend_from_slice(&key.sum([&head_sum, body]));
    head
}

/// A frame head whose own checksum is right.
struct Head<'a> {
    place: Place,
    generation: u64,
    body_length: usize,
    head_sum: &'a [u8],
    body_sum: &'a [u8],
}

fn decode_head<'a>(key: &Key, offset: usize, bytes: &'a [u8]) -> Option<Head<'a>> {
    let head = bytes.get(..FRAME_HEAD_BYTES)?;
    let rest = head.strip_prefix(&FRAME_MAGIC)?;
    let (body_length, rest) = rest.split_first_chunk()?;
    let (height, rest) = rest.split_first_chunk()?;
    let (number, rest) = rest.split_first_chunk()?;
    let (generation, sums) = rest.split_first_chunk()?;
    let (head_sum, body_sum) = sums.split_at_checked(16)?;
    let summed = head.get(..FRAME_HEAD_BYTES - 32)?;
    if key.sum([&(offset as u64).to_le_bytes(), summed]) != head_sum {
        return None;
    }
    Some(Head {
        place: Place { height: u64::from_le_bytes(*height), number: u32::from_le_bytes(*number) },
        generation: u64::from_le_bytes(*generation),
        body_length: usize::try_from(u32::from_le_bytes(*body_length)).ok()?,
        head_sum,
        body_sum,
    })
}

/// The frame that begins at `offset` of `file`, if it is whole.
fn decode_frame<'a>(key: &Key, file: &'a [u8], offset: usize) -> Option<(Head<'a>, &'a [u8])> {
    let bytes = file.get(offset..)?;
    let head = decode_head(key, offset, bytes)?;
    let end = FRAME_HEAD_BYTES.checked_add(head.body_length)?;
    let body = bytes.get(FRAME_HEAD_BYTES..end)?;
    let whole = key.sum([head.head_sum, body]) == head.body_sum;
    whole.then_some((head, body))
}

pub(super) fn push_entry(body: &mut Vec<u8>, entry: &[u8]) {
    body.extend_from_slice(&u32::try_from(entry.len()).unwrap_or(u32::MAX).to_le_bytes());
    body.extend_from_slice(entry);
}

fn entries_of(mut body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    while !body.is_empty() {
        let (length, rest) = body.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (entry, rest) = rest.split_at_checked(length)?;
        entries.push(entry.to_vec());
        body = rest;
    }
    Some(entries)
}

/// Whether a frame was begun anywhere from `from` on.
fn later_frame(key: &Key, file: &[u8], from: usize) -> bool {
    let Some(rest) = file.get(from..) else { return false };
    rest.windows(FRAME_MAGIC.len())
        .enumerate()
        .filter(|(_, window)| *window == FRAME_MAGIC)
        .any(|(at, _)| decode_head(key, from + at, rest.get(at..).unwrap_or_default()).is_some())
}

/// Reads a whole file, and tells a torn tail from damage as [`super::wal`] promises.
pub(super) fn scan(file: &[u8]) -> Result<Scan, Corrupt> {
    let mut scan = decode_header(file).ok_or(Corrupt { offset: 0 })?;
    let key = scan.key;
    while let Some((Head { place, generation, .. }, body)) = decode_frame(&key, file, scan.end) {
        let corrupt = Corrupt { offset: scan.end };
        if place.height > scan.height && place.number == 0 {
            scan.height = place.height;
            scan.next_number = 0;
            scan.entries.clear();
        } else if place != (Place { height: scan.height, number: scan.next_number }) {
            return Err(corrupt);
        }
        let Some(entries) = entries_of(body) else { return Err(corrupt) };
        scan.entries.extend(entries);
        scan.generation = generation;
        scan.next_number = scan.next_number.saturating_add(1);
        scan.end += FRAME_HEAD_BYTES + body.len();
    }
    let tail = file.get(scan.end..).unwrap_or_default();
    scan.garbage = tail.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    // At `end` itself there may be the head of the frame that was being written.
    if scan.garbage > 0 && later_frame(&key, file, scan.end + 1) {
        return Err(Corrupt { offset: scan.end });
    }
    Ok(scan)
}
