//! Asks in a loop, tells in a stream, actors that live for one message.

use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use crate::workload::{self, counter, sum_below, Add, Options, Outcome, Run, MAILBOX_CAPACITY};

pub fn ask(options: Options) -> Run {
    Box::pin(async move {
        let (target, mailbox) = mpsc::channel(MAILBOX_CAPACITY);
        tokio::spawn(counter(mailbox));
        let start = Instant::now();
        let mut last = 0;
        for i in 0..options.count {
            last = workload::ask(&target, i as i64).await;
        }
        Outcome::of(options.count, start, last, sum_below(options.count))
    })
}

enum SinkMessage {
    Done(i64),
    Total(oneshot::Sender<i64>),
}

async fn sink(mut mailbox: mpsc::Receiver<SinkMessage>) {
    let mut sum = 0;
    while let Some(message) = mailbox.recv().await {
        match message {
            SinkMessage::Done(value) => sum += value,
            SinkMessage::Total(reply) => {
                let _ = reply.send(sum);
            }
        }
    }
}

pub fn tell(options: Options) -> Run {
    Box::pin(async move {
        let (target, mailbox) = mpsc::channel(MAILBOX_CAPACITY);
        tokio::spawn(sink(mailbox));
        let each = options.count / options.size;
        let start = Instant::now();
        let mut senders = Vec::new();
        for _ in 0..options.size {
            let target = target.clone();
            senders.push(tokio::spawn(async move {
                for i in 0..each {
                    if target.send(SinkMessage::Done(i as i64)).await.is_err() {
                        return; // The sum will be wrong.
                    }
                }
            }));
        }
        for sender in senders {
            sender.await.expect("a sender failed");
        }
        let (reply, answer) = oneshot::channel();
        let _ = target.send(SinkMessage::Total(reply)).await;
        let sum = answer.await.unwrap_or(-1);
        Outcome::of(
            each * options.size,
            start,
            sum,
            options.size as i64 * sum_below(each),
        )
    })
}

async fn once(mut mailbox: mpsc::Receiver<Add>) {
    if let Some(add) = mailbox.recv().await {
        let _ = add.reply.send(add.value);
    }
}

pub fn spawn(options: Options) -> Run {
    Box::pin(async move {
        let start = Instant::now();
        let mut sum = 0;
        for i in 0..options.count {
            let (actor, mailbox) = mpsc::channel(MAILBOX_CAPACITY);
            tokio::spawn(once(mailbox));
            sum += workload::ask(&actor, i as i64).await;
        }
        Outcome::of(options.count, start, sum, sum_below(options.count))
    })
}
