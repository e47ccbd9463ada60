//! How does lightningd reach the backend, which is no program of its own?
//!
//! A plugin is a program with which lightningd speaks over standard input and output. Ours is a shell script that joins
//! those to two named pipes, whose other ends are in this process. If either side ends, the other sees its pipe close:
//! `cat` ends with it, and lightningd ends without its backend.

use rustix::fs::{CWD, Mode, OFlags};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::task::{AbortHandle, spawn_local};

use super::Backend;
use crate::frames::{Frames, frame};
use crate::network::Network;

/// A program for lightningd to start, and who answers behind it.
pub(crate) struct ChainPlugin {
    program: PathBuf,
    backend: Rc<Backend>,
    tasks: [AbortHandle; 2],
}

impl ChainPlugin {
    /// Makes the program in `dir`, which exists, for one start of lightningd, and answers for `network` from now on.
    ///
    /// # Errors
    /// The system's, if it can't be made.
    ///
    /// # Panics
    /// Outside a [`LocalSet`](tokio::task::LocalSet).
    pub(crate) fn install(dir: &Path, network: Rc<Network>) -> io::Result<Self> {
        let program = dir.join("chain-plugin");
        let (asked, told) = (dir.join("chain-plugin.asked"), dir.join("chain-plugin.told"));
        for pipe in [&asked, &told] {
            remove_old(pipe)?;
            rustix::fs::mkfifoat(CWD, pipe, Mode::RUSR | Mode::WUSR)?;
        }
        remove_old(&program)?;
        fs::write(&program, script(&asked, &told))?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700))?;

        let receiver = pipe::OpenOptions::new().open_receiver(&asked)?;
        // With a reading end too, it opens although nobody reads yet.
        let sender = pipe::Sender::from_file(open_both_ways(&told)?)?;
        let backend = Rc::new(Backend::new(network));
        let tasks = [
            spawn_local(read(receiver, backend.clone())).abort_handle(),
            spawn_local(write(sender, backend.clone())).abort_handle(),
        ];
        Ok(Self { program, backend, tasks })
    }

    /// What lightningd is to start.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Who answers.
    pub(crate) fn backend(&self) -> &Rc<Backend> {
        &self.backend
    }
}

impl Drop for ChainPlugin {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// A shell gives a background command no standard input, hence the third descriptor.
fn script(asked: &Path, told: &Path) -> String {
    let (asked, told) = (quoted(asked), quoted(told));
    format!("#!/bin/sh\nexec 3<&0\ncat <&3 3<&- >{asked} &\nexec cat <{told} 3<&-\n")
}

/// As one word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

fn remove_old(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn open_both_ways(pipe: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().read(true).write(true).custom_flags(flags).open(pipe)
}

async fn read(mut pipe: pipe::Receiver, backend: Rc<Backend>) {
    let mut frames = Frames::default();
    let mut chunk = vec![0; 65_536];
    while let Ok(read @ 1..) = pipe.read(&mut chunk).await {
        match frames.push(&chunk[..read]) {
            Ok(messages) => {
                for message in messages {
                    backend.take(message).await;
                }
            }
            Err(error) => {
                tracing::error!("lightningd's words to its chain backend: {error}");
                break;
            }
        }
    }
    backend.close();
}

async fn write(mut pipe: pipe::Sender, backend: Rc<Backend>) {
    loop {
        let answer = backend.next_answer().await;
        if pipe.write_all(&frame(&answer)).await.is_err() {
            return;
        }
    }
}
