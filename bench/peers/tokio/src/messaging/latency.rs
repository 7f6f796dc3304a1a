//! How long single asks take: with the workers busy, with the target's mailbox full, beside a flooded actor.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use crate::workload::{ask, counter, Add, Numbers, Options, Outcome, Run, MAILBOX_CAPACITY};

const SPIN_ROUNDS: u32 = 2_000;

async fn measure(target: &mpsc::Sender<Add>, count: u64, let_others_run: bool) -> Vec<u64> {
    let mut samples = Vec::with_capacity(count as usize);
    for _ in 0..count {
        if let_others_run {
            tokio::task::yield_now().await;
        }
        let begin = Instant::now();
        if ask(target, 1).await >= 0 {
            samples.push(begin.elapsed().as_nanos() as u64);
        }
    }
    samples
}

fn outcome_of_samples(count: u64, start: Instant, mut samples: Vec<u64>) -> Outcome {
    samples.sort_unstable();
    let percentile = |share: f64| match samples.len() {
        0 => 0.0,
        length => samples[((length - 1) as f64 * share) as usize] as f64 / 1000.0,
    };
    let mut outcome = Outcome::of(count, start, samples.len() as i64, count as i64);
    outcome.figures = vec![
        ("p50_us", percentile(0.5)),
        ("p99_us", percentile(0.99)),
        ("p999_us", percentile(0.999)),
    ];
    outcome
}

async fn busy(own: mpsc::Sender<u64>, mut mailbox: mpsc::Receiver<u64>, end: Arc<AtomicBool>) {
    while let Some(seed) = mailbox.recv().await {
        if end.load(Ordering::Relaxed) {
            break;
        }
        let mut numbers = Numbers::new(seed);
        let mut value = 0u64;
        for _ in 0..SPIN_ROUNDS {
            value = value.wrapping_add(numbers.next());
        }
        let _ = own.try_send(value);
    }
}

pub fn load(options: Options) -> Run {
    Box::pin(async move {
        let end = Arc::new(AtomicBool::new(false));
        let (target, mailbox) = mpsc::channel(MAILBOX_CAPACITY);
        tokio::spawn(counter(mailbox));
        for i in 0..options.size {
            let (own, mailbox) = mpsc::channel(MAILBOX_CAPACITY);
            let _ = own.try_send(i);
            tokio::spawn(busy(own, mailbox, end.clone()));
        }
        let start = Instant::now();
        let samples = measure(&target, options.count, false).await;
        end.store(true, Ordering::Relaxed);
        outcome_of_samples(options.count, start, samples)
    })
}

async fn flood(target: mpsc::Sender<Add>, end: Arc<AtomicBool>) {
    while !end.load(Ordering::Relaxed) {
        let (reply, _) = oneshot::channel();
        let _ = target.send(Add { value: 0, reply }).await;
    }
}

/// Asks `target` while `senders` flood `flooded`.
async fn measure_flooded(
    flooded: mpsc::Sender<Add>,
    target: mpsc::Sender<Add>,
    options: Options,
) -> Outcome {
    let end = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..options.size)
        .map(|_| tokio::spawn(flood(flooded.clone(), end.clone())))
        .collect();
    let start = Instant::now();
    let samples = measure(&target, options.count, true).await;
    end.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.await.expect("a sender failed");
    }
    outcome_of_samples(options.count, start, samples)
}

pub fn full(options: Options) -> Run {
    Box::pin(async move {
        let (target, mailbox) = mpsc::channel(MAILBOX_CAPACITY);
        tokio::spawn(counter(mailbox));
        measure_flooded(target.clone(), target, options).await
    })
}

pub fn fairness(options: Options) -> Run {
    Box::pin(async move {
        let (flooded, mailbox) = mpsc::channel(MAILBOX_CAPACITY);
        tokio::spawn(counter(mailbox));
        let (neighbour, mailbox) = mpsc::channel(MAILBOX_CAPACITY);
        tokio::spawn(counter(mailbox));
        measure_flooded(flooded, neighbour, options).await
    })
}
