//! `simulate`: runs seeds of the simulator.

use std::process::ExitCode;

use ballast_testnet::sim::{self, Plan};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (a, b): (u64, u64) =
        (args.next().unwrap().parse().unwrap(), args.next().unwrap().parse().unwrap());
    let verbose = args.next().is_some();
    let mut failed = 0;
    let start = std::time::Instant::now();
    let (mut heights, mut events) = (0, 0);
    for seed in a..b {
        let plan = Plan::draw(seed);
        let t = std::time::Instant::now();
        let out = sim::run(&plan, verbose.then(|| Box::new(std::io::stdout()) as _));
        println!(
            "{seed} {} {} {} h{} e{} {:?} {}ms/{}ms {}",
            out.hash,
            plan.validators,
            plan.liars.len(),
            out.heights,
            out.events,
            out.violation,
            t.elapsed().as_millis(),
            out.ended_ms,
            if out.violation.is_some() { plan.summary() } else { String::new() }
        );
        failed += u64::from(out.violation.is_some());
        heights += out.heights;
        events += out.events;
        if verbose {
            for (k, v) in out.coverage.iter() {
                println!("{k} {v}");
            }
        }
    }
    let s = start.elapsed().as_secs_f64();
    println!("{:.0} heights/s {:.0} events/s", heights as f64 / s, events as f64 / s);
    println!("seeds {} failed {failed}", b - a);
    ExitCode::SUCCESS
}
