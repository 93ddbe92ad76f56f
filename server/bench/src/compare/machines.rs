//! Reasons to doubt a comparison: another machine, another way of measuring, disturbances.

use super::recorded::Recorded;

pub(super) fn warnings(before: &Recorded, now: &Recorded) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut differ = |what: &str, before: &str, now: &str| {
        if before != now {
            warnings.push(format!("another {what}: {now}, before {before}"));
        }
    };
    let (one, other) = (&before.machine, &now.machine);
    differ("processor", &one.cpu, &other.cpu);
    differ("number of cores", &one.cores.to_string(), &other.cores.to_string());
    differ("system", &one.system, &other.system);
    differ("compiler or library", &one.versions.join(", "), &other.versions.join(", "));
    differ("length of the run", length(before), length(now));
    if before.format.min(now.format) == 1 {
        let assumed = "a file of an earlier version does not say how many rounds there were; three \
                       are assumed";
        warnings.push(assumed.to_owned());
    }
    for (when, run) in [("before", before), ("now", now)] {
        let disturbed = run.groups.iter().flat_map(|group| {
            group.warnings.iter().map(move |told| format!("{}, {when}: {told}", group.name))
        });
        warnings.extend(disturbed);
    }
    warnings
}

fn length(run: &Recorded) -> &'static str {
    if run.quick { "quick" } else { "full" }
}
