//! Savina's bounded buffer and dining philosophers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use crate::workload::{channels, sum_up, Numbers, Options, Outcome, Run, MAILBOX_CAPACITY};

const BUFFER_SIZE: usize = 50;
const COST: u64 = 25;

enum ManagerMessage {
    Made { producer: usize, value: f64 },
    Free { consumer: usize },
    Finished,
}

fn process(mut value: f64) -> f64 {
    let mut numbers = Numbers::new(COST);
    for _ in 0..COST * 100 {
        value += (numbers.next() as f64 / 2_147_483_648.0 + 0.01).ln();
    }
    value
}

async fn producer(
    mut mailbox: mpsc::Receiver<()>,
    own: usize,
    items: u64,
    manager: mpsc::Sender<ManagerMessage>,
) {
    let mut last = 0.0;
    for _ in 0..items {
        if mailbox.recv().await.is_none() {
            return;
        }
        last = process(last);
        let made = ManagerMessage::Made {
            producer: own,
            value: last,
        };
        let _ = manager.send(made).await;
    }
    if mailbox.recv().await.is_some() {
        let _ = manager.send(ManagerMessage::Finished).await;
    }
}

async fn consumer(
    mut mailbox: mpsc::Receiver<f64>,
    own: usize,
    manager: mpsc::Sender<ManagerMessage>,
) {
    let mut last = 0.0;
    while let Some(value) = mailbox.recv().await {
        last = process(last + value);
        let _ = manager.send(ManagerMessage::Free { consumer: own }).await;
    }
}

async fn manager(
    mut mailbox: mpsc::Receiver<ManagerMessage>,
    producers: Arc<Vec<mpsc::Sender<()>>>,
    consumers: Arc<Vec<mpsc::Sender<f64>>>,
    result: mpsc::Sender<i64>,
) {
    let parties = producers.len();
    let room = BUFFER_SIZE.saturating_sub(parties).max(1);
    let mut idle_consumers: VecDeque<usize> = (0..parties).collect();
    let mut held_producers = VecDeque::new();
    let mut items = VecDeque::new();
    let mut finished = 0;
    let mut handed_out = 0;
    for producer in producers.iter() {
        let _ = producer.send(()).await;
    }
    while let Some(message) = mailbox.recv().await {
        match message {
            ManagerMessage::Made { producer, value } => {
                items.push_back(value);
                held_producers.push_back(producer);
            }
            ManagerMessage::Free { consumer } => idle_consumers.push_back(consumer),
            ManagerMessage::Finished => finished += 1,
        }
        if !items.is_empty() && !idle_consumers.is_empty() {
            if let (Some(consumer), Some(value)) = (idle_consumers.pop_front(), items.pop_front()) {
                handed_out += 1;
                let _ = consumers[consumer].send(value).await;
            }
        }
        if items.len() < room {
            if let Some(producer) = held_producers.pop_front() {
                let _ = producers[producer].send(()).await;
            }
        }
        if finished == parties && idle_consumers.len() == parties {
            let _ = result.send(handed_out).await;
        }
    }
}

pub fn bounded_buffer(options: Options) -> Run {
    Box::pin(async move {
        let (producers, produce) = channels(options.size, MAILBOX_CAPACITY);
        let (consumers, consume) = channels(options.size, MAILBOX_CAPACITY);
        let (to_manager, mailbox) = mpsc::channel(options.size as usize * 2 + 2);
        let (result, results) = mpsc::channel(MAILBOX_CAPACITY);
        for (own, mailbox) in produce.into_iter().enumerate() {
            tokio::spawn(producer(mailbox, own, options.count, to_manager.clone()));
        }
        for (own, mailbox) in consume.into_iter().enumerate() {
            tokio::spawn(consumer(mailbox, own, to_manager.clone()));
        }
        let start = Instant::now();
        tokio::spawn(manager(mailbox, producers, consumers, result));
        let items = sum_up(results, 1).await;
        let all = options.count * options.size;
        Outcome::of(all, start, items, all as i64)
    })
}

enum ArbitratorMessage {
    Hungry(usize),
    Sated(usize),
}

#[derive(Clone, Copy, PartialEq)]
enum Say {
    Begin,
    Eat,
    Denied,
}

async fn arbitrator(
    mut mailbox: mpsc::Receiver<ArbitratorMessage>,
    philosophers: Arc<Vec<mpsc::Sender<Say>>>,
) {
    let seats = philosophers.len();
    let mut taken = vec![false; seats];
    while let Some(message) = mailbox.recv().await {
        match message {
            ArbitratorMessage::Hungry(left) => {
                let right = (left + 1) % seats;
                let say = if taken[left] || taken[right] {
                    Say::Denied
                } else {
                    taken[left] = true;
                    taken[right] = true;
                    Say::Eat
                };
                let _ = philosophers[left].send(say).await;
            }
            ArbitratorMessage::Sated(left) => {
                taken[left] = false;
                taken[(left + 1) % seats] = false;
            }
        }
    }
}

async fn philosopher(
    mut mailbox: mpsc::Receiver<Say>,
    own: usize,
    meals: u64,
    philosophers: Arc<Vec<mpsc::Sender<Say>>>,
    arbitrator: mpsc::Sender<ArbitratorMessage>,
    result: mpsc::Sender<i64>,
) {
    let mut eaten = 0;
    while let Some(said) = mailbox.recv().await {
        if said != Say::Eat {
            let _ = arbitrator.send(ArbitratorMessage::Hungry(own)).await;
            continue;
        }
        eaten += 1;
        let _ = arbitrator.send(ArbitratorMessage::Sated(own)).await;
        if eaten == meals {
            break;
        }
        let _ = philosophers[own].send(Say::Begin).await;
    }
    let _ = result.send(eaten as i64).await;
}

pub fn dining_philosophers(options: Options) -> Run {
    Box::pin(async move {
        let (philosophers, mailboxes) = channels(options.size, MAILBOX_CAPACITY);
        let (to_arbitrator, mailbox) = mpsc::channel(options.size as usize * 2 + 2);
        let (result, results) = mpsc::channel(MAILBOX_CAPACITY);
        tokio::spawn(arbitrator(mailbox, philosophers.clone()));
        for (own, mailbox) in mailboxes.into_iter().enumerate() {
            tokio::spawn(philosopher(
                mailbox,
                own,
                options.count,
                philosophers.clone(),
                to_arbitrator.clone(),
                result.clone(),
            ));
        }
        let start = Instant::now();
        for philosopher in philosophers.iter() {
            let _ = philosopher.try_send(Say::Begin);
        }
        let meals = sum_up(results, options.size).await;
        let all = options.count * options.size;
        Outcome::of(all, start, meals, all as i64)
    })
}
