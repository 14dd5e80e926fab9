//! The files that keep a validator from signing twice: every way to tear or damage them.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use ballast_node::journal::{
    DataLock, ENTRY_BYTES_MAX, LockError, Owner, SignState, SignStateError, Wal, WalError,
    WalOptions,
};
use proptest::prelude::*;

/// Small, so that every offset can be tried and the file fills up.
const SMALL: WalOptions = WalOptions { file_bytes: 1024 };
const HEADER_BYTES: usize = 136;
const OWNER: Owner = Owner { key: [7; 32], chain: [8; 32] };

/// In memory where possible: these tests are about what is in the files, and sync thousands of
/// times.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn flip(path: &Path, offset: u64, bits: u8) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ bits], offset).unwrap();
}

// ---- The lock ----

#[test]
fn a_second_holder_is_refused_and_told_the_pid() {
    let dir = folder();
    let lock = DataLock::acquire(dir.path()).unwrap();
    let error = DataLock::acquire(dir.path()).unwrap_err();
    let LockError::Held { path, pid } = &error else { panic!("{error}") };
    assert_eq!(path, &dir.path().join("LOCK"));
    assert_eq!(*pid, Some(std::process::id()));
    assert!(
        error.to_string().contains(&format!("LOCK is in use by process {}", std::process::id()))
    );
    drop(lock);
    DataLock::acquire(dir.path()).unwrap();
}

const CHILD: &str = "BALLAST_TEST_LOCK_DIR";

/// Run by [`another_process_is_refused`] in a process of its own; does nothing otherwise.
#[test]
fn child_that_wants_the_lock() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let error = DataLock::acquire(Path::new(&dir)).unwrap_err();
    println!("refused: {error}");
}

#[test]
fn another_process_is_refused() {
    let dir = folder();
    let _lock = DataLock::acquire(dir.path()).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_wants_the_lock", "--nocapture"])
        .env(CHILD, dir.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains(&format!("in use by process {}", std::process::id())), "{text}");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = DataLock::acquire(Path::new("/nonexistent/ballast")).unwrap_err().to_string();
    assert!(error.contains("/nonexistent/ballast/LOCK"), "{error}");
}

// ---- The sign-state ----

/// A file that was saved to `saves` times, with the record of save n being n bytes of n.
fn sign_state(dir: &Path, saves: u8) -> PathBuf {
    let path = dir.join("sign-state");
    let _ = fs::remove_file(&path);
    drop(SignState::create(&path, OWNER.key).unwrap());
    let (mut state, _) = SignState::open(&path, &OWNER).unwrap();
    for n in 1..=saves {
        state.save(&vec![n; usize::from(n)]).unwrap();
    }
    path
}

#[test]
fn the_newest_record_is_read_back() {
    let dir = folder();
    let path = sign_state(dir.path(), 0);
    assert_eq!(SignState::open(&path, &OWNER).unwrap().1, None);
    for n in 1..=5 {
        let (mut state, _) = SignState::open(&path, &OWNER).unwrap();
        state.save(&[n; 256]).unwrap();
        let (state, record) = SignState::open(&path, &OWNER).unwrap();
        assert_eq!(record, Some(vec![n; 256]));
        assert!(!state.has_damaged_slot());
        assert_eq!(state.generation(), u64::from(n) + 2);
    }
    let (mut state, _) = SignState::open(&path, &OWNER).unwrap();
    assert!(matches!(state.save(&[0; 257]), Err(SignStateError::TooLong { size: 257 })));
    state.save(&[]).unwrap();
    assert_eq!(SignState::open(&path, &OWNER).unwrap().1, Some(vec![]));
}

#[test]
fn a_save_torn_at_any_byte_leaves_the_record_before_or_its_own() {
    let dir = folder();
    for saves in [1, 2, 3, 4] {
        let path = sign_state(dir.path(), saves);
        let before = fs::read(&path).unwrap();
        SignState::open(&path, &OWNER).unwrap().0.save(&[saves + 1; 250]).unwrap();
        let after = fs::read(&path).unwrap();
        for written in 0..=after.len() {
            let torn: Vec<u8> =
                after[..written].iter().chain(&before[written..]).copied().collect();
            fs::write(&path, &torn).unwrap();
            let (mut state, record) = SignState::open(&path, &OWNER).unwrap();
            let whole = torn == after;
            let expected =
                if whole { vec![saves + 1; 250] } else { vec![saves; usize::from(saves)] };
            assert_eq!(record, Some(expected), "save {saves}, {written} bytes");
            assert_eq!(state.has_damaged_slot(), torn != before && !whole);
            if written % 50 == 0 {
                // The next save heals the damaged slot, not the good one.
                state.save(b"next").unwrap();
                let (state, record) = SignState::open(&path, &OWNER).unwrap();
                assert_eq!((record, state.has_damaged_slot()), (Some(b"next".to_vec()), false));
            }
        }
    }
}

