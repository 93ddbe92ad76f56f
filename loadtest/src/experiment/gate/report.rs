//! The report of a comparison with a baseline: verdict, pictures, tables and JSON.

use super::args::Args;
use super::baseline::{Baseline, Recorded};
use super::decide::{Answer, Decision, Round};
use super::json::{GateJson, One, body, middle};
use super::session::SubjectRounds;
use crate::report::{Axis, Chart, Figure, Findings, Series, ServerInfo, Table, Tone, Unit, words};
use crate::slo::Judged;
use crate::stats::Interval;
use crate::text::time;
use crate::verdict::{Ending, Verdict};

pub(super) fn findings(args: &Args, baseline: &Baseline, compared: &[One]) -> Findings<GateJson> {
    let objectives: Vec<Judged> = compared.iter().map(|one| objective(args, one)).collect();
    let ending = ending(args, compared, &objectives);
    let server = compared.iter().find_map(|(measured, _)| measured.server.clone());
    let unknown =
        || ServerInfo { host: "no server".into(), own_server: args.target.host.is_empty() };
    let percent = in_percent(args.worse_than);
    Findings {
        server: server.unwrap_or_else(unknown),
        title: "Is it slower than the baseline?".into(),
        question: format!(
            "Does the candidate take more than {percent}% longer than the baseline of {}, and how sure is \
             that?",
            baseline.recorded_at.strftime("%Y-%m-%d %H:%M UTC")
        ),
        ending,
        objectives,
        figures: compared.iter().flat_map(|one| [ratios(args, one), course(&one.0)]).collect(),
        tables: vec![decisions(args, compared), times(baseline, compared)],
        summary: summary(compared),
        body: body(args, baseline, compared),
    }
}

/// A share of 1 in percent, without what binary fractions add to it.
fn in_percent(share: f64) -> f64 {
    (share * 1e6).round() / 1e4
}

fn percent(ratio: f64) -> String {
    format!("{:+.1}%", 100.0 * (ratio - 1.0))
}

fn objective(args: &Args, (measured, decision): &One) -> Judged {
    Judged {
        slo: format!("p50 at most {}% above the baseline", in_percent(args.worse_than)),
        request: measured.subject.key().to_owned(),
        observed: decision.map(|Decision { ratio, .. }| {
            format!(
                "{} ({} to {})",
                percent(ratio.estimate),
                percent(ratio.low),
                percent(ratio.high)
            )
        }),
        held: decision.is_some_and(|decision| decision.answer != Answer::Worse),
        undecided: None,
    }
}

fn ending(args: &Args, compared: &[One], objectives: &[Judged]) -> Ending {
    let observed = |judged: &Judged| {
        let observed = judged.observed.as_deref().unwrap_or("too few rounds");
        format!("{} {observed}", judged.request)
    };
    let confidence = in_percent(args.confidence);
    let all = || objectives.iter().map(observed).collect::<Vec<_>>().join("; ");
    let is = |verdict, reason| Ending { verdict, reason };
    if let Some((measured, _)) = compared.iter().find(|(measured, _)| measured.interrupted) {
        let rounds = measured.rounds.len();
        let reason = format!("interrupted after {rounds} of {} rounds: {}", args.rounds, all());
        return is(Verdict::Fail, reason);
    }
    let answers = || compared.iter().map(|(_, decision)| decision.map(|d| d.answer));
    if answers().any(|answer| answer == Some(Answer::Worse)) {
        let worse = objectives.iter().filter(|objective| !objective.held);
        let worse: Vec<String> = worse.map(observed).collect();
        return is(
            Verdict::Fail,
            format!("slower, with {confidence}% confidence in each: {}", worse.join("; ")),
        );
    }
    if answers().any(|answer| answer.is_none()) {
        return is(
            Verdict::Invalid,
            format!("{} rounds are too few for {confidence}% confidence", args.rounds),
        );
    }
    if answers().any(|answer| answer == Some(Answer::TooNoisy)) {
        let twice = in_percent(2.0 * args.worse_than);
        let reason = format!("too noisy to see a slowdown of {twice}%: {}", all());
        return is(Verdict::Invalid, reason);
    }
    let detectable = compared.iter().filter_map(|(_, decision)| decision.map(|d| d.detectable));
    let detectable = 100.0 * detectable.fold(0.0, f64::max);
    is(Verdict::Pass, format!("{}; a slowdown of {detectable:.0}% would have been seen", all()))
}

/// The ratio of each round, as a line, with the interval and the bound.
fn ratios(args: &Args, (measured, decision): &One) -> Figure {
    let subject = measured.subject;
    let rounds = measured.medians();
    let ratio = |round: &Round| round.ratio().map(|ratio| 100.0 * ratio);
    let points: Vec<(f64, f64)> = (1..)
        .zip(&rounds)
        .filter_map(|(number, round)| Some((f64::from(number), ratio(round)?)))
        .collect();
    let last = rounds.len() as f64;
    let flat = |name: &str, tone, y: f64| {
        Series::new(name, tone, vec![(1.0, 100.0 * y), (last.max(1.5), 100.0 * y)])
    };
    let mut lines = vec![Series::new("each round", Tone::Blue, points)];
    if let Some(Decision { ratio: Interval { low, estimate, high }, .. }) = *decision {
        lines.push(flat("estimate", Tone::Orange, estimate));
        lines.push(flat("its lower limit", Tone::LightOrange, low));
        lines.push(flat("its upper limit", Tone::LightOrange, high));
    }
    Figure::new(
        format!("{subject}: the candidate's time in percent of the baseline's"),
        format!(
            "At 100 % both take the same time; above it the candidate is slower. Each point is a round \
             in which both servers were started anew and measured in turn. The estimate lies between \
             its limits, each of which holds with {} % confidence. Only if the lower limit is above the red \
             line, the bound, is the candidate called slower.",
            in_percent(args.confidence)
        ),
        Chart::new(
            Axis::new("round", Unit::Near),
            Axis::new("percent of the baseline", Unit::Near),
            lines,
        )
        .with_bounds(vec![100.0 * (1.0 + args.worse_than)]),
    )
}

