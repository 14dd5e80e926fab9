//! What the honest may notice at most, as docs/abuse.md states it.

use super::report::Row;

/// Of an honest validator of a small chain, in all and beyond what it has without.
pub const MEMORY_MIB_MAX: f64 = 600.0;
const MEMORY_MIB_MORE: f64 = 192.0;
const RATE_PERCENT_MIN: f64 = 70.0;
const P99_TIMES_MAX: f64 = 3.0;
const IDLE_BLOCKS_MORE: f64 = 1.0;
const DISK_MIB_PER_HOUR_MAX: f64 = 100.0;

/// Of what was measured, whatever is beyond its bound; `without` is the same with nobody who means
/// harm.
pub fn judge(without: &Row, row: &Row) -> Vec<String> {
    let idle = |row: &Row| row.idle_blocks_per_s.unwrap_or(0.0);
    let least = without.payments_per_s * RATE_PERCENT_MIN / 100.0;
    let rules = [
        (row.payments_per_s < least, "payments/s", row.payments_per_s, least),
        most("p99 ms", row.p99_ms as f64, without.p99_ms as f64 * P99_TIMES_MAX),
        most("MiB of memory", row.memory_mib, without.memory_mib + MEMORY_MIB_MORE),
        most("blocks/s at rest", idle(row), idle(without) + IDLE_BLOCKS_MORE),
        most("MiB of disk/h", row.disk_mib_per_hour.unwrap_or(0.0), DISK_MIB_PER_HOUR_MAX),
    ];
    let broken = rules.into_iter().filter(|(broken, ..)| *broken);
    broken.map(|(_, what, is, bound)| format!("{is:.1} {what}, the bound is {bound:.1}")).collect()
}

fn most(what: &'static str, is: f64, bound: f64) -> (bool, &'static str, f64, f64) {
    (is > bound, what, is, bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(payments_per_s: f64, p99_ms: u128, memory_mib: f64) -> Row {
        let (idle_blocks_per_s, disk_mib_per_hour) = (Some(1.0), Some(20.0));
        let figures = Row { payments_per_s, p99_ms, memory_mib, ..Row::default() };
        Row { idle_blocks_per_s, disk_mib_per_hour, ..figures }
    }

    #[test]
    fn each_bound_holds_at_its_edge_and_not_beyond() {
        let without = row(200.0, 40, 150.0);
        assert_eq!(judge(&without, &row(140.0, 120, 342.0)), Vec::<String>::new());
        let idle = Row { idle_blocks_per_s: Some(2.1), ..without.clone() };
        let disk = Row { disk_mib_per_hour: Some(101.0), ..without.clone() };
        let memory = row(200.0, 40, 343.0);
        for beyond in [row(139.0, 40, 150.0), row(200.0, 121, 150.0), memory, idle, disk] {
            assert_eq!(judge(&without, &beyond).len(), 1, "{beyond:?}");
        }
    }

    #[test]
    fn the_documents_state_the_same() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/abuse.md");
        let text = std::fs::read_to_string(path).unwrap();
        for stated in [
            format!("at least {RATE_PERCENT_MIN:.0} % of the rate"),
            format!("p99 at most {P99_TIMES_MAX:.0} times"),
            format!("at most {MEMORY_MIB_MORE:.0} MiB more than without, {MEMORY_MIB_MAX:.0} MiB"),
            format!("at most {DISK_MIB_PER_HOUR_MAX:.0} MiB"),
            "at most one more than without".to_owned(),
        ] {
            assert!(text.contains(&stated), "{stated}");
        }
        assert!((IDLE_BLOCKS_MORE - 1.0).abs() < f64::EPSILON);
    }
}