#[test]
fn any_damaged_byte_costs_at_most_its_own_slot() {
    let dir = folder();
    let path = sign_state(dir.path(), 4);
    let size = fs::metadata(&path).unwrap().len();
    // Generation 6 (save 4) is in slot 0.
    for offset in 0..size {
        flip(&path, offset, 0x10);
        let (state, record) = SignState::open(&path, &OWNER).unwrap();
        let expected = if offset < 370 { vec![3; 3] } else { vec![4; 4] };
        assert_eq!(record, Some(expected), "{offset}");
        assert_eq!(state.has_damaged_slot(), !(370..4096).contains(&offset), "{offset}");
        flip(&path, offset, 0x10);
    }
    flip(&path, 100, 1);
    flip(&path, 4200, 1);
    assert!(matches!(SignState::open(&path, &OWNER), Err(SignStateError::Damaged { .. })));
    fs::write(&path, b"").unwrap();
    assert!(matches!(SignState::open(&path, &OWNER), Err(SignStateError::Damaged { .. })));
}

#[test]
fn a_slot_copied_over_the_other_is_not_taken_for_it() {
    let dir = folder();
    let path = sign_state(dir.path(), 4);
    let mut bytes = fs::read(&path).unwrap();
    bytes.copy_within(4096..4096 + 370, 0);
    fs::write(&path, &bytes).unwrap();
    let (state, record) = SignState::open(&path, &OWNER).unwrap();
    assert_eq!((record, state.has_damaged_slot()), (Some(vec![3; 3]), true));
}

