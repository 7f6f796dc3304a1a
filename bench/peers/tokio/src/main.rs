//! The chapter's experiment on Tokio: tasks, all spawned at once, each make one request to one shared counter.
//!
//!     tokio-peer --form actor|mutex|mutex-detached --tasks N [--flavor multi-thread|current-thread] [--workers K]
//!
//! Forms:
//! - `actor`: one task owns the counter and reads a bounded channel (capacity 100); each request carries a one-shot
//!   responder, and its task awaits the answer.
//! - `mutex`: the counter is in an asynchronous mutex; each task locks it.
//! - `mutex-detached`: each task spawns another that locks it, and could do something else before it awaits that one.
//!
//! Prints one line of JSON. Exits with 1 if the counter's end value is not the sum of the requests, 2 on wrong usage.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, Mutex};
use tokio::task::JoinHandle;

const MAILBOX_CAPACITY: usize = 100;

#[derive(Debug)]
struct Request {
    value: i64,
    responder: oneshot::Sender<i64>,
}

/// Owns the counter; answers each request with the new total.
async fn counter(mut mailbox: mpsc::Receiver<Request>) -> i64 {
    let mut total = 0;
    while let Some(request) = mailbox.recv().await {
        total += request.value;
        // An asker that is gone is no concern of the counter.
        let _ = request.responder.send(total);
    }
    total
}

async fn add_locked(total: Arc<Mutex<i64>>, value: i64) -> i64 {
    let mut total = total.lock().await;
    *total += value;
    *total
}

/// Spawns `tasks` futures, all before the first is awaited, and awaits them all.
async fn spawn_all<F>(tasks: i64, mut make: impl FnMut(i64) -> F)
where
    F: std::future::Future<Output = ()> + Send + 'static,
{
    let mut handles: Vec<JoinHandle<()>> = Vec::with_capacity(tasks as usize);
    for value in 0..tasks {
        handles.push(tokio::spawn(make(value)));
    }
    for handle in handles {
        handle.await.expect("a task failed");
    }
}

/// The counter's end value, and the time from before the first spawn to the last completion.
async fn run_actor(tasks: i64) -> (i64, Duration) {
    let (sender, mailbox) = mpsc::channel(MAILBOX_CAPACITY);
    let counter = tokio::spawn(counter(mailbox));
    let start = Instant::now();
    spawn_all(tasks, |value| {
        let sender = sender.clone();
        async move {
            let (responder, answer) = oneshot::channel();
            sender
                .send(Request { value, responder })
                .await
                .expect("the counter ended");
            answer.await.expect("the counter did not answer");
        }
    })
    .await;
    let elapsed = start.elapsed();
    drop(sender);
    (counter.await.expect("the counter failed"), elapsed)
}

async fn run_mutex(tasks: i64) -> (i64, Duration) {
    let total = Arc::new(Mutex::new(0));
    let start = Instant::now();
    spawn_all(tasks, |value| {
        let total = total.clone();
        async move {
            add_locked(total, value).await;
        }
    })
    .await;
    let elapsed = start.elapsed();
    let end_value = *total.lock().await;
    (end_value, elapsed)
}

async fn run_mutex_detached(tasks: i64) -> (i64, Duration) {
    let total = Arc::new(Mutex::new(0));
    let start = Instant::now();
    spawn_all(tasks, |value| {
        let total = total.clone();
        async move {
            let update = tokio::spawn(add_locked(total, value));
            // Here the caller may do something else.
            update.await.expect("the update failed");
        }
    })
    .await;
    let elapsed = start.elapsed();
    let end_value = *total.lock().await;
    (end_value, elapsed)
}

/// The most memory this process has had, in KiB; 0 if the system does not say.
fn peak_rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|value| value.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

struct Options {
    form: String,
    tasks: i64,
    flavor: String,
    workers: Option<usize>,
}

fn parse_options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        form: String::new(),
        tasks: 0,
        flavor: "multi-thread".into(),
        workers: None,
    };
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(format!("{name} needs a value"))?;
        let number = || {
            value
                .parse::<u32>()
                .ok()
                .filter(|n| *n > 0)
                .ok_or(format!("{name}: not a positive number: {value}"))
        };
        match name.as_str() {
            "--form" => options.form = value,
            "--tasks" => options.tasks = i64::from(number()?),
            "--flavor" => options.flavor = value,
            "--workers" => options.workers = Some(number()? as usize),
            _ => return Err(format!("unknown option {name}")),
        }
    }
    if !["actor", "mutex", "mutex-detached"].contains(&options.form.as_str()) {
        return Err("--form is one of actor, mutex, mutex-detached".into());
    }
    if options.tasks == 0 {
        return Err("--tasks is missing".into());
    }
    Ok(options)
}

fn runtime(options: &Options) -> Result<tokio::runtime::Runtime, String> {
    let mut builder = match options.flavor.as_str() {
        "multi-thread" => tokio::runtime::Builder::new_multi_thread(),
        "current-thread" => tokio::runtime::Builder::new_current_thread(),
        _ => return Err("--flavor is one of multi-thread, current-thread".into()),
    };
    if let Some(workers) = options.workers {
        builder.worker_threads(workers);
    }
    builder
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    let prepared = parse_options(std::env::args().skip(1))
        .and_then(|options| runtime(&options).map(|runtime| (options, runtime)));
    let (options, runtime) = match prepared {
        Ok(prepared) => prepared,
        Err(message) => {
            eprintln!("tokio-peer: {message}");
            return ExitCode::from(2);
        }
    };
    let tasks = options.tasks;
    let (total, elapsed) = match options.form.as_str() {
        "actor" => runtime.block_on(run_actor(tasks)),
        "mutex" => runtime.block_on(run_mutex(tasks)),
        _ => runtime.block_on(run_mutex_detached(tasks)),
    };
    let seconds = elapsed.as_secs_f64();
    println!(
        r#"{{"form":"{}","tasks":{},"seconds":{:.6},"ns_per_task":{:.1},"peak_rss_kib":{},"total":{}}}"#,
        options.form,
        tasks,
        seconds,
        seconds * 1e9 / tasks as f64,
        peak_rss_kib(),
        total
    );
    let expected = tasks * (tasks - 1) / 2;
    if total != expected {
        eprintln!("tokio-peer: the counter ended at {total}, the requests add up to {expected}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
