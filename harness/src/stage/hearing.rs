//! How is waited for what the node does: the one way to hear it, or to learn that it has nothing left to do.

use lnprototest_bolt::wire::Message;
use lnprototest_runner_api::Settled;
use std::fmt;
use std::future::poll_fn;
use std::task::Poll;

use super::{Patience, Stage, Stop};
use crate::session::{Arrived, Background, FENCE_PONG_BYTES, Frame, NO_PONG};
use crate::verdict::{Code, CodeKind};

/// What a wait on a session came to.
#[derive(Clone, Debug)]
pub(crate) enum Arrival {
    /// Something came.
    Came(Arrived),
    /// Nothing comes, and the node has nothing left to do.
    Quiet(Silence),
}

/// How a silence is known.
#[derive(Clone, Debug)]
pub(crate) enum Silence {
    /// The node was run until it had nothing left to do.
    Proved,
    /// It was watched for as long as its runner can say.
    Within(String),
}

impl Stage<'_> {
    /// The next thing on a session that is not background, or silence. What is background is dealt with on the way. A
    /// silence that is not proved is believed once a ping has drawn out what the node may hold back until something
    /// urgent goes out, as Core Lightning does with gossip.
    pub(crate) async fn arrival(
        &mut self,
        session: &str,
        background: Background<'_>,
        wanted: &[&str],
    ) -> Result<Arrival, Stop> {
        let arrival = self.arrival_unprompted(session, background, wanted).await?;
        if !matches!(arrival, Arrival::Quiet(Silence::Within(_))) || !self.session(session)?.answers_pings() {
            return Ok(arrival);
        }
        self.send_fence(session).await?;
        self.arrival_unprompted(session, background, wanted).await
    }

    /// As [`Stage::arrival`], but without a ping, for a caller that sends one itself.
    pub(crate) async fn arrival_unprompted(
        &mut self,
        session: &str,
        background: Background<'_>,
        wanted: &[&str],
    ) -> Result<Arrival, Stop> {
        self.session(session)?.refuse_left()?;
        let begun = Patience::new(self.bounds.settle);
        let mut silence = None;
        loop {
            self.session(session)?.link.take_in_ready().await;
            self.digest(session)?;
            while let Some(arrived) = self.session(session)?.take() {
                self.session(session)?.refuse_forbidden(&arrived)?;
                if !self.deal_with(session, &arrived, background, wanted).await? {
                    if matches!(arrived, Arrived::End) {
                        // Whoever dies hangs up too, and which of both shows first is chance.
                        self.settle().await?;
                    }
                    return Ok(Arrival::Came(arrived));
                }
                silence = None;
            }
            begun.check(session)?;
            if let Some(silence) = silence {
                return Ok(match self.session(session)?.untaken_bytes() {
                    Some(bytes) => Arrival::Came(bytes),
                    None => Arrival::Quiet(silence),
                });
            }
            silence = self.settle_or_hear(Some(session)).await?;
        }
    }

    /// Looks at the next thing on a session, as [`Stage::arrival`] does, and leaves it there.
    pub(crate) async fn peek(
        &mut self,
        session: &str,
        background: Background<'_>,
        wanted: &[&str],
    ) -> Result<Arrival, Stop> {
        let arrival = self.arrival(session, background, wanted).await?;
        if let Arrival::Came(arrived) = &arrival {
            self.session(session)?.put_back(arrived.clone());
        }
        Ok(arrival)
    }

    /// All that has come on a session and was not taken, without waiting for more; empty if there is no such session.
    pub(crate) async fn untaken(&mut self, session: &str) -> Result<Vec<Arrived>, Stop> {
        let Some(target) = self.sessions.get_mut(session).filter(|target| !target.is_left()) else {
            return Ok(Vec::new());
        };
        target.link.take_in_ready().await;
        self.digest(session)?;
        let target = self.session(session)?;
        let untaken: Vec<Arrived> = target.inbox.drain(..).collect();
        untaken.iter().try_for_each(|arrived| target.refuse_forbidden(arrived))?;
        Ok(untaken)
    }

    /// Runs the node until it has nothing left to do, whatever it says meanwhile.
    pub(crate) async fn settle(&mut self) -> Result<Silence, Stop> {
        loop {
            if let Some(silence) = self.settle_or_hear(None).await? {
                return Ok(silence);
            }
        }
    }

    /// Proves that a session is alive: it is open, and once both `init`s were exchanged it answers a ping, unless we
    /// have broken a frame, behind which a ping can't be read. The ping and its pong appear in no record.
    pub(crate) async fn prove_alive(&mut self, session: &str) -> Result<(), Stop> {
        self.session(session)?.refuse_left()?;
        let begun = Patience::new(self.bounds.settle);
        self.send_fence(session).await?;
        let mut silent = false;
        loop {
            self.session(session)?.link.take_in_ready().await;
            self.digest(session)?;
            let target = self.session(session)?;
            if silent || target.fences == 0 || target.link.ended() {
                break;
            }
            begun.check(session)?;
            silent = self.settle_or_hear(Some(session)).await?.is_some();
        }
        let target = self.session(session)?;
        let ended =
            target.inbox.iter().any(|arrived| matches!(arrived, Arrived::End | Arrived::Unreadable { .. }));
        let open = !ended && !matches!(target.phase, crate::session::Phase::Closed);
        let unanswered = std::mem::take(&mut target.fences);
        match (open, unanswered) {
            (true, 0) => Ok(()),
            (true, _) => Err(Stop::fail(
                Code::bare(CodeKind::NotAlive),
                format!("the connection {session} to be alive"),
                "it is open, but the node answers no ping",
            )),
            (false, _) => Err(Stop::fail(
                Code::bare(CodeKind::NotAlive),
                format!("the connection {session} to be alive"),
                "the node has closed it",
            )),
        }
    }

    /// Pings the node, if it can answer. Neither the ping nor its pong appears in a record.
    async fn send_fence(&mut self, session: &str) -> Result<(), Stop> {
        let target = self.session(session)?;
        if target.answers_pings() {
            let mut ping = vec![0, 18];
            ping.extend_from_slice(&FENCE_PONG_BYTES.to_be_bytes());
            ping.extend_from_slice(&[0, 0]);
            target.fences += 1;
            target.send_frame(&ping, Frame::default()).await?;
        }
        Ok(())
    }

    /// Waits for `count` bytes below the messages and takes them; else says in words what came instead.
    pub(crate) async fn bytes(
        &mut self,
        session: &str,
        count: usize,
    ) -> Result<Result<Vec<u8>, String>, Stop> {
        self.session(session)?.refuse_left()?;
        let mut silence: Option<Silence> = None;
        loop {
            let target = self.session(session)?;
            target.link.take_in_ready().await;
            if target.link.incoming().len() >= count {
                self.disturb_bytes(session);
            }
            let target = self.session(session)?;
            let there = target.link.incoming().len();
            if there >= count {
                return Ok(Ok(target.link.incoming().drain(..count).collect()));
            }
            if target.link.ended() {
                return Ok(Err(format!("{there} bytes, and the node closed the connection")));
            }
            if let Some(silence) = silence {
                return Ok(Err(format!("{there} bytes, and the node has nothing more to say ({silence})")));
            }
            silence = self.settle_or_hear(Some(session)).await?;
        }
    }

    /// Lets bytes below the messages that have come pass the tap.
    fn disturb_bytes(&mut self, session: &str) {
        if let Some(target) = self.sessions.get_mut(session)
            && !self.tap.bytes(target.link.incoming())
        {
            target.link.sever();
        }
    }

    /// Makes what the bytes of a session mean available, its pongs to our fences taken out.
    fn digest(&mut self, name: &str) -> Result<(), Stop> {
        let catalogue = self.catalogue;
        let session = self.sessions.get_mut(name);
        let session = session.ok_or_else(|| Stop::spec(format!("there is no session '{name}'")))?;
        let known = session.inbox.len();
        session.digest(catalogue);
        for arrived in session.inbox.split_off(known) {
            if session.fences > 0 && is_fence_pong(&arrived) {
                session.fences -= 1;
                continue;
            }
            for passed in self.tap.pass(session.place(), arrived) {
                self.transcript.push(session.take_in(passed));
            }
        }
        Ok(())
    }

    /// Whether `arrived` is background; then it has been dealt with.
    async fn deal_with(
        &mut self,
        session: &str,
        arrived: &Arrived,
        background: Background<'_>,
        wanted: &[&str],
    ) -> Result<bool, Stop> {
        match arrived {
            Arrived::Unknown { number, .. } => Ok(background.is_some() && number % 2 == 1),
            Arrived::Message(recorded) if background.covers(recorded.message(), wanted) => {
                self.consume(session, recorded)?;
                self.pong(session, recorded.message()).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Answers a ping, if `message` is one that wants an answer.
    async fn pong(&mut self, session: &str, message: &Message) -> Result<(), Stop> {
        let wanted = match message.name() {
            "ping" => message.u64("num_pong_bytes").filter(|count| *count < NO_PONG),
            _ => None,
        };
        let Some(count) = wanted else { return Ok(()) };
        let mut bytes = vec![0, 19];
        bytes.extend_from_slice(&(count as u16).to_be_bytes());
        bytes.resize(bytes.len() + count as usize, 0);
        match self.catalogue.decode(&bytes) {
            Ok(pong) => self.send(session, pong).await,
            Err(error) => Err(Stop::spec(format!("the catalogue's pong is not BOLT 1's: {error}"))),
        }
    }

    /// Runs the node until it has nothing left to do, or until bytes come on `session`; `None` for the latter. What
    /// it was asked to do goes on beside.
    async fn settle_or_hear(&mut self, session: Option<&str>) -> Result<Option<Silence>, Stop> {
        if self.killed {
            return Ok(Some(Silence::Proved));
        }
        let node = self.node.clone();
        let bound = self.bounds.settle;
        let operations = &mut self.operations;
        let mut link = session.and_then(|name| self.sessions.get_mut(name)).map(|session| &mut session.link);
        let heard_something = async {
            match &mut link {
                Some(link) if !link.ended() => link.more().await,
                _ => std::future::pending().await,
            }
        };
        let settle = node.settle();
        let both = async {
            tokio::pin!(heard_something, settle);
            poll_fn(|cx| {
                operations.poll(cx);
                let settled = settle.as_mut().poll(cx);
                operations.poll(cx);
                match settled {
                    Poll::Ready(settled) => Poll::Ready(Some(settled)),
                    Poll::Pending => heard_something.as_mut().poll(cx).map(|()| None),
                }
            })
            .await
        };
        let settled = tokio::time::timeout(bound, both).await;
        self.operations.collect()?;
        let settled = settled.map_err(|_| {
            Stop::fail(
                Code::bare(CodeKind::Busy),
                format!("the node to settle within {bound:?} (--timeout-scale changes that)"),
                "it did not",
            )
        })?;
        match settled {
            None => Ok(None),
            Some(settled) => {
                let silence = understand(settled?)?;
                if let Silence::Within(_) = silence {
                    // The runtime looks at its sockets: what the node sent before it fell silent is there now.
                    tokio::task::yield_now().await;
                }
                Ok(Some(silence))
            }
        }
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proved => f.write_str("proved: it has nothing left to do"),
            Self::Within(fence) => write!(f, "bounded: {fence}"),
        }
    }
}

/// What a node's own word on its state means for the path.
fn understand(settled: Settled) -> Result<Silence, Stop> {
    match settled {
        Settled::Proved => Ok(Silence::Proved),
        Settled::Within { bound, fence } => Ok(Silence::Within(format!("{bound:?}, by {fence}"))),
        Settled::Busy { waited } => Err(Stop::fail(
            Code::bare(CodeKind::Busy),
            "the node to come to rest",
            format!("it was busy: {waited}"),
        )),
        Settled::Died { how } => Err(Stop::fail(
            Code::bare(CodeKind::Crash),
            "the node to go on running",
            format!("it died: {how}"),
        )),
        _ => Err(Stop::environment("the runner answers settle with something this harness does not know")),
    }
}

fn is_fence_pong(arrived: &Arrived) -> bool {
    arrived.message().is_some_and(|message| {
        message.name() == "pong"
            && message.bytes("ignored").is_some_and(|b| b.len() == FENCE_PONG_BYTES as usize)
    })
}
