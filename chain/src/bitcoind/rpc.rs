//! How is bitcoind asked?

use jsonrpc::simple_http::SimpleHttpTransport;
use jsonrpc::{Client, Response};
use lnprototest_runner_api::RpcAccess;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::time::Duration;

/// How long an answer may take: what we ask for takes milliseconds, on a machine under load perhaps a second.
const BOUND: Duration = Duration::from_secs(15);

/// A connection to a daemon's RPC port. It blocks.
pub(super) struct Rpc {
    client: Client,
}

/// Why there is no result.
#[derive(Debug)]
pub(super) enum RpcError {
    /// No answer, or none that makes sense.
    Failed(String),
    /// It answered that it won't.
    Refused {
        /// Bitcoin Core's `RPC_...`.
        code: i32,
        message: String,
    },
}

impl RpcError {
    /// What to tell a person.
    pub(super) fn into_words(self) -> String {
        match self {
            Self::Failed(why) => why,
            Self::Refused { code, message } => format!("{message} ({code})"),
        }
    }
}

impl Rpc {
    pub(super) fn new(access: &RpcAccess) -> Result<Self, RpcError> {
        let transport = SimpleHttpTransport::builder()
            .timeout(BOUND)
            .url(&access.url())
            .map_err(|error| RpcError::Failed(error.to_string()))?
            .auth(access.user.as_str(), Some(access.password.as_str()))
            .build();
        Ok(Self { client: Client::with_transport(transport) })
    }

    /// Calls `method` with `parameters`, an array.
    pub(super) fn call<T: DeserializeOwned>(&self, method: &str, parameters: Value) -> Result<T, RpcError> {
        let parameters = raw(&parameters)?;
        Ok(self.client.call(method, Some(&parameters))?)
    }

    /// Calls `method` once with each of `parameters`, in one go and in order.
    pub(super) fn batch<T: DeserializeOwned>(
        &self,
        method: &str,
        parameters: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Result<T, RpcError>>, RpcError> {
        let parameters = parameters.into_iter().map(|it| raw(&it)).collect::<Result<Vec<_>, _>>()?;
        let requests: Vec<_> =
            parameters.iter().map(|it| self.client.build_request(method, Some(it))).collect();
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let result = |response: Option<Response>| match response {
            Some(response) => Ok(response.result()?),
            None => Err(RpcError::Failed(format!("no answer to one of several {method}"))),
        };
        Ok(self.client.send_batch(&requests)?.into_iter().map(result).collect())
    }
}

fn raw(parameters: &Value) -> Result<Box<RawValue>, RpcError> {
    to_raw_value(parameters).map_err(|error| RpcError::Failed(error.to_string()))
}

impl From<jsonrpc::Error> for RpcError {
    fn from(error: jsonrpc::Error) -> Self {
        match error {
            jsonrpc::Error::Rpc(error) => Self::Refused { code: error.code, message: error.message },
            jsonrpc::Error::Transport(error) => Self::Failed(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}
