//! What is on the disk, and what happens when the disk fails.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::*;

#[test]
fn the_keys_are_made_once_and_only_their_owner_can_read_them() {
    for algorithm in ASYMMETRIC {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path(), algorithm, NOW);
        let second = open(dir.path(), algorithm, NOW + 1);
        assert_eq!(kids(&first, NOW), kids(&second, NOW));
        assert_eq!(first.refresh_key(), second.refresh_key());
        let metadata = fs::metadata(dir.path().join(KEYS_FILE)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left behind");
    }
}

#[test]
fn a_start_that_changes_nothing_writes_nothing() {
    use std::os::unix::fs::MetadataExt as _;
    let dir = tempfile::tempdir().unwrap();
    let inode = || fs::metadata(dir.path().join(KEYS_FILE)).unwrap().ino();
    open(dir.path(), Algorithm::EdDSA, NOW);
    let before = inode();
    open(dir.path(), Algorithm::EdDSA, NOW + 1_000_000);
    assert_eq!(inode(), before);
}

#[test]
fn what_was_rotated_is_there_after_a_restart_and_swept_when_it_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let ring = open(dir.path(), Algorithm::EdDSA, NOW);
    let refresh_key = ring.refresh_key();
    ring.rotate(at(NOW)).unwrap();
    let rotated = ring.list(at(NOW));
    let ring = open(dir.path(), Algorithm::EdDSA, NOW);
    assert_eq!(ring.list(at(NOW)), rotated);
    assert_eq!(ring.refresh_key(), refresh_key);
    assert_eq!(file(dir.path())["keys"].as_array().unwrap().len(), 2);

    open(dir.path(), Algorithm::EdDSA, NOW + TTL_S + LEEWAY_S);
    assert_eq!(file(dir.path())["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn a_failing_disk_leaves_the_old_key_in_force_in_memory_as_on_the_disk() {
    let parent = tempfile::tempdir().unwrap();
    let (dir, away) = (parent.path().join("data"), parent.path().join("away"));
    fs::create_dir(&dir).unwrap();
    let ring = open(&dir, Algorithm::EdDSA, NOW);
    let (before, jwks, stored) = (ring.list(at(NOW)), ring.jwks(at(NOW)).unwrap(), file(&dir));

    // No temporary file can be made.
    fs::rename(&dir, &away).unwrap();
    let error = ring.rotate(at(NOW)).unwrap_err();
    assert!(matches!(&error, KeyChangeError::Failed(_)), "{error:?}");
    assert_eq!((ring.list(at(NOW)), ring.jwks(at(NOW)).unwrap()), (before.clone(), jwks));
    fs::rename(&away, &dir).unwrap();
    assert_eq!(file(&dir), stored);

    // The last step fails: a file can't replace a directory.
    let (path, kept) = (dir.join(KEYS_FILE), dir.join("kept"));
    fs::rename(&path, &kept).unwrap();
    fs::create_dir(&path).unwrap();
    ring.rotate(at(NOW)).unwrap_err();
    assert_eq!(ring.list(at(NOW)), before);
    fs::remove_dir(&path).unwrap();
    fs::rename(&kept, &path).unwrap();
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "nothing unfinished is left");

    let new = ring.rotate(at(NOW)).unwrap();
    assert_eq!(new.kid, before[1].kid, "the key that was the next one all the time");
    let reopened = open(&dir, Algorithm::EdDSA, NOW);
    assert_eq!(verifying(&reopened, NOW), [new.kid.as_str(), &before[0].kid]);
}

