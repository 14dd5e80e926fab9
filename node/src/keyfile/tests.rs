use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

fn key() -> SecretKey {
    SecretKey::dev("keyfile", "key")
}

fn secret_file(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("secret");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn error(path: &Path, passphrase: Option<&str>) -> String {
    let passphrase = passphrase.map(|text| Passphrase::new(text.into()));
    let opened = KeyFile::read(path).and_then(|file| file.open(false, passphrase.as_ref()));
    opened.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn an_encrypted_key_opens_with_its_passphrase_and_with_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.key");
    write_sealed(&path, &key(), &Passphrase::new(b"right".to_vec()), CHEAP).unwrap();
    let right = Passphrase::new(b"right".to_vec());
    let opened = KeyFile::read(&path).unwrap().open(false, Some(&right)).ok().unwrap();
    assert_eq!(opened.public(), key().public());
    assert!(error(&path, Some("wrong")).contains("the passphrase is wrong"));
    assert!(error(&path, None).contains("needs its passphrase"));
}

#[test]
fn the_default_cost_is_accepted_when_read_back() {
    assert_eq!(Cost::parse(&Cost::DEFAULT.text()), Some(Cost::DEFAULT));
    for text in
        ["m=1048577,t=1,p=1", "m=64,t=17,p=1", "m=64,t=1,p=5", "m=64,t=1", "m=64,t=1,p=1,x=1"]
    {
        assert_eq!(Cost::parse(text), None, "{text}");
    }
}

#[test]
fn every_changed_character_of_an_encrypted_key_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.key");
    write_sealed(&path, &key(), &Passphrase::new(b"right".to_vec()), CHEAP).unwrap();
    let text = fs::read(&path).unwrap();
    for at in 0..text.len() - 1 {
        let mut damaged = text.clone();
        damaged[at] = if damaged[at] == b'1' { b'2' } else { b'1' };
        fs::write(&path, &damaged).unwrap();
        assert!(!error(&path, Some("right")).is_empty(), "character {at}");
    }
}

#[test]
fn a_plaintext_key_opens_only_where_it_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.key");
    write_plaintext(&path, &key()).unwrap();
    let opened = KeyFile::read(&path).unwrap().open(true, None);
    assert_eq!(opened.ok().unwrap().public(), key().public());
    assert!(error(&path, None).contains("only on a dev chain"));
}

#[test]
fn a_key_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.key");
    write_plaintext(&path, &key()).unwrap();
    let before = fs::read(&path).unwrap();
    let passphrase = Passphrase::new(b"x".to_vec());
    assert!(matches!(write_plaintext(&path, &key()), Err(KeyFileError::Exists(_))));
    assert!(matches!(write_encrypted(&path, &key(), &passphrase), Err(KeyFileError::Exists(_))));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.key");
    write_plaintext(&path, &key()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    for (mode, refused) in
        [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o700, true)]
    {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let answer = KeyFile::read(&path);
        assert_eq!(matches!(answer, Err(KeyFileError::Mode { .. })), refused, "{mode:o}");
    }
}

#[test]
fn no_message_contains_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.key");
    write_plaintext(&path, &key()).unwrap();
    let secret = const_hex::encode(key().expose());
    assert!(!error(&path, None).contains(&secret));
    fs::write(&path, format!("{MAGIC} plaintext {secret} more\n")).unwrap();
    let error = error(&path, None);
    assert!(error.contains("is not a key file") && !error.contains(&secret), "{error}");
}

#[test]
fn a_passphrase_file_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = secret_file(folder.path(), "\n");
    let source = PassphraseSource::File(path.clone());
    assert!(matches!(source.read("x"), Err(PassphraseError::Empty(_))));
    fs::write(&path, [b'a'; 4_097]).unwrap();
    assert!(matches!(source.read("x"), Err(PassphraseError::TooLong(_))));
    fs::write(&path, "two words\r\n").unwrap();
    assert_eq!(source.read("x").unwrap().expose(), b"two words");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(source.read("x"), Err(PassphraseError::Mode { .. })));
}

#[test]
fn a_passphrase_comes_through_a_descriptor() {
    use std::os::fd::AsRawFd;
    let folder = tempfile::tempdir().unwrap();
    let file = File::open(secret_file(folder.path(), "from a descriptor\n")).unwrap();
    let number = u32::try_from(file.as_raw_fd()).unwrap();
    let passphrase = PassphraseSource::Descriptor(number).read("x").unwrap();
    assert_eq!(passphrase.expose(), b"from a descriptor");
}
