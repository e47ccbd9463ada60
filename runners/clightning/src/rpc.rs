//! How is lightningd told what to do?
//!
//! By JSON-RPC over the Unix socket in its directory. Only a few methods are needed, and those as every version has
//! them, so the requests are plain JSON and not the generated types of one version.

use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::frames::{FrameError, Frames, frame};

/// JSON-RPC's code for a method that is not there.
pub(crate) const NO_SUCH_METHOD: i64 = -32601;

/// A way to ask things of lightningd.
#[derive(Clone, Debug)]
pub(crate) struct Rpc {
    socket: PathBuf,
}

impl Rpc {
    /// By the socket at `socket`, which need not be there yet.
    pub(crate) fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// Asks and waits for the answer, which for some methods takes as long as a peer likes. Others can be asked
    /// meanwhile.
    ///
    /// # Errors
    /// [`RpcError`]
    pub(crate) async fn call(&self, method: &'static str, params: Value) -> Result<Value, RpcError> {
        self.send(method, params).await?.answer().await
    }

    /// Asks, without waiting for the answer.
    ///
    /// # Errors
    /// [`RpcError::Lost`] if it does not listen.
    pub(crate) async fn send(&self, method: &'static str, params: Value) -> Result<Asked, RpcError> {
        let lost = |source| RpcError::Lost { method, source };
        let mut stream = connect(&self.socket).await.map_err(lost)?;
        let request = json!({ "jsonrpc": "2.0", "id": method, "method": method, "params": params });
        stream.write_all(&frame(&request)).await.map_err(lost)?;
        Ok(Asked { method, stream })
    }
}

/// A question that lightningd has got.
pub(crate) struct Asked {
    method: &'static str,
    stream: UnixStream,
}

impl Asked {
    /// Waits for the answer.
    ///
    /// # Errors
    /// [`RpcError`]
    pub(crate) async fn answer(mut self) -> Result<Value, RpcError> {
        let method = self.method;
        let lost = |source| RpcError::Lost { method, source };
        let mut frames = Frames::default();
        let mut chunk = vec![0; 16_384];
        loop {
            let read = self.stream.read(&mut chunk).await.map_err(lost)?;
            if read == 0 {
                return Err(lost(io::ErrorKind::UnexpectedEof.into()));
            }
            let messages =
                frames.push(&chunk[..read]).map_err(|source| RpcError::Strange { method, source })?;
            // Notifications, which have no id, are not what we wait for.
            if let Some(answer) = messages.into_iter().find(|message| message.get("id").is_some()) {
                return outcome(method, answer);
            }
        }
    }
}

fn outcome(method: &'static str, mut answer: Value) -> Result<Value, RpcError> {
    match answer.get_mut("error") {
        None | Some(Value::Null) => Ok(answer["result"].take()),
        Some(error) => Err(RpcError::Refused {
            method,
            code: error["code"].as_i64().unwrap_or_default(),
            message: error["message"].as_str().unwrap_or("it does not say why").to_owned(),
        }),
    }
}

/// A path may be longer than an address of a Unix socket can be (108 bytes), but a link to its folder is short.
async fn connect(socket: &Path) -> io::Result<UnixStream> {
    match (socket.parent(), socket.file_name()) {
        (Some(folder), Some(name)) if socket.as_os_str().len() > 100 => {
            let folder = std::fs::File::open(folder)?;
            let fd = std::os::fd::AsRawFd::as_raw_fd(&folder);
            UnixStream::connect(Path::new(&format!("/proc/self/fd/{fd}")).join(name)).await
        }
        _ => UnixStream::connect(socket).await,
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RpcError {
    /// It does not listen, or hung up.
    #[error("no answer to {method}: {source}")]
    Lost {
        method: &'static str,
        #[source]
        source: io::Error,
    },
    /// It says no.
    #[error("{method}: {message} (code {code})")]
    Refused { method: &'static str, code: i64, message: String },
    /// It says something else than JSON-RPC.
    #[error("{method}: {source}")]
    Strange {
        method: &'static str,
        #[source]
        source: FrameError,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;

    /// The outcome of a call that is answered with `said`.
    async fn answered(said: &'static str) -> Result<Value, RpcError> {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("rpc");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut frames, mut chunk) = (Frames::default(), [0; 1024]);
            let request = loop {
                let read = stream.read(&mut chunk).await.unwrap();
                if let Some(request) = frames.push(&chunk[..read]).unwrap().pop() {
                    break request;
                }
            };
            assert_eq!((&request["method"], &request["params"]["id"]), (&json!("connect"), &json!("02")));
            stream.write_all(said.as_bytes()).await.unwrap();
        };
        let rpc = Rpc::new(socket);
        tokio::join!(rpc.call("connect", json!({ "id": "02" })), server).0
    }

    #[tokio::test]
    async fn a_result_is_the_answer() {
        let result = answered("{\"method\":\"log\"}\n\n{\"id\":\"connect\",\"result\":{\"a\":1}}\n\n").await;
        assert_eq!(result.unwrap(), json!({ "a": 1 }));
    }

    #[tokio::test]
    async fn a_refusal_tells_what_was_asked_and_why_not() {
        let error = answered(r#"{"id":"connect","error":{"code":402,"message":"no such peer"}}"#).await;
        assert_eq!(error.unwrap_err().to_string(), "connect: no such peer (code 402)");
    }

    #[tokio::test]
    async fn a_lost_connection_is_no_answer() {
        let error = answered(r#"{"id":"conn"#).await.unwrap_err();
        assert!(matches!(error, RpcError::Lost { method: "connect", .. }), "{error}");
    }

    #[tokio::test]
    async fn nonsense_is_no_answer() {
        let error = answered("lightningd: out of memory\n").await.unwrap_err();
        assert!(matches!(error, RpcError::Strange { .. }), "{error}");
    }
}
