//! `GET /api/verify`: each server has one core, the load another one.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use hallpass_contract::path;

use super::contest::{self, Contender};
use super::flask;
use crate::bench::Bench;
use crate::hallpass::{self, CHEAP_HASHES, SECRET};
use crate::row::{Findings, Row, Target, Unit};
use crate::server::Server;
use crate::statistics::Spread;
use crate::users;
use crate::wire::Answer;

/// The number of connections, each with its own user. Enough to keep a core busy.
const CLIENTS: usize = 64;

/// How a row is compared: with a product of ours or of others.
type Compare = fn(Row, &'static str, Spread, Spread) -> Row;

pub(super) fn run(bench: &Bench, findings: &mut Findings) -> anyhow::Result<()> {
    let core = Some(bench.cores.server);
    bench.step("starting Hallpass with ES256 and HS256, bare hyper, axum, Flask");
    let mut es256 = hallpass(bench, "hallpass-es256", &[])?;
    let mut hs256 = hallpass(bench, "hallpass-hs256", &["--alg", "HS256"])?;
    let answers = bench.directory("answers")?;
    let mut bare = bare_hyper(bench, &es256, &answers)?;
    let mut axum = axum_jwt(bench, &hs256, &answers)?;
    let mut flask = flask::start(bench, "flask-verify", core)
        .and_then(flask_contender)
        .map_err(|error| findings.problems.push(format!("beside Flask: {error:#}")))
        .ok();
    same_bytes("bare hyper", &bare, &es256)?;
    same_bytes("axum", &axum, &hs256)?;

    let mut contenders = vec![&mut es256, &mut hs256, &mut bare, &mut axum];
    contenders.extend(flask.as_mut());
    let (rounds, time) = bench.pick((15, 1000), (5, 600));
    contest::hold(bench, findings, &mut contenders, rounds, Duration::from_millis(time))?;

    let per_second = |contender: &Contender| contender.spread(|round| round.per_second);
    let mut beside = |compare: Compare, name, other: &Contender, target: Option<f64>| {
        let ratio = es256.ratio(other, |round| round.per_second);
        let row = Row::new("GET /api/verify, ES256", per_second(&es256), Unit::PerSecond);
        let row = compare(row, name, per_second(other), ratio);
        let row = target.into_iter().fold(row, |row, bound| row.must(Target::RatioAtLeast(bound)));
        findings.rows.push(row.note(format!("{name}: {}", other.busy())));
        other.check(name)
    };
    es256.check("Hallpass")?;
    beside(Row::beside_foreign, "bare hyper", &bare, Some(0.95))?;
    beside(Row::beside_foreign, "axum + jsonwebtoken, HS256", &axum, Some(1.5))?;
    beside(Row::beside_by, "Hallpass, HS256", &hs256, Some(0.95))?;
    let mut flask = flask.iter();
    flask.try_for_each(|flask| beside(Row::beside_foreign, "Flask, HS256", flask, None))
}

/// A Hallpass whose users have signed in and send their tokens to be verified.
pub(super) fn hallpass(
    bench: &Bench,
    name: &'static str,
    args: &[&str],
) -> anyhow::Result<Contender> {
    let (dir, args) = (bench.directory(name)?, [CHEAP_HASHES, args].concat());
    let server = hallpass::start(bench, name, &dir, Some(bench.cores.server), &args)?;
    let names = users::names(CLIENTS);
    hallpass::register(server.address, &names)?;
    let users = hallpass::sign_in(server.address, &names)?;
    Ok(Contender::new(server, hallpass::gets(path::VERIFY, &users), CLIENTS))
}

/// A server that sends to everybody what Hallpass sends to its first user.
fn bare_hyper(bench: &Bench, like: &Contender, answers: &Path) -> anyhow::Result<Contender> {
    let file = answers.join("verify");
    fs::write(&file, first_answer(like)?).context("can't keep the answer")?;
    let mut command = bench.program("bare-hyper")?;
    let core = Some(bench.cores.server);
    command.arg(&file);
    let server = Server::start("bare-hyper", command, core, bench.work())?;
    Ok(Contender::new(server, like.requests.clone(), CLIENTS))
}

/// A server that accepts the tokens of `like` and knows its users.
fn axum_jwt(bench: &Bench, like: &Contender, answers: &Path) -> anyhow::Result<Contender> {
    let bodies = hallpass::each(like.server.address, &like.requests, |answer| {
        answer.expect(200)?;
        Ok(String::from_utf8(answer.body.to_vec())?)
    })?;
    let file = answers.join("users");
    fs::write(&file, bodies.join("\n")).context("can't keep the users")?;
    let mut command = bench.program("axum-jwt")?;
    command.arg(&file).env("HALLPASS_HS256_SECRET", SECRET);
    let core = Some(bench.cores.server);
    let server = Server::start("axum-jwt", command, core, bench.work())?;
    Ok(Contender::new(server, like.requests.clone(), CLIENTS))
}

fn flask_contender(server: Server) -> anyhow::Result<Contender> {
    let requests = flask::protected(server.address)?;
    // It does a hundredth of the others' requests, so fewer rounds are enough.
    let mut contender = Contender::new(server, requests, 16);
    contender.every = 5;
    Ok(contender)
}

pub(super) fn first_answer(contender: &Contender) -> anyhow::Result<Vec<u8>> {
    let first = &contender.requests[..1];
    let answers = hallpass::each(contender.endpoint(), first, |answer| Ok(answer.raw.to_vec()))?;
    answers.into_iter().next().context("no answer")
}

/// Checks that both send the same bytes. Otherwise the comparison would mean nothing.
pub(super) fn same_bytes(name: &str, one: &Contender, other: &Contender) -> anyhow::Result<()> {
    let (one, other) = (first_answer(one)?, first_answer(other)?);
    let (one, other) = (comparable(&one)?, comparable(&other)?);
    ensure!(
        one == other,
        "{name} does not send what Hallpass sends, so there is nothing to compare:\n{one}\n{other}"
    );
    Ok(())
}

/// The answer with its headers sorted, without those that differ each time.
fn comparable(answer: &[u8]) -> anyhow::Result<String> {
    let answer = Answer::parse(answer)?.context("the answer is cut off")?;
    let headers = answer.headers.iter().map(|header| {
        let name = header.name.to_ascii_lowercase();
        match name.as_str() {
            "date" | "x-request-id" => format!("{name}: {} bytes", header.value.len()),
            _ => format!("{name}: {}", String::from_utf8_lossy(header.value)),
        }
    });
    let mut headers: Vec<String> = headers.collect();
    headers.sort();
    let (status, body) = (answer.status, String::from_utf8_lossy(answer.body));
    Ok(format!("{status}\n{}\n{body}", headers.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::comparable;

    #[test]
    fn answers_differ_in_all_but_their_time_and_number() {
        let answer = |headers: &str, body: &str| {
            let head =
                format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len());
            comparable(format!("{head}{body}").as_bytes()).unwrap()
        };
        let one = answer("X-Request-Id: 1-1\r\ncache-control: no-store\r\n", "{}");
        assert_eq!(one, answer("cache-control: no-store\r\nx-request-id: 1-2\r\n", "{}"));
        assert_ne!(one, answer("cache-control: no-store\r\nx-request-id: 1-10\r\n", "{}"));
        assert_ne!(one, answer("x-request-id: 1-1\r\n", "{}"));
        assert_ne!(one, answer("x-request-id: 1-1\r\ncache-control: no-store\r\n", "[]"));
    }
}
