use std::fs;
use std::io::{Read as _, Write as _};
use std::time::Duration;

use jiff::Timestamp;

use super::*;

fn plan(dir: &std::path::Path, keep: usize) -> Plan {
    let period = Duration::from_secs(3600);
    Plan { dir: dir.to_owned(), period, keep, seal: Seal::Plain }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOW: &str = "2027-01-15T08:00:00Z";

fn in_dir(dir: &std::path::Path) -> Destination {
    Destination::at(dir, at(NOW)).unwrap()
}

#[test]
fn a_backup_is_due_a_period_after_the_newest_one() {
    let dir = tempfile::tempdir().unwrap();
    let plan = plan(dir.path(), 1);
    let now = at("2027-01-15T08:00:00Z");
    assert_eq!(plan.due_in(now).unwrap(), Duration::ZERO);
    for name in ["hallpass-20270115T074500Z.backup", "hallpass-20270114T000000Z.backup.age"] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    assert_eq!(plan.due_in(now).unwrap(), Duration::from_secs(45 * 60));
    assert_eq!(plan.due_in(at("2027-01-15T09:00:00Z")).unwrap(), Duration::ZERO);
    assert_eq!(plan.due_in(at("2026-01-15T09:00:00Z")).unwrap(), plan.period, "clock set back");
}

#[test]
fn only_our_oldest_backups_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let names = [
        "hallpass-20270101T000000Z.backup",
        "hallpass-20270102T000000Z.backup.age",
        "hallpass-20270103T000000Z.backup",
        "hallpass-before-the-upgrade.backup",
        "hallpass-20270101T000000Z.backup.txt",
        "notes",
    ];
    for name in names {
        fs::write(dir.path().join(name), "").unwrap();
    }
    assert_eq!(plan(dir.path(), 1).prune().unwrap(), 2);
    assert_eq!(plan(dir.path(), 1).prune().unwrap(), 0);
    let left = names.map(|name| dir.path().join(name).exists());
    assert_eq!(left, [false, false, true, true, true, true]);
}

#[test]
fn a_file_that_is_not_finished_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = NewFile::begin(in_dir(dir.path()), &Seal::Plain).unwrap();
    file.writer().write_all(b"half").unwrap();
    let mut writer = file.writer();
    drop(file);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    // Whoever still holds the writer writes to a file without a name.
    let _ = writer.write_all(b"more");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn backups_of_the_same_second_have_names_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let begin = || NewFile::begin(in_dir(dir.path()), &Seal::Plain).unwrap();
    // All of them begin before the first has its name.
    let files: Vec<_> = (0..11).map(|_| begin()).collect();
    let finished = files.into_iter().enumerate().map(|(n, file)| {
        file.writer().write_all(n.to_string().as_bytes()).unwrap();
        file.finish().unwrap()
    });
    let paths: Vec<_> = finished.collect();
    let names = ["hallpass-20270115T080000Z.backup", "hallpass-20270115T080000Z-2.backup"];
    assert_eq!(paths[..2], names.map(|name| dir.path().join(name)));
    for (n, path) in paths.iter().enumerate() {
        assert_eq!(fs::read_to_string(path).unwrap(), n.to_string());
    }
    // The order is that of numbers, not of names: the tenth is younger than the second.
    assert_eq!(plan(dir.path(), 2).prune().unwrap(), 9);
    assert_eq!(
        paths.iter().filter(|path| path.exists()).collect::<Vec<_>>(),
        [&paths[9], &paths[10]]
    );
}

#[test]
fn a_file_that_somebody_else_makes_meanwhile_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("today");
    let file = NewFile::begin(Destination::at(&path, at(NOW)).unwrap(), &Seal::Plain).unwrap();
    fs::write(&path, "theirs").unwrap();
    assert!(format!("{:#}", file.finish().unwrap_err()).contains("today"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert!(Destination::at(&path, at(NOW)).is_err());
}

#[test]
fn what_is_sealed_is_unreadable_without_the_passphrase() {
    let dir = tempfile::tempdir().unwrap();
    let (phrase, path) = (dir.path().join("phrase"), dir.path().join("file"));
    fs::write(&phrase, "open sesame\n").unwrap();
    let to = Destination::at(&path, at(NOW)).unwrap();
    let file = NewFile::begin(to, &Seal::with_passphrase_of(&phrase).unwrap()).unwrap();
    file.writer().write_all(b"a secret").unwrap();
    file.finish().unwrap();
    let sealed = fs::read(&path).unwrap();
    assert!(!sealed.windows(8).any(|bytes| bytes == b"a secret"));
    let opener = Opener { identity: None, passphrase_file: Some(phrase) };
    let mut text = String::new();
    open(&path, &opener).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "a secret");
    assert!(open(&path, &Opener { identity: None, passphrase_file: None }).is_err());
}
