//! A tree of ten children a node: with tasks that are joined, and with tasks that send their sums to their parents.

use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use tokio::sync::mpsc;

use crate::workload::{sum_below, Options, Outcome, Run, MAILBOX_CAPACITY};

const CHILDREN: u64 = 10;

fn task_node(first: i64, leaves: u64) -> Pin<Box<dyn Future<Output = i64> + Send>> {
    Box::pin(async move {
        if leaves == 1 {
            return first;
        }
        let each = leaves / CHILDREN;
        let children: Vec<_> = (0..CHILDREN)
            .map(|i| tokio::spawn(task_node(first + (i * each) as i64, each)))
            .collect();
        let mut sum = 0;
        for child in children {
            sum += child.await.expect("a node failed");
        }
        sum
    })
}

fn actor_node(
    first: i64,
    leaves: u64,
    parent: mpsc::Sender<i64>,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        // As every actor has one, a leaf has a mailbox too.
        let (own, mut mailbox) = mpsc::channel(MAILBOX_CAPACITY);
        let mut sum = 0;
        if leaves == 1 {
            sum = first;
        } else {
            let each = leaves / CHILDREN;
            for i in 0..CHILDREN {
                tokio::spawn(actor_node(first + (i * each) as i64, each, own.clone()));
            }
            for _ in 0..CHILDREN {
                sum += mailbox.recv().await.unwrap_or(-1);
            }
        }
        let _ = parent.send(sum).await;
    })
}

pub fn tasks(options: Options) -> Run {
    Box::pin(async move {
        let start = Instant::now();
        let sum = task_node(0, options.count).await;
        Outcome::of(options.count, start, sum, sum_below(options.count))
    })
}

pub fn actors(options: Options) -> Run {
    Box::pin(async move {
        let start = Instant::now();
        let (own, mut mailbox) = mpsc::channel(MAILBOX_CAPACITY);
        tokio::spawn(actor_node(0, options.count, own));
        let sum = mailbox.recv().await.unwrap_or(-1);
        Outcome::of(options.count, start, sum, sum_below(options.count))
    })
}
