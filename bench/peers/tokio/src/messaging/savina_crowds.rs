//! Savina's chameneos, big and concurrent dictionary.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use crate::workload::{channels, sum_up, Numbers, Options, Outcome, Run, MAILBOX_CAPACITY};

#[derive(Clone, Copy)]
struct Arrive {
    creature: usize,
    colour: u32,
}

enum CreatureMessage {
    Meet { partner: usize, colour: u32 },
    Change { colour: u32 },
    Fade,
}

fn complement(a: u32, b: u32) -> u32 {
    if a == b {
        a
    } else {
        3 - a - b
    }
}

async fn mall(
    mut mailbox: mpsc::Receiver<Arrive>,
    mut meetings: u64,
    creatures: Arc<Vec<mpsc::Sender<CreatureMessage>>>,
) {
    let mut waiting: Option<usize> = None;
    while let Some(arrival) = mailbox.recv().await {
        if meetings == 0 {
            let _ = creatures[arrival.creature]
                .send(CreatureMessage::Fade)
                .await;
        } else if let Some(partner) = waiting.take() {
            meetings -= 1;
            let meet = CreatureMessage::Meet {
                partner: arrival.creature,
                colour: arrival.colour,
            };
            let _ = creatures[partner].send(meet).await;
        } else {
            waiting = Some(arrival.creature);
        }
    }
}

async fn creature(
    mut mailbox: mpsc::Receiver<CreatureMessage>,
    own: usize,
    mall: mpsc::Sender<Arrive>,
    creatures: Arc<Vec<mpsc::Sender<CreatureMessage>>>,
    result: mpsc::Sender<i64>,
) {
    let mut colour = own as u32 % 3;
    let mut meetings = 0;
    while let Some(message) = mailbox.recv().await {
        match message {
            CreatureMessage::Fade => break,
            CreatureMessage::Meet {
                partner,
                colour: theirs,
            } => {
                colour = complement(colour, theirs);
                let _ = creatures[partner]
                    .send(CreatureMessage::Change { colour })
                    .await;
            }
            CreatureMessage::Change { colour: new } => colour = new,
        }
        meetings += 1;
        let arrive = Arrive {
            creature: own,
            colour,
        };
        let _ = mall.send(arrive).await;
    }
    let _ = result.send(meetings).await;
}

pub fn chameneos(options: Options) -> Run {
    Box::pin(async move {
        let (creatures, mailboxes) = channels(options.size, MAILBOX_CAPACITY);
        let (to_mall, mall_mailbox) = mpsc::channel(options.size as usize + 1);
        let (result, results) = mpsc::channel(MAILBOX_CAPACITY);
        tokio::spawn(mall(mall_mailbox, options.count, creatures.clone()));
        for (own, mailbox) in mailboxes.into_iter().enumerate() {
            tokio::spawn(creature(
                mailbox,
                own,
                to_mall.clone(),
                creatures.clone(),
                result.clone(),
            ));
        }
        let start = Instant::now();
        for own in 0..options.size as usize {
            let arrive = Arrive {
                creature: own,
                colour: own as u32 % 3,
            };
            let _ = to_mall.try_send(arrive);
        }
        let met = sum_up(results, options.size).await;
        Outcome::of(options.count, start, met, options.count as i64 * 2)
    })
}

enum BigMessage {
    Ping { from: usize },
    Pong,
}

async fn member(
    mut mailbox: mpsc::Receiver<BigMessage>,
    own: usize,
    pings: u64,
    members: Arc<Vec<mpsc::Sender<BigMessage>>>,
    result: mpsc::Sender<i64>,
) {
    let mut numbers = Numbers::new(own as u64);
    let mut sent = 0;
    while let Some(message) = mailbox.recv().await {
        match message {
            BigMessage::Ping { from } => {
                let _ = members[from].send(BigMessage::Pong).await;
            }
            BigMessage::Pong if sent == pings => {
                let _ = result.send(sent as i64).await;
            }
            BigMessage::Pong => {
                sent += 1;
                let target = numbers.next() as usize % members.len();
                let _ = members[target].send(BigMessage::Ping { from: own }).await;
            }
        }
    }
}

pub fn big(options: Options) -> Run {
    Box::pin(async move {
        let (members, mailboxes) = channels(options.size, options.size as usize * 2 + 2);
        let (result, results) = mpsc::channel(MAILBOX_CAPACITY);
        for (own, mailbox) in mailboxes.into_iter().enumerate() {
            tokio::spawn(member(
                mailbox,
                own,
                options.count,
                members.clone(),
                result.clone(),
            ));
        }
        let start = Instant::now();
        for member in members.iter() {
            let _ = member.try_send(BigMessage::Pong);
        }
        let pings = sum_up(results, options.size).await;
        let all = options.count * options.size;
        Outcome::of(all, start, pings, all as i64)
    })
}

const KEYS: u64 = 524_288;
const WRITE_PERCENTAGE: u64 = 10;

enum DictionaryMessage {
    Read(u64, oneshot::Sender<i64>),
    Write(u64, i64, oneshot::Sender<i64>),
}

async fn dictionary(mut mailbox: mpsc::Receiver<DictionaryMessage>, mut values: Vec<i64>) {
    while let Some(message) = mailbox.recv().await {
        match message {
            DictionaryMessage::Read(key, reply) => {
                let _ = reply.send(values[key as usize]);
            }
            DictionaryMessage::Write(key, value, reply) => {
                values[key as usize] = value;
                let _ = reply.send(value);
            }
        }
    }
}

async fn worker(target: mpsc::Sender<DictionaryMessage>, place: u64, requests: u64) -> i64 {
    let mut numbers = Numbers::new(place);
    let mut answered = 0;
    for i in 0..requests as i64 {
        let write = numbers.next() % 100 < WRITE_PERCENTAGE;
        let key = numbers.next() % KEYS;
        let (reply, answer) = oneshot::channel();
        let request = if write {
            DictionaryMessage::Write(key, i, reply)
        } else {
            DictionaryMessage::Read(key, reply)
        };
        let _ = target.send(request).await;
        match answer.await {
            Ok(value) if !write || value == i => answered += 1,
            _ => {}
        }
    }
    answered
}

pub fn concurrent_dictionary(options: Options) -> Run {
    Box::pin(async move {
        let (target, mailbox) = mpsc::channel(MAILBOX_CAPACITY);
        tokio::spawn(dictionary(mailbox, (0..KEYS as i64).collect()));
        let start = Instant::now();
        let workers: Vec<_> = (0..options.size)
            .map(|place| tokio::spawn(worker(target.clone(), place, options.count)))
            .collect();
        let mut sum = 0;
        for worker in workers {
            sum += worker.await.expect("a worker failed");
        }
        let all = options.count * options.size;
        Outcome::of(all, start, sum, all as i64)
    })
}
