//! A strict reader of Prometheus's text format 0.0.4: it panics at whatever a scraper might not
//! take, and at what breaks the rules for names.

use std::collections::BTreeMap;

/// One answer of `/metrics`.
#[derive(Debug)]
pub(crate) struct Exposition {
    /// By name.
    pub families: BTreeMap<String, Family>,
}

#[derive(Debug, Default)]
pub(crate) struct Family {
    pub help: String,
    pub kind: String,
    /// By name and labels as they stand there.
    pub samples: BTreeMap<String, f64>,
}

impl Exposition {
    pub(crate) fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n') && !text.contains('\r'), "{text}");
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let mut current = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, help) = help.split_once(' ').expect(line);
                let kind = lines.next().and_then(|next| next.strip_prefix("# TYPE ")).expect(line);
                let kind = kind.strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
                check_name(name, kind.expect(line));
                let (help, kind) = (help.to_owned(), kind.unwrap().to_owned());
                let family = Family { help, kind, ..Family::default() };
                assert!(families.insert(name.to_owned(), family).is_none(), "{name} comes twice");
                name.clone_into(&mut current);
                continue;
            }
            let (series, value) = line.rsplit_once(' ').expect(line);
            let family = families.get_mut(&current).expect("HELP and TYPE come first");
            check_series(&current, &family.kind, series);
            let value: f64 = value.parse().expect(line);
            assert!(value >= 0.0, "{line}");
            assert!(family.samples.insert(series.to_owned(), value).is_none(), "twice: {line}");
        }
        for (name, family) in &families {
            assert!(!family.samples.is_empty(), "{name} has no sample");
            if family.kind == "histogram" {
                check_histogram(name, family);
            }
        }
        Self { families }
    }

    /// The value of a series, as it stands there; 0 if it has not come to be yet.
    pub(crate) fn value(&self, series: &str) -> f64 {
        let found = self.families.values().find_map(|family| family.samples.get(series));
        found.copied().unwrap_or(0.0)
    }

    /// All series.
    pub(crate) fn series(&self) -> impl Iterator<Item = &String> {
        self.families.values().flat_map(|family| family.samples.keys())
    }
}

/// <https://prometheus.io/docs/practices/naming/>
fn check_name(name: &str, kind: &str) {
    let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    assert!(name.chars().all(valid) && !name.starts_with(|c: char| c.is_ascii_digit()), "{name}");
    assert!(["hallpass_", "process_"].iter().any(|prefix| name.starts_with(prefix)), "{name}");
    assert!(["counter", "gauge", "histogram"].contains(&kind), "{name}: {kind}");
    assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
    for unit in ["ms", "us", "milliseconds", "microseconds", "kb", "percent"] {
        assert!(!name.split('_').any(|part| part == unit), "{name} is not in a base unit");
    }
}

fn check_series(family: &str, kind: &str, series: &str) {
    let (name, labels) = series.split_once('{').map_or((series, None), |(name, labels)| {
        (name, Some(labels.strip_suffix('}').expect(series)))
    });
    let suffix = name.strip_prefix(family).unwrap_or_else(|| panic!("{series} in {family}"));
    match kind {
        "histogram" => assert!(["_bucket", "_sum", "_count"].contains(&suffix), "{series}"),
        _ => assert!(suffix.is_empty(), "{series} in {family}"),
    }
    for label in labels.into_iter().flat_map(|labels| labels.split(',')) {
        let (name, value) = label.split_once('=').expect(series);
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{series}");
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        // None of ours needs an escape, nor a comma.
        assert!(!value.expect(series).contains(['"', '\\']), "{series}");
    }
}

/// Its buckets are cumulative, and the last one holds all.
fn check_histogram(name: &str, family: &Family) {
    let mut buckets: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for (series, count) in &family.samples {
        let Some(labels) = series.strip_prefix(&format!("{name}_bucket{{")) else { continue };
        let (others, bound) = labels.trim_end_matches('}').split_once("le=").expect(series);
        let bound = bound.trim_matches('"').parse().expect(series);
        buckets.entry(others.trim_end_matches(',').to_owned()).or_default().push((bound, *count));
    }
    for (labels, mut buckets) in buckets {
        let of = |suffix: &str| {
            let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
            let series = format!("{name}_{suffix}{labels}");
            *family.samples.get(&series).unwrap_or_else(|| panic!("no {series}"))
        };
        buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        assert!(buckets.is_sorted_by_key(|(_, count)| *count), "{name}: {buckets:?}");
        let (last, all) = *buckets.last().unwrap();
        assert!(last.is_infinite(), "{name} has no bucket for all");
        assert_eq!(all, of("count"), "{name}");
        assert!(of("sum") >= 0.0);
    }
}
