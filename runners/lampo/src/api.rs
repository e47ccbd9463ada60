//! How is Lampo told what to do? By HTTP, a JSON object to a method and one back.

use serde_json::Value;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpStream;

use crate::http::{Connection, Response};

/// Lampo's API at one port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Api {
    port: u16,
}

impl Api {
    /// The API at this port of 127.0.0.1.
    pub(crate) fn new(port: u16) -> Self {
        Self { port }
    }

    /// Calls a method and waits for its result, however long that takes. `sent` is called once the request is under way.
    ///
    /// # Errors
    /// [`ApiError`]
    pub(crate) async fn call(
        &self,
        method: &str,
        params: &Value,
        sent: impl FnOnce(),
    ) -> Result<Value, ApiError> {
        let response = self.exchange(method, params, sent).await.map_err(ApiError::Connection)?;
        let said = || String::from_utf8_lossy(&response.body).into_owned();
        let result: Option<Value> = serde_json::from_slice(&response.body).ok();
        match (response.status, result) {
            (200..300, Some(result)) => Ok(result),
            (500, Some(refusal)) if refusal["message"].is_string() => {
                Err(ApiError::Refused(refusal["message"].as_str().unwrap_or_default().to_owned()))
            }
            (status, _) => Err(ApiError::Strange { status, said: said() }),
        }
    }

    async fn exchange(&self, method: &str, params: &Value, sent: impl FnOnce()) -> io::Result<Response> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut connection = Connection::new(stream);
        let headers = [&*format!("Host: {address}"), "Content-Type: application/json", "Connection: close"];
        connection.send(&format!("POST /{method} HTTP/1.1"), &headers, params.to_string().as_bytes()).await?;
        sent();
        connection.response().await
    }
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// It did not get through.
    #[error("the connection to Lampo's API broke: {0}")]
    Connection(#[source] io::Error),
    /// Lampo says no.
    #[error("{0}")]
    Refused(String),
    /// It was not understood.
    #[error("Lampo's API answers with status {status} and {said:?}")]
    Strange {
        /// Of HTTP.
        status: u16,
        /// The body.
        said: String,
    },
}
