//! The `pbkdf2` crate, one input alone, and each number of lanes, full and with the fewest inputs. Throughput counts
//! hashes, so that the groups compare; a login's 600,000 iterations cost 30 times as much.

use std::num::NonZeroU32;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hallpass_kdf::{Backend, Input};

const ITERATIONS: NonZeroU32 = NonZeroU32::new(20_000).expect("not 0");

fn derive(criterion: &mut Criterion) {
    let (portable, best) = (Backend::portable(), Backend::detect());
    let mut group = criterion.benchmark_group("derive");
    let mut bench = |backend: Backend, count: usize| {
        let inputs = vec![Input::new(b"correct horse battery staple", &[7; 16], ITERATIONS); count];
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(
            BenchmarkId::new(backend.name(), count),
            &inputs[..],
            |bencher, inputs| {
                bencher.iter(|| backend.derive(inputs));
            },
        );
    };
    bench(portable, 1);
    let mut counts = vec![1];
    counts.extend(best.lanes().steps().iter().flat_map(|step| [step.lanes, step.from]));
    counts.sort_unstable();
    counts.dedup();
    for count in counts {
        bench(best, count);
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = derive
}
criterion_main!(benches);
