//! How do HTTP messages travel? As little of HTTP/1.1 as bitcoind's and Lampo's interfaces need.
//!
//! One side is ours and the other Lampo's, over loopback: lengths are told, nothing is split, encrypted or redirected.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A message's head may be so long.
const MOST_HEAD: usize = 16 * 1024;
/// A message's body may be so long: a block in hex, and some more.
const MOST_BODY: usize = 16 * 1024 * 1024;
/// How many headers a message may have.
const MOST_HEADERS: usize = 32;
/// How much is read in one go.
const READ_SIZE: usize = 16 * 1024;

/// A response that came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// A connection, with the bytes that were read ahead.
pub(crate) struct Connection<S> {
    stream: S,
    ahead: Vec<u8>,
}

/// What the first line and the headers of a message say.
struct Head<T> {
    first: T,
    /// Of the head itself.
    length: usize,
    /// Of the body, if it is told.
    body: Option<usize>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// A connection on which nothing was read yet.
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, ahead: Vec::new() }
    }

    /// The body of the next request; `None` if the client has hung up.
    pub(crate) async fn request(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(head) = self.head(request_head).await? else { return Ok(None) };
        self.body(head.length, head.body.unwrap_or(0)).await.map(Some)
    }

    /// The response to a request.
    pub(crate) async fn response(&mut self) -> io::Result<Response> {
        let head = self.head(response_head).await?.ok_or_else(cut_off)?;
        let body = match head.body {
            Some(length) => self.body(head.length, length).await?,
            None => {
                while self.read_more().await? {}
                self.ahead.split_off(head.length)
            }
        };
        Ok(Response { status: head.first, body })
    }

    /// Sends a whole message. In one piece: a second one would wait until the other side has acknowledged the first.
    pub(crate) async fn send(&mut self, first: &str, headers: &[&str], body: &[u8]) -> io::Result<()> {
        let mut message = format!("{first}\r\n").into_bytes();
        for header in headers {
            message.extend_from_slice(header.as_bytes());
            message.extend_from_slice(b"\r\n");
        }
        message.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        message.extend_from_slice(body);
        self.stream.write_all(&message).await?;
        self.stream.flush().await
    }

    async fn head<T>(
        &mut self,
        parse: impl Fn(&[u8]) -> Result<Option<Head<T>>, httparse::Error>,
    ) -> io::Result<Option<Head<T>>> {
        loop {
            if let Some(head) = parse(&self.ahead).map_err(invalid)? {
                return Ok(Some(head));
            }
            if self.ahead.len() > MOST_HEAD {
                return Err(invalid("a head that does not end"));
            }
            if !self.read_more().await? {
                return if self.ahead.is_empty() { Ok(None) } else { Err(cut_off()) };
            }
        }
    }

    /// Takes a head of `head` bytes and the `length` bytes behind it.
    async fn body(&mut self, head: usize, length: usize) -> io::Result<Vec<u8>> {
        if length > MOST_BODY {
            return Err(invalid(format!("a body of {length} bytes")));
        }
        while self.ahead.len() < head + length {
            if !self.read_more().await? {
                return Err(cut_off());
            }
        }
        let rest = self.ahead.split_off(head + length);
        let mut message = std::mem::replace(&mut self.ahead, rest);
        Ok(message.split_off(head))
    }

    /// Reads what is there, waiting for it; `false` if nothing more comes. It may be dropped at any point.
    async fn read_more(&mut self) -> io::Result<bool> {
        if self.ahead.len() > MOST_HEAD + MOST_BODY {
            return Err(invalid("too many bytes"));
        }
        self.ahead.reserve(READ_SIZE);
        Ok(self.stream.read_buf(&mut self.ahead).await? > 0)
    }
}

fn request_head(bytes: &[u8]) -> Result<Option<Head<()>>, httparse::Error> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = request.parse(bytes)? else { return Ok(None) };
    Ok(Some(Head { first: (), length, body: body_length(request.headers)? }))
}

fn response_head(bytes: &[u8]) -> Result<Option<Head<u16>>, httparse::Error> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = response.parse(bytes)? else { return Ok(None) };
    let first = response.code.ok_or(httparse::Error::Status)?;
    Ok(Some(Head { first, length, body: body_length(response.headers)? }))
}

/// What `Content-Length` says. A body in chunks is refused: nobody here sends any.
fn body_length(headers: &[httparse::Header<'_>]) -> Result<Option<usize>, httparse::Error> {
    let value = |name: &str| headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    if value("Transfer-Encoding").is_some() {
        return Err(httparse::Error::HeaderValue);
    }
    value("Content-Length")
        .map(|header| {
            let digits = std::str::from_utf8(header.value).ok().and_then(|text| text.trim().parse().ok());
            digits.ok_or(httparse::Error::HeaderValue)
        })
        .transpose()
}

fn invalid(what: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not the HTTP we know: {}", what.to_string()))
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended in the middle of an HTTP message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_sent_arrives_whole_however_it_is_cut() {
        let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
        let bytes = b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}POST /x HTTP/1.1\r\n\r\nGET";
        let mut connection = Connection::new(ours);
        let feed = async {
            for byte in bytes {
                theirs.write_all(&[*byte]).await.unwrap();
                tokio::task::yield_now().await;
            }
            drop(theirs);
        };
        let read = async {
            assert_eq!(connection.request().await.unwrap().unwrap(), b"{}");
            assert_eq!(connection.request().await.unwrap().unwrap(), b"");
            let error = connection.request().await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        };
        tokio::join!(feed, read);
    }

    #[tokio::test]
    async fn a_response_ends_with_its_length_or_with_the_connection() {
        for head in ["HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\n", "HTTP/1.1 201 Created\r\n\r\n"] {
            let (ours, mut theirs) = tokio::io::duplex(1024);
            theirs.write_all(format!("{head}true").as_bytes()).await.unwrap();
            drop(theirs);
            let response = Connection::new(ours).response().await.unwrap();
            assert_eq!(response, Response { status: 201, body: b"true".to_vec() });
        }
    }

    #[tokio::test]
    async fn nonsense_is_an_error() {
        let endless = format!("GET /{}", "x".repeat(20_000));
        let huge = "POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n";
        let chunks = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        for nonsense in ["\0\0\r\n\r\n", &endless, huge, chunks] {
            let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
            theirs.write_all(nonsense.as_bytes()).await.unwrap();
            let error = Connection::new(ours).request().await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{nonsense:.40}");
        }
    }

    #[tokio::test]
    async fn a_message_leaves_in_one_piece() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        Connection::new(ours).send("HTTP/1.1 200 OK", &["A: b"], b"{}").await.unwrap();
        let mut all = String::new();
        theirs.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\n{}");
    }
}