#[test]
fn a_damaged_file_is_refused_by_its_name_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), Algorithm::EdDSA, NOW);
    let good = file(dir.path());
    let other = KeyRing::in_memory(Algorithm::EdDSA).unwrap();
    let edited = |edit: &dyn Fn(&mut Value)| {
        let mut file = good.clone();
        edit(&mut file);
        file.to_string()
    };
    let key = &good["keys"][0];
    let retired = |key: &Value| {
        let mut key = key.clone();
        key["retired_at"] = json!("2027-01-15T08:00:00Z");
        key["verifies_until"] = json!("2027-01-15T08:16:00Z");
        key
    };
    let mut secret = good["next_key"].clone();
    secret["alg"] = json!("HS256");
    secret.as_object_mut().unwrap().remove("private_key");
    let text = good.to_string();
    let damaged = [
        String::new(),
        "{}".to_owned(),
        text[..text.len() / 2].to_owned(),
        edited(&|file| file["keys"] = json!([])),
        edited(&|file| file["keys"] = json!([key, key])),
        edited(&|file| file["keys"][0]["alg"] = json!("ES256")),
        edited(&|file| file["keys"][0]["alg"] = json!("HS256")),
        edited(&|file| file["keys"][0]["alg"] = json!("none")),
        edited(&|file| file["keys"][0]["kid"] = json!(kids(&other, NOW)[0])),
        edited(&|file| file["keys"][0]["private_key"] = json!("-----BEGIN PRIVATE KEY-----")),
        edited(&|file| drop(file["keys"][0].as_object_mut().unwrap().remove("private_key"))),
        edited(&|file| file["keys"][0]["retired_at"] = json!("2027-01-15T08:00:00Z")),
        edited(&|file| file["keys"] = json!([key, file["next_key"]])),
        edited(&|file| file["next_key"] = key.clone()),
        edited(&|file| file["next_key"]["alg"] = json!("ES256")),
        edited(&|file| file["next_key"]["verifies_until"] = json!("2027-01-15T08:00:00Z")),
        edited(&|file| file["next_key"]["retired_at"] = json!("2027-01-15T08:00:00Z")),
        edited(&|file| file["next_key"] = retired(&file["next_key"])),
        edited(&|file| file["next_key"] = secret.clone()),
        edited(&|file| file["keys"][0]["from_a_later_version"] = json!(true)),
        edited(&|file| file["refresh_key"] = json!("AAAA")),
        edited(&|file| file["keys"][0]["longest_ttl_s"] = key["private_key"].clone()),
    ];
    for damaged in damaged {
        let path = dir.path().join(KEYS_FILE);
        fs::write(&path, &damaged).unwrap();
        let error = KeyRing::open(dir.path(), settings(Algorithm::EdDSA), at(NOW)).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(path.to_str().unwrap()), "{error}");
        assert!(error.contains("restore it"), "{error}");
        assert!(!error.contains("BEGIN PRIVATE"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
    }
}

#[test]
fn no_debug_output_shows_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    let ring = open(dir.path(), Algorithm::EdDSA, NOW);
    let file = file(dir.path());
    let key = ring.signing_key().unwrap().key;
    let shown = format!("{ring:?} {key:?} {:?}", ring.refresh_key());
    let pem = |key: &Value| {
        let pem = key["private_key"].as_str().unwrap();
        pem.lines().nth(1).unwrap().to_owned()
    };
    let refresh_key = file["refresh_key"].as_str().unwrap().to_owned();
    for secret in [pem(&file["keys"][0]), pem(&file["next_key"]), refresh_key] {
        assert!(!shown.contains(&secret), "{shown}");
    }
}

#[test]
fn the_command_line_reads_the_keys_and_changes_none() {
    let dir = tempfile::tempdir().unwrap();
    let as_is = || KeyRing::open_as_is(dir.path(), None, at(NOW)).unwrap();
    assert!(as_is().is_none());
    assert!(!dir.path().join(KEYS_FILE).exists());
    let made = kids(&open(dir.path(), Algorithm::ES256, NOW), NOW);
    let file = || fs::read(dir.path().join(KEYS_FILE)).unwrap();
    let before = file();
    let ring = as_is().unwrap();
    assert_eq!((kids(&ring, NOW), file()), (made.clone(), before));
    assert_eq!(ring.rotate(at(NOW)).unwrap().alg, Algorithm::ES256);
    let rotated = kids(&open(dir.path(), Algorithm::ES256, NOW), NOW);
    assert_eq!((rotated.len(), &rotated[0], &rotated[2]), (3, &made[1], &made[0]));
}

#[test]
fn a_link_that_leads_nowhere_is_refused_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join(KEYS_FILE);
    std::os::unix::fs::symlink(dir.path().join("not mounted/keys.json"), &link).unwrap();
    let settings = KeySettings::new(Algorithm::EdDSA, None, Duration::from_secs(900)).unwrap();
    let refused = KeyRing::open(dir.path(), settings, at(NOW)).unwrap_err();
    assert!(format!("{refused:#}").contains("restore it"), "{refused:#}");
    assert!(link.is_symlink());
}
