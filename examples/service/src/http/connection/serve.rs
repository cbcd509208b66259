//! Accepts connections up to a limit, and ends them when the service stops.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::MissedTickBehavior;

use super::stream::Stream;
use super::written::written;
use super::{Peers, head};
use crate::http::App;
use crate::http::portal_hosts::Planes;
use crate::http::problem::{Kind, Problem};

/// The interval for logging counts and for removing idle addresses.
const TICK: Duration = Duration::from_secs(1);

/// About the most bytes of an unread answer that the system buffers. For thousands of connections
/// that nobody reads, these buffers take memory too.
const SEND_BUFFER_BYTES: u32 = 256 << 10;
/// The number of connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// Listens at an address.
///
/// # Errors
///
/// If the address is taken, or is not this machine's.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit the listener's buffer size.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Answers until `stop` resolves; then accepts no more connections, and gives those in progress
/// some time to finish.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    planes: Planes,
    stop: impl Future<Output = ()>,
) {
    let mut connections = Connections::new(app, planes);
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stop = pin!(stop);
    loop {
        let places = Arc::clone(&connections.places);
        let next = async {
            let place = places.acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = ticks.tick() => {
                connections.tick();
                continue;
            }
            () = &mut stop => break,
        };
        // An error means that the semaphore was closed, which nobody does.
        let Ok(place) = place else { break };
        match accepted {
            Ok((stream, from)) => connections.take(stream, from, place),
            Err(error) => {
                // Probably out of file descriptors: some will be free again soon.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    connections.finish().await;
}

/// All connections, with the service that answers them.
struct Connections {
    app: Arc<App>,
    planes: Arc<Planes>,
    http: http1::Builder,
    graceful: GracefulShutdown,
    places: Arc<Semaphore>,
    peers: Arc<Peers>,
    /// The answer to an address with too many connections: rendered once a second, not for each.
    refusal: Vec<u8>,
    /// Connections that were refused since the last tick.
    refused: u64,
}

impl Connections {
    fn new(app: Arc<App>, planes: Planes) -> Self {
        let mut http = http1::Builder::new();
        http.header_read_timeout(None);
        // A client that closes its sending side still gets its answer. Furthermore nothing is read
        // during an answer, which `Stream` relies on.
        http.half_close(true);
        http.max_buf_size(2 * head::HEAD_BYTES);
        Self {
            http,
            graceful: GracefulShutdown::new(),
            places: Arc::new(Semaphore::new(app.limits.connections)),
            peers: Peers::new(&app.limits),
            refusal: refusal(&app),
            refused: 0,
            app,
            planes: Arc::new(planes),
        }
    }

    /// Answers a connection in a task of its own.
    fn take(&mut self, stream: TcpStream, from: SocketAddr, place: OwnedSemaphorePermit) {
        let Some(peer) = self.peers.admit(from.ip()) else {
            self.refuse(&stream);
            return;
        };
        // Small answers should not wait for further data.
        let _ = stream.set_nodelay(true);
        let (limits, peer) = (&self.app.limits, Arc::new(peer));
        let stream = Stream::new(
            stream,
            Arc::clone(&peer),
            Arc::clone(&self.app.metrics),
            Duration::from_secs(limits.head_seconds),
            Duration::from_secs(limits.write_seconds),
        );
        let planes = Arc::clone(&self.planes);
        let service = service_fn(move |request: Request<Incoming>| {
            let (planes, mut request) = (Arc::clone(&planes), request.map(Body::new));
            request.extensions_mut().insert(Arc::clone(&peer));
            async move { Ok::<_, Infallible>(planes.answer(request).await) }
        });
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        let connection = self.graceful.watch(connection);
        let open = self.app.metrics.connection();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
            drop((open, place));
        });
    }

    /// Refuses a connection of an address that has too many: with a problem, if it fits into the
    /// buffer.
    fn refuse(&mut self, stream: &TcpStream) {
        self.refused = self.refused.saturating_add(1);
        self.app.metrics.refused_connections.inc();
        // A flooding client need not get the answer.
        let _ = stream.try_write(&self.refusal);
    }

    fn tick(&mut self) {
        self.app.warnings.log();
        let now = std::time::Instant::now();
        self.peers.sweep(now);
        self.app.owners.sweep(now);
        self.refusal = refusal(&self.app);
        let refused = std::mem::take(&mut self.refused);
        if refused > 0 {
            tracing::warn!(refused, "refused connections of addresses at their limit");
        }
    }

    async fn finish(mut self) {
        self.tick();
        let within = Duration::from_secs(self.app.limits.drain_seconds);
        if tokio::time::timeout(within, self.graceful.shutdown()).await.is_err() {
            tracing::warn!("some connections were still open");
        }
        self.app.warnings.log();
    }
}

fn refusal(app: &App) -> Vec<u8> {
    let detail = format!(
        "{} connections of one address are answered at once; close some",
        app.limits.connections_per_address
    );
    written(Problem::new(Kind::TooManyConnections, detail))
}
