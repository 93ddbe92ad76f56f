//! The certificate of a running server: read at the start, and again when it changes.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::signals::Hangup;
use crate::tls::Certificate;

/// How often the certificate's files are looked at. A change counts once it is this old.
const LOOK_PERIOD: Duration = Duration::from_secs(2);

/// The certificate that the settings name, if they name one.
pub(super) fn certificate(config: &Config) -> anyhow::Result<Option<Arc<Certificate>>> {
    let files = config.tls.files()?;
    Ok(files.map(Certificate::read).transpose()?.map(Arc::new))
}

/// Reads the certificate again at SIGHUP, and when its files have changed. Without one, says at
/// each SIGHUP that there is nothing to read.
pub(super) async fn read_again(mut hangup: Hangup, certificate: Option<Arc<Certificate>>) {
    let Some(certificate) = certificate else {
        loop {
            hangup.next().await;
            tracing::info!("SIGHUP: nothing is read again; settings change with a restart");
        }
    };
    let mut looks = tokio::time::interval(LOOK_PERIOD);
    loop {
        let is_asked = tokio::select! {
            () = hangup.next() => true,
            _ = looks.tick() => false,
        };
        let certificate = Arc::clone(&certificate);
        // The disk may be slow.
        let read =
            move || (is_asked || certificate.has_changed()).then(|| certificate.read_again());
        match tokio::task::spawn_blocking(read).await {
            Ok(Some(Ok(()))) => tracing::info!("the TLS certificate was read again and is in use"),
            Ok(Some(Err(error))) => {
                tracing::error!("the TLS certificate in use stays in use: {error:#}");
            }
            Ok(None) | Err(_) => {}
        }
    }
}
