//! The accept loop. `warp::serve` has no timer, so a silent client would keep its connection
//! forever. Here every wait has a limit.

use std::sync::Arc;

use crate::middleware::Service;
pub(crate) use answer::{Answer, Response, known, routed};
pub use limits::Limits;
pub use listener::{Listener, bind, bind_unix};
pub(crate) use server::Server;

mod addresses;
mod answer;
mod backlog;
mod connection;
mod idlers;
mod limits;
mod listener;
mod refusal;
mod server;
mod socket_file;
mod stream;

/// Answers what comes to the listeners with `service` until `stop`. Then it accepts no new
/// connections. It still answers what was sent before, the last request of each connection with
/// `Connection: close`. It ends within [`Limits::drain`].
pub async fn serve(
    listeners: Vec<Listener>,
    service: Service,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let connections = service.app().metrics.connections.clone();
    let (shutdown, proxies) =
        (service.app().shutdown.clone(), service.app().intake.proxies.clone());
    let service = Arc::new(service);
    let answer = move |request, peer| {
        let service = Arc::clone(&service);
        async move { service.answer(request, peer).await }
    };
    let server = Server::new(answer, limits, connections, shutdown);
    server.with_proxies(proxies).run(listeners, stop).await;
}
