//! What a workload is, and what all of them share.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

/// As many messages as a mailbox of Understudy holds unless told otherwise.
pub const MAILBOX_CAPACITY: usize = 100;

#[derive(Clone, Copy)]
pub struct Options {
    pub count: u64,
    pub size: u64,
    pub workers: usize,
}

#[derive(Default)]
pub struct Outcome {
    pub operations: u64,
    pub seconds: f64,
    pub check: i64,
    pub expected: i64,
    pub figures: Vec<(&'static str, f64)>,
}

impl Outcome {
    /// The outcome of `operations` that have just ended.
    pub fn of(operations: u64, start: Instant, check: i64, expected: i64) -> Outcome {
        Outcome {
            operations,
            seconds: start.elapsed().as_secs_f64(),
            check,
            expected,
            figures: Vec::new(),
        }
    }
}

pub type Run = Pin<Box<dyn Future<Output = Outcome> + Send>>;

pub struct Workload {
    pub name: &'static str,
    pub run: fn(Options) -> Run,
    pub count: u64,
    pub size: u64,
}

/// A value and the way to the asker.
pub struct Add {
    pub value: i64,
    pub reply: oneshot::Sender<i64>,
}

/// Answers each request with the running total.
pub async fn counter(mut mailbox: mpsc::Receiver<Add>) {
    let mut total = 0;
    while let Some(add) = mailbox.recv().await {
        total += add.value;
        // An asker that is gone is no concern of the counter.
        let _ = add.reply.send(total);
    }
}

/// One request and its answer; -1 if there is none.
pub async fn ask(target: &mpsc::Sender<Add>, value: i64) -> i64 {
    let (reply, answer) = oneshot::channel();
    if target.send(Add { value, reply }).await.is_err() {
        return -1;
    }
    answer.await.unwrap_or(-1)
}

/// Senders that everybody may use, and the receivers they belong to, for `count` actors that know each other.
pub fn channels<T>(
    count: u64,
    capacity: usize,
) -> (Arc<Vec<mpsc::Sender<T>>>, Vec<mpsc::Receiver<T>>) {
    let (senders, receivers) = (0..count).map(|_| mpsc::channel(capacity)).unzip();
    (Arc::new(senders), receivers)
}

/// The sum of the first `parts` values; what the collector is elsewhere.
pub async fn sum_up(mut results: mpsc::Receiver<i64>, parts: u64) -> i64 {
    let mut sum = 0;
    for _ in 0..parts {
        match results.recv().await {
            Some(value) => sum += value,
            None => return -1,
        }
    }
    sum
}

/// A linear congruential generator: the same numbers in every language.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

/// 0 + 1 + … + (count - 1).
pub fn sum_below(count: u64) -> i64 {
    (count * count.wrapping_sub(1) / 2) as i64
}

/// The most memory this process has had, in KiB; 0 if the system does not say.
pub fn peak_rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|value| value.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}
