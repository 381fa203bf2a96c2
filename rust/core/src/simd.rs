//! Runtime choice of the instruction set: the one place with `unsafe`.
//!
//! [`wide`] compiles a loop three times (AVX-512, AVX2, the build's baseline) and picks one when it is
//! called. The loop is plain Rust that the compiler vectorises; it has no fused multiply-add and no
//! reordered sum, so the three versions give the same bits.

/// Defines `fn name(args)` whose body is compiled for the widest vectors the machine has.
macro_rules! wide {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $(#[$meta])*
        #[allow(unsafe_code, clippy::too_many_arguments)]
        $vis fn $name($($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            #[allow(clippy::inline_always, clippy::too_many_arguments)]
            fn body($($arg: $ty),*) $(-> $ret)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
                #[allow(clippy::too_many_arguments)]
                fn avx512($($arg: $ty),*) $(-> $ret)? { body($($arg),*) }

                #[target_feature(enable = "avx2")]
                #[allow(clippy::too_many_arguments)]
                fn avx2($($arg: $ty),*) $(-> $ret)? { body($($arg),*) }

                match $crate::simd::level() {
                    // SAFETY: `level` answers Avx512 only where the CPU has all four features.
                    $crate::simd::Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: `level` answers Avx2 only where the CPU has it.
                    $crate::simd::Level::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::simd::Level::Baseline => {}
                }
            }
            body($($arg),*)
        }
    };
}
pub(crate) use wide;

/// Instruction sets that [`wide`] compiles for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// 512-bit vectors.
    Avx512,
    /// 256-bit vectors.
    Avx2,
    /// What the build targets anyway.
    Baseline,
}

/// The widest [`Level`] of this machine; `LUMENTRACE_SIMD=baseline|avx2` asks for less.
#[cfg(target_arch = "x86_64")]
pub(crate) fn level() -> Level {
    use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
    static LEVEL: AtomicU8 = AtomicU8::new(u8::MAX);
    match LEVEL.load(Relaxed) {
        0 => Level::Baseline,
        1 => Level::Avx2,
        2 => Level::Avx512,
        _ => {
            let found = detect();
            LEVEL.store(
                match found {
                    Level::Baseline => 0,
                    Level::Avx2 => 1,
                    Level::Avx512 => 2,
                },
                Relaxed,
            );
            found
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Level {
    let asked = std::env::var("LUMENTRACE_SIMD").unwrap_or_default();
    let has_avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bw");
    match asked.as_str() {
        "baseline" => Level::Baseline,
        "avx2" if is_x86_feature_detected!("avx2") => Level::Avx2,
        _ if has_avx512 => Level::Avx512,
        _ if is_x86_feature_detected!("avx2") => Level::Avx2,
        _ => Level::Baseline,
    }
}

#[cfg(test)]
mod tests {
    wide! {
        /// A loop that vectorises, with a rest.
        fn dot(a: &[f32], b: &[f32], out: &mut [f32]) {
            for ((a, b), out) in a.iter().zip(b).zip(out.iter_mut()) {
                *out += a * b;
            }
        }
    }

    #[test]
    fn the_widest_version_gives_what_the_plain_loop_gives() {
        for length in [0, 1, 7, 16, 33, 100] {
            let a: Vec<f32> = (0..length).map(|k| 0.1 + k as f32).collect();
            let b: Vec<f32> = a.iter().map(|x| 1.0 / x).collect();
            let (mut found, mut expected) = (a.clone(), a.clone());
            dot(&a, &b, &mut found);
            for k in 0..length {
                expected[k] += a[k] * b[k];
            }
            assert_eq!(found, expected);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_level_is_only_told_where_the_machine_has_it() {
        let has = |level| match level {
            super::Level::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512bw")
            }
            super::Level::Avx2 => is_x86_feature_detected!("avx2"),
            super::Level::Baseline => true,
        };
        // Asked twice: found, and remembered.
        assert!(has(super::level()) && has(super::level()));
    }
}