#[test]
fn a_sign_state_is_neither_invented_nor_overwritten() {
    let dir = folder();
    let missing = dir.path().join("nothing-here");
    let error = SignState::open(&missing, &OWNER).unwrap_err();
    assert!(matches!(error, SignStateError::Missing { .. }));
    assert!(error.to_string().contains("nothing-here"), "{error}");
    assert!(!missing.exists());
    let path = sign_state(dir.path(), 2);
    let before = fs::read(&path).unwrap();
    assert!(matches!(SignState::create(&path, OWNER.key), Err(SignStateError::Exists { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
    // A draft left by a crash during creation is no obstacle.
    fs::remove_file(&path).unwrap();
    fs::write(dir.path().join("sign-state.new"), b"half").unwrap();
    SignState::create(&path, OWNER.key).unwrap();
    assert_eq!(SignState::open(&path, &OWNER).unwrap().1, None);
    assert!(!dir.path().join("sign-state.new").exists());
}

// ---- The consensus WAL ----

fn entry(n: usize) -> Vec<u8> {
    vec![u8::try_from(n % 250).unwrap() + 1; n % 23]
}

/// A log with these frames (height, entries of it), and the file offset at which each ends.
fn wal(path: &Path, frames: &[(u64, usize)]) -> (Vec<usize>, Vec<Vec<u8>>) {
    let _ = fs::remove_file(path);
    let (mut log, contents) = Wal::open_with(path, &OWNER, SMALL).unwrap();
    assert!(contents.created && contents.entries.is_empty() && contents.height == 0);
    let (mut ends, mut all, mut end) = (vec![], vec![], HEADER_BYTES);
    for (height, count) in frames {
        if log.height() != *height {
            log.reset(*height).unwrap();
        }
        end += 60;
        for n in 0..*count {
            let entry = entry(all.len() + n);
            end += 4 + entry.len();
            log.append(&entry).unwrap();
        }
        (0..*count).for_each(|_| all.push(entry(all.len())));
        log.sync(0).unwrap();
        ends.push(end);
    }
    (ends, all)
}

#[test]
fn entries_are_read_back_in_order_and_appended_to() {
    let dir = folder();
    let path = dir.path().join("wal");
    let (_, mut all) = wal(&path, &[(7, 3), (7, 1), (7, 2)]);
    for round in 0..20 {
        let (mut log, contents) = Wal::open_with(&path, &OWNER, SMALL).unwrap();
        assert_eq!((contents.height, contents.cut_bytes, contents.created), (7, 0, false));
        assert_eq!(contents.entries, all, "{round}");
        all.push(vec![round; 100]);
        log.append(&[round; 100]).unwrap();
        log.append(b"never synced").unwrap();
        all.push(b"never synced".to_vec());
        log.sync(0).unwrap();
        log.append(b"lost").unwrap();
    }
}

#[test]
fn a_file_cut_at_any_byte_yields_exactly_a_prefix() {
    let dir = folder();
    let path = dir.path().join("wal");
    let frames = [(3, 2), (3, 1), (3, 3), (3, 1)];
    let (ends, all) = wal(&path, &frames);
    let whole = fs::read(&path).unwrap();
    for size in HEADER_BYTES..whole.len() {
        fs::write(&path, &whole[..size]).unwrap();
        let (mut log, contents) = Wal::open_with(&path, &OWNER, SMALL).unwrap();
        let frames_kept = ends.iter().take_while(|end| **end <= size).count();
        let count: usize = frames[..frames_kept].iter().map(|(_, count)| count).sum();
        assert_eq!(contents.entries, all[..count], "{size}");
        // The log goes on from there.
        log.reset(9).unwrap();
        log.append(b"on").unwrap();
        log.sync(0).unwrap();
        let (_, contents) = Wal::open_with(&path, &OWNER, SMALL).unwrap();
        assert_eq!((contents.height, contents.entries), (9, vec![b"on".to_vec()]), "{size}");
        assert_eq!(contents.cut_bytes, 0, "{size}");
    }
    for size in 0..HEADER_BYTES {
        fs::write(&path, &whole[..size]).unwrap();
        assert!(
            matches!(Wal::open(&path, &OWNER), Err(WalError::Corrupt { offset: 0, .. })),
            "{size}"
        );
    }
}

#[test]
fn a_flipped_bit_anywhere_is_reported_or_costs_the_last_frame_alone() {
    let dir = folder();
    let path = dir.path().join("wal");
    for frames in [vec![(3, 2), (3, 1), (3, 3)], vec![(3, 2), (4, 1), (9, 2), (9, 1)]] {
        let (ends, all) = wal(&path, &frames);
        let whole = fs::read(&path).unwrap();
        let last_begins = ends[ends.len() - 2];
        let (last_height, last_count) = frames[frames.len() - 1];
        let kept = all.len() - last_count;
        let of_height: usize =
            frames.iter().filter(|(h, _)| *h == last_height).map(|(_, count)| count).sum();
        for offset in 0..whole.len() {
            fs::write(&path, &whole).unwrap();
            flip(&path, offset as u64, 1 << (offset % 8));
            let opened = Wal::open_with(&path, &OWNER, SMALL).map(|(_, contents)| contents);
            let bad_frame = ends.iter().rposition(|end| *end <= offset);
            match opened {
                Err(WalError::Corrupt { offset: at, .. }) => {
                    assert!(offset < last_begins, "{offset}");
                    let begins = bad_frame.map_or(HEADER_BYTES, |frame| ends[frame]);
                    let begins = if offset < HEADER_BYTES { 0 } else { begins };
                    assert_eq!(at, begins as u64, "{offset}");
                }
                Ok(contents) => {
                    assert!(offset >= last_begins, "{offset}");
                    let torn = offset < ends[ends.len() - 1];
                    let end = if torn { kept } else { all.len() };
                    let start = all.len() - of_height;
                    assert_eq!(contents.entries, all[start..end], "{offset}");
                    assert!(contents.cut_bytes > 0);
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn whole_sectors_lost_before_a_synced_frame_are_reported() {
    let dir = folder();
    let path = dir.path().join("wal");
    let (ends, _) = wal(&path, &[(3, 5), (3, 5), (3, 5)]);
    let whole = fs::read(&path).unwrap();
    let mut bytes = whole.clone();
    bytes[ends[0]..ends[1]].fill(0);
    fs::write(&path, &bytes).unwrap();
    let at = ends[0] as u64;
    assert!(
        matches!(Wal::open(&path, &OWNER), Err(WalError::Corrupt { offset, .. }) if offset == at)
    );
    // A frame moved down to close the gap is no frame.
    let mut moved = whole.clone();
    moved.drain(ends[0]..ends[1]);
    fs::write(&path, &moved).unwrap();
    let (_, contents) = Wal::open(&path, &OWNER).unwrap();
    assert_eq!(contents.entries.len(), 5);
    assert_eq!(contents.cut_bytes, (ends[2] - ends[1]) as u64);
}

#[test]
fn pages_of_one_unsynced_frame_may_arrive_in_any_order() {
    let dir = folder();
    let path = dir.path().join("wal");
    let (ends, all) = wal(&path, &[(3, 2), (3, 20)]);
    let whole = fs::read(&path).unwrap();
    for lost in (ends[0]..ends[1] - 16).step_by(16) {
        let mut bytes = whole.clone();
        bytes[lost..lost + 16].fill(0);
        fs::write(&path, &bytes).unwrap();
        let (_, contents) = Wal::open(&path, &OWNER).unwrap();
        // A hole over bytes that were zero anyway is no loss; entries hold none.
        assert_eq!(contents.entries, all[..2], "{lost}");
        assert!(contents.cut_bytes > 0);
    }
}

#[test]
fn an_entry_that_looks_like_a_frame_does_not_turn_a_torn_tail_into_damage() {
    let dir = folder();
    let (path, other) = (dir.path().join("wal"), dir.path().join("other"));
    // A whole log of somebody else, with good frames, as an entry of ours.
    wal(&other, &[(3, 2), (3, 20)]);
    let bait = fs::read(&other).unwrap();
    let (mut log, _) = Wal::open_with(&path, &OWNER, SMALL).unwrap();
    log.reset(3).unwrap();
    log.append(&bait).unwrap();
    log.sync(0).unwrap();
    drop(log);
    flip(&path, HEADER_BYTES as u64 + 6, 1);
    let (_, contents) = Wal::open(&path, &OWNER).unwrap();
    assert!(contents.entries.is_empty() && contents.cut_bytes > 300);
}

#[test]
fn a_reset_forgets_the_height_before_and_never_goes_back() {
    let dir = folder();
    let path = dir.path().join("wal");
    let (mut log, _) = Wal::open_with(&path, &OWNER, SMALL).unwrap();
    log.reset(5).unwrap();
    log.append(b"five").unwrap();
    log.sync(0).unwrap();
    log.append(b"five, not synced").unwrap();
    assert!(matches!(log.reset(5), Err(WalError::NotAbove { current: 5, asked: 5, .. })));
    assert!(matches!(log.reset(4), Err(WalError::NotAbove { current: 5, asked: 4, .. })));
    log.reset(6).unwrap();
    log.reset(6).unwrap();
    // Nothing of the new height is durable yet: the old one is found, under its own height.
    let (_, contents) = Wal::open_with(&path, &OWNER, SMALL).unwrap();
    assert_eq!((contents.height, contents.entries), (5, vec![b"five".to_vec()]));
    log.append(b"six").unwrap();
    log.sync(0).unwrap();
    let (_, contents) = Wal::open_with(&path, &OWNER, SMALL).unwrap();
    assert_eq!((contents.height, contents.entries), (6, vec![b"six".to_vec()]));
}

#[test]
fn a_full_file_is_replaced_at_a_reset_and_stays_small() {
    let dir = folder();
    let path = dir.path().join("wal");
    let (mut log, _) = Wal::open_with(&path, &OWNER, SMALL).unwrap();
    let mut replaced = 0;
    for height in 1..200_u64 {
        let before = fs::read(&path).unwrap();
        log.reset(height).unwrap();
        if fs::read(&path).unwrap() != before {
            replaced += 1;
            let (_, contents) = Wal::open_with(&path, &OWNER, SMALL).unwrap();
            assert_eq!((contents.height, contents.entries.len()), (height, 0));
        }
        let entries = [vec![1; 30], height.to_le_bytes().to_vec()];
        entries.iter().for_each(|entry| log.append(entry).unwrap());
        log.sync(0).unwrap();
        let (reopened, contents) = Wal::open_with(&path, &OWNER, SMALL).unwrap();
        assert_eq!((contents.height, contents.entries), (height, entries.to_vec()));
        if height % 3 == 0 {
            log = reopened;
        }
        assert!(fs::metadata(&path).unwrap().len() < 2048);
    }
    assert!(replaced > 5);
}

#[test]
fn entries_have_a_largest_size_and_many_are_written_in_parts() {
    let dir = folder();
    let path = dir.path().join("wal");
    let (mut log, _) = Wal::open(&path, &OWNER).unwrap();
    log.reset(1).unwrap();
    assert!(matches!(log.append(&vec![0; ENTRY_BYTES_MAX + 1]), Err(WalError::TooLong { .. })));
    for n in 0..6 {
        log.append(&vec![n; ENTRY_BYTES_MAX]).unwrap();
    }
    log.sync(0).unwrap();
    let (_, contents) = Wal::open(&path, &OWNER).unwrap();
    assert_eq!(contents.entries.len(), 6);
    assert!(contents.entries.iter().zip(0..).all(|(entry, n)| *entry == vec![n; ENTRY_BYTES_MAX]));
}

const CHILD_WAL: &str = "BALLAST_TEST_WAL";

/// Run by [`after_a_failed_write_nothing_is_accepted`] under a file size limit.
#[test]
fn child_whose_disk_is_full() {
    let Some(path) = std::env::var_os(CHILD_WAL) else { return };
    let (mut log, _) = Wal::open_with(Path::new(&path), &OWNER, SMALL).unwrap();
    log.append(b"fits").unwrap();
    log.sync(0).unwrap();
    log.append(&[1; 100_000]).unwrap();
    assert!(matches!(log.sync(0), Err(WalError::Io { doing: "write", .. })));
    assert!(matches!(log.append(b"more"), Err(WalError::Failed { .. })));
    assert!(matches!(log.sync(0), Err(WalError::Failed { .. })));
    assert!(matches!(log.reset(9), Err(WalError::Failed { .. })));
    println!("refused");
}

#[test]
fn after_a_failed_write_nothing_is_accepted() {
    let dir = folder();
    let path = dir.path().join("wal");
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 20; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "child_whose_disk_is_full", "--nocapture"])
        .env(CHILD_WAL, &path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("refused"), "{text}");
    // What was synced before is there; the part that was written is a torn tail.
    let (_, contents) = Wal::open_with(&path, &OWNER, SMALL).unwrap();
    assert_eq!(contents.entries, [b"fits"]);
    assert!(contents.cut_bytes > 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever was written and wherever the file is cut or damaged: an error, or a prefix of what
    /// was written for one height, and never less than all frames but the last when the damage is
    /// in the last.
    #[test]
    fn never_a_wrong_entry(
        frames in prop::collection::vec((0_u64..3, prop::collection::vec(
            prop::collection::vec(any::<u8>(), 0..40), 1..4)), 1..6),
        at in any::<prop::sample::Index>(),
        noise in prop::collection::vec(any::<u8>(), 0..200),
        cut in any::<bool>(),
    ) {
        let dir = folder();
        let path = dir.path().join("wal");
        let (mut log, _) = Wal::open_with(&path, &OWNER, SMALL).unwrap();
        let mut written: Vec<(u64, Vec<Vec<u8>>)> = vec![(0, vec![])];
        for (step, entries) in &frames {
            let height = written.last().unwrap().0 + step;
            if *step > 0 {
                log.reset(height).unwrap();
                written.push((height, vec![]));
            }
            for entry in entries {
                log.append(entry).unwrap();
                written.last_mut().unwrap().1.push(entry.clone());
            }
            log.sync(0).unwrap();
        }
        let mut bytes = fs::read(&path).unwrap();
        let offset = HEADER_BYTES + at.index(bytes.len() - HEADER_BYTES);
        if cut {
            bytes.truncate(offset);
        }
        for (byte, noise) in bytes.iter_mut().skip(offset).zip(&noise) {
            *byte = *noise;
        }
        fs::write(&path, &bytes).unwrap();
        match Wal::open_with(&path, &OWNER, SMALL) {
            Ok((_, contents)) => {
                let of_height = written.iter().find(|(height, _)| *height == contents.height);
                let (_, entries) = of_height.unwrap();
                prop_assert!(entries.starts_with(&contents.entries));
            }
            Err(WalError::Corrupt { .. }) => prop_assert!(!cut),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}
