//! One connection to the service.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::{Failure, OPERATOR};

/// One connection.
pub(crate) struct Client(SendRequest<Full<Bytes>>);

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    pub(crate) async fn post(
        &mut self,
        token: &str,
        path: &str,
        body: &str,
    ) -> Result<Value, Failure> {
        Ok(serde_json::from_slice(&self.send("POST", token, path, body.to_owned()).await?)?)
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Value, Failure> {
        Ok(serde_json::from_slice(&self.send("GET", OPERATOR, path, String::new()).await?)?)
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        token: &str,
        path: &str,
        body: String,
    ) -> Result<Bytes, Failure> {
        // Each plane has a host of its own; the paths of another do not exist there.
        let host = if token == OPERATOR { "operator.localhost" } else { "agency.localhost" };
        let request = hyper::Request::builder()
            .method(method)
            .uri(path)
            .header("host", host)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Full::from(body))?;
        self.0.ready().await?;
        let response = self.0.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if status.is_success() {
            Ok(body)
        } else {
            Err(format!("{method} {path}: {status}: {}", String::from_utf8_lossy(&body)).into())
        }
    }
}
