//! The workloads of `bench messaging` on Tokio: what is an actor in Understudy is a task with a bounded channel here.
//!
//!     tokio-messaging --workload NAME [--count N] [--size M] [--workers K] [--flavor multi-thread|current-thread]
//!
//! Counts, sizes and shapes are those of bench/messaging, where they are explained. Prints one line of JSON. Exits with 1
//! if the work did not come to what it must, 2 on wrong usage.

mod ask_tell;
mod idle;
mod latency;
mod savina_crowds;
mod savina_pairs;
mod savina_tables;
mod skynet;
mod workload;

use std::process::ExitCode;

use workload::{peak_rss_kib, Options, Outcome, Workload};

fn workloads() -> Vec<Workload> {
    let workload = |name, run, count, size| Workload {
        name,
        run,
        count,
        size,
    };
    vec![
        workload("ask", ask_tell::ask, 2_000_000, 1),
        workload("tell", ask_tell::tell, 5_000_000, 1),
        workload("spawn", ask_tell::spawn, 500_000, 1),
        workload("idle-memory", idle::memory, 1, 1_000_000),
        workload("idle-cpu", idle::cpu, 10_000, 1_000_000),
        workload("growth", idle::growth, 1_000_000, 1_000_000),
        workload("skynet-tasks", skynet::tasks, 1_000_000, 1),
        workload("skynet-actors", skynet::actors, 1_000_000, 1),
        workload("ping-pong", savina_pairs::ping_pong, 1_000_000, 1),
        workload("thread-ring", savina_pairs::ring, 100_000, 100),
        workload(
            "fork-join-throughput",
            savina_pairs::fork_join_throughput,
            10_000,
            60,
        ),
        workload(
            "fork-join-create",
            savina_pairs::fork_join_create,
            40_000,
            1,
        ),
        workload("chameneos", savina_crowds::chameneos, 200_000, 100),
        workload("big", savina_crowds::big, 20_000, 120),
        workload(
            "concurrent-dictionary",
            savina_crowds::concurrent_dictionary,
            10_000,
            20,
        ),
        workload("bounded-buffer", savina_tables::bounded_buffer, 1_000, 40),
        workload(
            "dining-philosophers",
            savina_tables::dining_philosophers,
            10_000,
            20,
        ),
        workload("latency-load", latency::load, 10_000, 8),
        workload("latency-full", latency::full, 10_000, 4),
        workload("fairness", latency::fairness, 10_000, 64),
    ]
}

/// What the command line says: the workload, its options, and the runtime's flavour.
fn parse(
    mut arguments: impl Iterator<Item = String>,
) -> Result<(Workload, Options, String), String> {
    let mut name = String::new();
    let mut flavor = String::from("multi-thread");
    let (mut count, mut size, mut workers) = (0, 0, 1);
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or(format!("{option} needs a value"))?;
        let number = || {
            value
                .parse::<u64>()
                .map_err(|_| format!("{option}: not a number: {value}"))
        };
        match option.as_str() {
            "--workload" => name = value,
            "--flavor" => flavor = value,
            "--count" => count = number()?,
            "--size" => size = number()?,
            "--workers" => workers = number()?.max(1),
            _ => return Err(format!("unknown option {option}")),
        }
    }
    let workload = workloads()
        .into_iter()
        .find(|workload| workload.name == name)
        .ok_or(format!("no workload '{name}'"))?;
    let options = Options {
        count: if count == 0 { workload.count } else { count },
        size: if size == 0 { workload.size } else { size },
        workers: workers as usize,
    };
    Ok((workload, options, flavor))
}

fn runtime(options: &Options, flavor: &str) -> Result<tokio::runtime::Runtime, String> {
    let mut builder = match flavor {
        "multi-thread" => tokio::runtime::Builder::new_multi_thread(),
        "current-thread" => tokio::runtime::Builder::new_current_thread(),
        _ => return Err("--flavor is one of multi-thread, current-thread".into()),
    };
    builder
        .worker_threads(options.workers)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
}

fn print(workload: &Workload, options: &Options, outcome: &Outcome) {
    let figures: String = outcome
        .figures
        .iter()
        .map(|(name, value)| format!(r#""{name}":{value:.3},"#))
        .collect();
    println!(
        r#"{{"workload":"{}","count":{},"size":{},"workers":{},"operations":{},"seconds":{:.6},"ns_per_operation":{:.2},"peak_rss_kib":{},{}"check":{}}}"#,
        workload.name,
        options.count,
        options.size,
        options.workers,
        outcome.operations,
        outcome.seconds,
        outcome.seconds * 1e9 / outcome.operations as f64,
        peak_rss_kib(),
        figures,
        outcome.check
    );
}

fn main() -> ExitCode {
    let prepared = parse(std::env::args().skip(1)).and_then(|(workload, options, flavor)| {
        runtime(&options, &flavor).map(|runtime| (workload, options, runtime))
    });
    let (workload, options, runtime) = match prepared {
        Ok(prepared) => prepared,
        Err(message) => {
            eprintln!("tokio-messaging: {message}");
            return ExitCode::from(2);
        }
    };
    // As a task, so that it runs on a worker as everything else does, not on the thread that waits here.
    let run = (workload.run)(options);
    let outcome = runtime.block_on(async { tokio::spawn(run).await.expect("the workload failed") });
    print(&workload, &options, &outcome);
    if outcome.check != outcome.expected {
        eprintln!(
            "{}: the work came to {}, not {}",
            workload.name, outcome.check, outcome.expected
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
