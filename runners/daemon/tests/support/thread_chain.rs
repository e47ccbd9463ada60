//! A daemon of threads that hand each line on: from the pipe `in` to the pipe `out`, through as many as the argument says.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, Write};
use std::sync::mpsc;
use std::thread;

fn main() {
    let threads: usize = env::args().nth(1).unwrap().parse().unwrap();
    let (first, mut receiver) = mpsc::channel::<String>();
    for _ in 0..threads {
        let (sender, next) = mpsc::channel();
        thread::spawn(move || receiver.into_iter().for_each(|line| sender.send(line).unwrap()));
        receiver = next;
    }
    let mut out = OpenOptions::new().write(true).open("out").unwrap();
    thread::spawn(move || receiver.into_iter().for_each(|line| writeln!(out, "{line}").unwrap()));
    for line in io::BufReader::new(File::open("in").unwrap()).lines() {
        first.send(line.unwrap()).unwrap();
    }
}
