//! The long comparison: hundreds of thousands of passwords take zxcvbn minutes.

use std::collections::BTreeSet;
use std::{env, fs, thread};

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use super::{assert_same, generated, is_settled};

/// How many passwords of each kind.
const COUNT: usize = 100_000;

#[test]
#[ignore = "takes minutes, and a list: HALLPASS_TEST_PASSWORDS=$(scripts/setup passwords)"]
fn the_answer_is_zxcvbns_for_a_public_list_and_generated_passwords() {
    let file = env::var("HALLPASS_TEST_PASSWORDS").expect("scripts/setup passwords prints a file");
    let list = fs::read_to_string(file).unwrap();
    let words: Vec<_> = list.lines().map(str::trim).filter(|word| !word.is_empty()).collect();
    let from_the_list = words.iter().copied().filter(|word| word.chars().count() > super::SHORT);
    compare("of the list", &from_the_list.take(COUNT).map(str::to_owned).collect::<Vec<_>>());
    let pairs = words.chunks_exact(2).map(<[_]>::concat);
    compare("two of the list", &pairs.take(COUNT).collect::<Vec<_>>());
    let mut runner = TestRunner::deterministic();
    let mut generate = || generated::password().new_tree(&mut runner).unwrap().current();
    let mut all = BTreeSet::new();
    while all.len() < COUNT {
        all.insert(generate());
    }
    compare("generated", &all.into_iter().collect::<Vec<_>>());
}

fn compare(what: &str, passwords: &[String]) {
    assert_eq!(passwords.len(), COUNT, "{what}");
    let share = COUNT.div_ceil(thread::available_parallelism().unwrap().get());
    thread::scope(|scope| {
        for share in passwords.chunks(share) {
            scope.spawn(|| share.iter().for_each(|password| assert_same(password)));
        }
    });
    let settled = passwords.iter().filter(|password| is_settled(password)).count();
    println!("{what}: {COUNT} equal, {settled} of them settled without zxcvbn");
}
