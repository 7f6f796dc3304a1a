//! Many actors that wait: memory and processor time of them, and the time of a message while they are there.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::workload::{ask, counter, Add, Options, Outcome, Run, MAILBOX_CAPACITY};

fn spawn_all(actors: &mut Vec<mpsc::Sender<Add>>, count: u64) {
    for _ in 0..count {
        let (actor, mailbox) = mpsc::channel(MAILBOX_CAPACITY);
        tokio::spawn(counter(mailbox));
        actors.push(actor);
    }
}

async fn ask_each(actors: &[mpsc::Sender<Add>]) -> i64 {
    let mut sum = 0;
    for actor in actors {
        sum += ask(actor, 1).await;
    }
    sum
}

fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1);
    pages.and_then(|pages| pages.parse().ok()).unwrap_or(0.0) * 4096.0
}

/// Processor time of this process, in seconds; from the scheduler's own account, in nanoseconds, of each thread.
fn processor_seconds() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").expect("no /proc/self/task");
    let nanoseconds: u64 = threads
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("schedstat")).ok())
        .filter_map(|line| {
            line.split_whitespace()
                .next()
                .and_then(|ns| ns.parse::<u64>().ok())
        })
        .sum();
    nanoseconds as f64 * 1e-9
}

pub fn memory(options: Options) -> Run {
    Box::pin(async move {
        let mut actors = Vec::with_capacity(options.size as usize);
        let before = resident_bytes();
        let start = Instant::now();
        spawn_all(&mut actors, options.size);
        let sum = ask_each(&actors).await;
        let mut outcome = Outcome::of(options.size, start, sum, options.size as i64);
        let bytes = (resident_bytes() - before) / options.size as f64;
        outcome.figures = vec![("bytes_per_actor", bytes)];
        outcome
    })
}

pub fn cpu(options: Options) -> Run {
    Box::pin(async move {
        let mut actors = Vec::new();
        spawn_all(&mut actors, options.size);
        let sum = ask_each(&actors).await;
        let start = Instant::now();
        let before = processor_seconds();
        tokio::time::sleep(Duration::from_millis(options.count)).await;
        let used = processor_seconds() - before;
        let mut outcome = Outcome::of(options.count, start, sum, options.size as i64);
        outcome.figures = vec![("cpu_ms", used * 1000.0)];
        outcome
    })
}

pub fn growth(options: Options) -> Run {
    Box::pin(async move {
        let mut actors = Vec::new();
        spawn_all(&mut actors, options.size);
        let begun = ask_each(&actors).await;
        let start = Instant::now();
        let mut answered = 0;
        let mut place = 0;
        for _ in 0..options.count {
            if ask(&actors[place], 1).await > 0 {
                answered += 1;
            }
            place = (place + 7919) % actors.len();
        }
        let expected = (options.count + options.size) as i64;
        Outcome::of(options.count, start, answered + begun, expected)
    })
}
