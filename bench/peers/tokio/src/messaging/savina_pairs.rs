//! Savina's ping-pong, thread ring and fork-join.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use crate::workload::{channels, sum_up, Options, Outcome, Run, MAILBOX_CAPACITY};

async fn ring_member(
    mut mailbox: mpsc::Receiver<u64>,
    place: usize,
    ring: Arc<Vec<mpsc::Sender<u64>>>,
    result: mpsc::Sender<i64>,
) {
    while let Some(hops_left) = mailbox.recv().await {
        if hops_left == 0 {
            let _ = result.send(place as i64).await;
            continue;
        }
        let _ = ring[(place + 1) % ring.len()].send(hops_left - 1).await;
    }
}

pub fn ring(options: Options) -> Run {
    Box::pin(async move {
        let (ring, mailboxes) = channels(options.size, MAILBOX_CAPACITY);
        let (result, results) = mpsc::channel(MAILBOX_CAPACITY);
        for (place, mailbox) in mailboxes.into_iter().enumerate() {
            tokio::spawn(ring_member(mailbox, place, ring.clone(), result.clone()));
        }
        let start = Instant::now();
        let _ = ring[0].send(options.count).await;
        let last = sum_up(results, 1).await;
        let expected = (options.count % options.size) as i64;
        Outcome::of(options.count, start, last, expected)
    })
}

/// A ring of two in which each round is two hops.
pub fn ping_pong(options: Options) -> Run {
    Box::pin(async move {
        let hops = Options {
            count: options.count * 2,
            size: 2,
            ..options
        };
        Outcome {
            operations: options.count,
            ..ring(hops).await
        }
    })
}

fn compute(angle: f64) -> f64 {
    let sine = angle.sin();
    sine * sine
}

async fn throughput_worker(
    mut mailbox: mpsc::Receiver<f64>,
    messages: u64,
    result: mpsc::Sender<i64>,
) {
    let mut right = 0;
    for _ in 0..messages {
        match mailbox.recv().await {
            Some(angle) if compute(angle) > 0.0 => right += 1,
            Some(_) => {}
            None => return,
        }
    }
    let _ = result.send(right).await;
}

pub fn fork_join_throughput(options: Options) -> Run {
    Box::pin(async move {
        let (workers, mailboxes) = channels(options.size, MAILBOX_CAPACITY);
        let (result, results) = mpsc::channel(MAILBOX_CAPACITY);
        for mailbox in mailboxes {
            tokio::spawn(throughput_worker(mailbox, options.count, result.clone()));
        }
        let start = Instant::now();
        tokio::spawn(async move {
            for _ in 0..options.count {
                for worker in workers.iter() {
                    let _ = worker.send(37.2).await;
                }
            }
        });
        let right = sum_up(results, options.size).await;
        let messages = options.count * options.size;
        Outcome::of(messages, start, right, messages as i64)
    })
}

pub fn fork_join_create(options: Options) -> Run {
    Box::pin(async move {
        let (result, results) = mpsc::channel(MAILBOX_CAPACITY);
        let start = Instant::now();
        tokio::spawn(async move {
            for _ in 0..options.count {
                let (worker, mailbox) = mpsc::channel(MAILBOX_CAPACITY);
                tokio::spawn(throughput_worker(mailbox, 1, result.clone()));
                let _ = worker.send(37.2).await;
            }
        });
        let right = sum_up(results, options.count).await;
        Outcome::of(options.count, start, right, options.count as i64)
    })
}