const COURSE_READING: &str = "\
    The median time of each block. What the machine does by itself moves both lines alike and is \
    left out of the comparison; a gap between the lines that stays is a difference between the \
    servers.";

/// The medians of all blocks in their order.
fn course(measured: &SubjectRounds) -> Figure {
    let rounds = measured.medians();
    let line = |name: &str, tone, of: fn(&Round) -> &Vec<f64>| {
        Series::new(
            name,
            tone,
            (1..)
                .zip(rounds.iter().flat_map(of))
                .map(|(number, us)| (f64::from(number), us / 1e3))
                .collect(),
        )
    };
    Figure::new(
        format!("{}: the blocks in their order", measured.subject),
        COURSE_READING,
        Chart::new(
            Axis::new("pair of blocks", Unit::Number),
            Axis::new("median in milliseconds", Unit::Near),
            vec![
                line("baseline", Tone::LightBlue, |round| &round.baseline_us),
                line("candidate", Tone::Orange, |round| &round.candidate_us),
            ],
        ),
    )
}

fn decisions(args: &Args, compared: &[One]) -> Table {
    Table::new(
        "Candidate against baseline",
        format!(
            "By the signed-rank test on the logarithms of the rounds' ratios: it is called slower if the \
             lower limit is above {}%. Of servers that are that much slower, at most {} % are called \
             so, and hardly any that is not slower at all. p is the probability of rounds like these or \
             worse at just that bound. A slowdown as large as under \"would be seen\" is found in about 19 \
             of 20 comparisons as noisy as this one. What other processes took of the machine is not judged.",
            in_percent(args.worse_than),
            in_percent(1.0 - args.confidence)
        ),
        ["Median of", "slower by", "interval", "p", "would be seen", "answer", "took"],
        compared.iter().map(decision_row).collect(),
    )
}

fn decision_row((measured, decision): &One) -> Vec<String> {
    let mut row = vec![measured.subject.key().to_owned()];
    match decision {
        Some(Decision { answer, ratio, detectable, p_value }) => row.extend([
            percent(ratio.estimate),
            format!("{} to {}", percent(ratio.low), percent(ratio.high)),
            format!("{p_value:.4}"),
            format!("{:.0}%", 100.0 * detectable),
            match answer {
                Answer::Worse => "slower",
                Answer::NotWorse => "not slower",
                Answer::TooNoisy => "too noisy",
            }
            .to_owned(),
        ]),
        None => row.extend(words(["-", "-", "-", "-", "too few rounds"])),
    }
    row.push(format!("{:.1} s", measured.took.as_secs_f64()));
    row
}

const TIMES_NOTE: &str = "\
    From the request to the last byte of its answer, on one connection: the middle of all blocks. \
    What was recorded may be of another machine or another hour, and decides nothing.";

fn times(baseline: &Baseline, compared: &[One]) -> Table {
    let mut rows = Vec::new();
    for (measured, _) in compared {
        let subject = measured.subject;
        let row = |name: &str, p50: f64, p90: f64, per_second: f64| {
            vec![format!("{subject}, {name}"), time(p50), time(p90), format!("{per_second:.1}")]
        };
        let (a, b) = (middle(measured, |pair| &pair.a), middle(measured, |pair| &pair.b));
        rows.push(row("baseline", a.p50, a.p90, a.per_second));
        rows.push(row("candidate", b.p50, b.p90, b.per_second));
        if let Some(Recorded { p50_us, p90_us, per_second }) = baseline.figures.get(subject.key()) {
            rows.push(row("baseline when recorded", *p50_us, *p90_us, *per_second));
        }
    }
    Table::new("Times", TIMES_NOTE, ["", "p50", "p90", "per second"], rows)
}

fn summary(compared: &[One]) -> String {
    let line = |(measured, decision): &One| {
        let (a, b) = (middle(measured, |pair| &pair.a), middle(measured, |pair| &pair.b));
        let ratio = decision.map_or_else(
            || "too few rounds".to_owned(),
            |Decision { ratio, .. }| {
                format!(
                    "{} ({} to {})",
                    percent(ratio.estimate),
                    percent(ratio.low),
                    percent(ratio.high)
                )
            },
        );
        format!("{:8} {:>12} {:>12}  {ratio}", measured.subject, time(a.p50), time(b.p50))
    };
    let head = format!("{:8} {:>12} {:>12}  slower by", "p50 of", "baseline", "candidate");
    std::iter::once(head).chain(compared.iter().map(line)).collect::<Vec<_>>().join("\n")
}
