//! Line kernels on simulated lines: two tracers between parallel screens, half of the lines scattered.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lumentrace::lines::birmingham;
use lumentrace::lines::cutpoints::{Cutpoints, Scratch};
use lumentrace::{Control, Rows};

const OPTIONS: Cutpoints = Cutpoints { max_distance: 0.5, cutoffs: None, append_indices: false };

/// A linear congruential generator is random enough for timing.
struct Random(u64);

impl Random {
    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (high - low) * ((self.0 >> 11) as f64 / (1_u64 << 53) as f64)
    }

    fn row(&mut self, index: usize) -> [f64; 7] {
        let centre = if index.is_multiple_of(2) { [200.0, 300.0, 350.0] } else { [380.0, 300.0, 350.0] };
        let spread = if self.uniform(0.0, 1.0) < 0.5 { 0.5 } else { 60.0 };
        let [x, y, z] = centre.map(|c| c + self.uniform(-spread, spread));
        let (dx, dy) = (self.uniform(-0.7, 0.7), self.uniform(-0.7, 0.7));
        let far = 712.0 - z;
        [0.1 * index as f64, x - dx * z, y - dy * z, 0.0, x + dx * far, y + dy * far, 712.0]
    }
}

fn simulate(len: usize) -> Vec<f64> {
    let mut random = Random(1);
    (0..len).flat_map(|index| random.row(index)).collect()
}

fn bench_cutpoints(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cutpoints");
    for len in [200, 400, 2000] {
        let data = simulate(len);
        group.throughput(Throughput::Elements((len * (len - 1) / 2) as u64));
        group.bench_with_input(BenchmarkId::from_parameter(len), &data, |bencher, data| {
            let (mut scratch, mut out, control) = (Scratch::default(), Vec::new(), Control::new());
            bencher.iter(|| {
                out.clear();
                let rows = Rows::new(black_box(data), 7)?;
                OPTIONS.find(rows, &mut scratch, &control, &mut out)
            });
        });
    }
    group.finish();
}

fn bench_birmingham(criterion: &mut Criterion) {
    let data = simulate(200);
    criterion.bench_function("birmingham/200", |bencher| {
        let mut scratch = birmingham::Scratch::default();
        bencher.iter(|| birmingham::locate(Rows::new(black_box(&data), 7)?, 0.5, &mut scratch, None));
    });
}

criterion_group!(benches, bench_cutpoints, bench_birmingham);
criterion_main!(benches);
