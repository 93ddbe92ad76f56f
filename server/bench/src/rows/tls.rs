//! What TLS costs: handshakes, and `GET /api/verify` on connections that are kept. Beside it, bare
//! hyper does the same with the same library and certificate. Each server has one core.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use hallpass_contract::path;

use super::contest::{self, Contender};
use super::verify;
use crate::bench::Bench;
use crate::closed_loop::Endpoint;
use crate::hallpass::{self, CHEAP_HASHES};
use crate::row::{Findings, Row, Target, Unit};
use crate::server::Server;
use crate::statistics::Spread;
use crate::tls::Certificate;
use crate::users;

/// The number of connections, each with its own user.
const CLIENTS: usize = 64;

/// The name of the reference.
const BARE: &str = "bare hyper + rustls";

pub(super) fn run(bench: &Bench, findings: &mut Findings) -> anyhow::Result<()> {
    bench.step("starting Hallpass with and without TLS, bare hyper with TLS");
    let certificate = Certificate::make(&bench.directory("certificate")?)?;
    let mut hallpass = hallpass(bench, &certificate)?;
    let mut bare = bare_hyper(bench, &certificate, &hallpass)?;
    for contender in [&hallpass, &bare] {
        speaks_tls(&certificate, contender)?;
    }
    verify::same_bytes("bare hyper", &bare, &hallpass)?;
    requests(bench, findings, &mut hallpass, &mut bare)?;
    for contender in [&mut hallpass, &mut bare] {
        contender.connects_anew = true;
        contender.requests = contender.requests.iter().map(|request| closing(request)).collect();
    }
    for resumes in [false, true] {
        // Each server has a client of its own, which knows the server's sessions.
        for contender in [&mut hallpass, &mut bare] {
            contender.tls = Some(certificate.load_client(resumes)?);
            contender.rounds.clear();
        }
        handshakes(bench, findings, &mut hallpass, &mut bare, resumes)?;
    }
    Ok(())
}

/// A Hallpass with TLS, whose users have signed in and send their tokens to be verified.
fn hallpass(bench: &Bench, certificate: &Certificate) -> anyhow::Result<Contender> {
    let (cert, key) =
        (certificate.cert.display().to_string(), certificate.key.display().to_string());
    let args = [CHEAP_HASHES, &["--tls-cert", &cert, "--tls-key", &key]].concat();
    let (dir, core) = (bench.directory("hallpass-tls")?, Some(bench.cores.server));
    let server = hallpass::start(bench, "hallpass-tls", &dir, core, &args)?;
    let tls = Some(certificate.load_client(false)?);
    let endpoint = Endpoint { tls: tls.clone(), ..server.address.into() };
    let names = users::names(CLIENTS);
    hallpass::register(endpoint.clone(), &names)?;
    let users = hallpass::sign_in(endpoint, &names)?;
    Ok(Contender { tls, ..Contender::new(server, hallpass::gets(path::VERIFY, &users), CLIENTS) })
}

/// A server that sends to everybody what Hallpass sends to its first user.
fn bare_hyper(
    bench: &Bench,
    certificate: &Certificate,
    like: &Contender,
) -> anyhow::Result<Contender> {
    let file = bench.directory("tls-answers")?.join("verify");
    fs::write(&file, verify::first_answer(like)?).context("can't keep the answer")?;
    let mut command = bench.program("bare-hyper")?;
    let files: [&Path; 3] = [&file, &certificate.cert, &certificate.key];
    command.args(files);
    let server = Server::start("bare-hyper-tls", command, Some(bench.cores.server), bench.work())?;
    let tls = Some(certificate.load_client(false)?);
    Ok(Contender { tls, ..Contender::new(server, like.requests.clone(), CLIENTS) })
}

/// Checks once, with a client that checks everything, what the load's clients leave out.
fn speaks_tls(certificate: &Certificate, contender: &Contender) -> anyhow::Result<()> {
    let careful = Endpoint { tls: Some(certificate.careful_client()?), ..contender.endpoint() };
    hallpass::each(careful, &contender.requests[..1], |answer| answer.expect(200))?;
    Ok(())
}

/// The same request, after which the server is to close the connection.
fn closing(request: &[u8]) -> Vec<u8> {
    let head = request.strip_suffix(b"\r\n").unwrap_or(request);
    [head, b"connection: close\r\n\r\n"].concat()
}

/// `GET /api/verify` on connections that are kept.
fn requests(
    bench: &Bench,
    findings: &mut Findings,
    hallpass: &mut Contender,
    bare: &mut Contender,
) -> anyhow::Result<()> {
    bench.step("GET /api/verify over TLS");
    let mut plain = verify::hallpass(bench, "hallpass-without-tls", &[])?;
    let (rounds, time) = pace(bench);
    contest::hold(bench, findings, &mut [hallpass, bare, &mut plain], rounds, time)?;
    let row = || Row::new("GET /api/verify over TLS", per_second(hallpass), Unit::PerSecond);
    let ratio = |other: &Contender| hallpass.ratio(other, |round| round.per_second);
    let beside = row().beside_foreign(BARE, per_second(bare), ratio(bare));
    let beside = beside.must(Target::RatioAtLeast(0.85)).note(hallpass.busy());
    let without = row().beside_by("Hallpass without TLS", per_second(&plain), ratio(&plain));
    findings.rows.extend([beside, without.note(plain.busy())]);
    hallpass.check("Hallpass")?;
    bare.check(BARE)
}

/// Connections with a handshake and one request each.
fn handshakes(
    bench: &Bench,
    findings: &mut Findings,
    hallpass: &mut Contender,
    bare: &mut Contender,
    resumes: bool,
) -> anyhow::Result<()> {
    let name = if resumes { "resumed TLS handshakes" } else { "full TLS handshakes" };
    bench.step(name);
    let (rounds, time) = pace(bench);
    contest::hold(bench, findings, &mut [hallpass, bare], rounds, time)?;
    for contender in [&*hallpass, bare] {
        let resumed = contender.spread(|round| round.resumed).median;
        let as_expected = if resumes { resumed > 0.99 } else { resumed == 0.0 };
        ensure!(as_expected, "{name}: {:.0} % of them resumed a session", 100.0 * resumed);
        contender.check(name)?;
    }
    let ratio = hallpass.ratio(bare, |round| round.per_second);
    let row = Row::new(name, per_second(hallpass), Unit::PerSecond);
    let row = row.beside_foreign(BARE, per_second(bare), ratio).must(Target::RatioAtLeast(0.9));
    findings.rows.push(row.note(format!("{}; {BARE}: {}", hallpass.busy(), bare.busy())));
    Ok(())
}

fn pace(bench: &Bench) -> (usize, Duration) {
    let (rounds, time) = bench.pick((9, 1000), (5, 600));
    (rounds, Duration::from_millis(time))
}

fn per_second(contender: &Contender) -> Spread {
    contender.spread(|round| round.per_second)
}

#[cfg(test)]
mod tests {
    use super::closing;

    #[test]
    fn a_request_asks_to_close_in_one_more_header() {
        let request = closing(b"GET / HTTP/1.1\r\nhost: bench\r\n\r\n");
        assert_eq!(request, b"GET / HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n");
    }
}
