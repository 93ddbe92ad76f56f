//! An order: what the server and the authority say to each other.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use instant_acme::{
    AuthorizationStatus, ChallengeType, Error, Identifier, NewOrder, Order, OrderStatus,
    RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use super::account::{account, forget_account};
use super::issued::Issued;
use super::kept::{self, Kept};
use crate::config::AcmeSettings;
use crate::data_dir;

/// How long the authority may take for each step.
const PATIENCE: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120));

/// What an authority says that was set up anew (RFC 8555 section 6.7).
const NO_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// Orders a certificate, and keeps it.
pub(super) async fn certificate(
    settings: &AcmeSettings,
    dir: &Path,
    issued: &Issued,
) -> anyhow::Result<Kept> {
    data_dir::create(dir)?;
    let names: Vec<_> = settings.domains.iter().cloned().map(Identifier::Dns).collect();
    let account = account(settings, dir).await?;
    let order = account.new_order(&NewOrder::new(&names)).await;
    if matches!(&order, Err(Error::Api(problem)) if problem.r#type.as_deref() == Some(NO_ACCOUNT)) {
        // The next try makes a new one.
        forget_account(dir)?;
    }
    let mut order = order.context("the authority did not take the order")?;
    prove(&mut order, issued).await?;
    let (key, request) = signing_request(&settings.domains)?;
    order.finalize_csr(&request).await.context("the authority did not sign")?;
    let chain = order.poll_certificate(&PATIENCE).await.context("no certificate came")?;
    kept::write(dir, settings, &chain, &key.serialize_pem())
}

/// Why an order fails whose challenges do not succeed.
const NOT_SURE: &str = "the authority could not make sure of the name";

/// Answers the authority's challenges, and waits until it is sure of all names.
async fn prove(order: &mut Order, issued: &Issued) -> anyhow::Result<()> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let mut challenge = authorization
            .challenge(ChallengeType::TlsAlpn01)
            .context("the authority does not check names by TLS-ALPN-01")?;
        let name = challenge.identifier().to_string().to_ascii_lowercase();
        let answer = answer(&name, challenge.key_authorization().digest().as_ref())?;
        issued.answer(name, answer);
        // An authority may say at once that it has failed.
        challenge.set_ready().await.context(NOT_SURE)?;
    }
    let checked = order.poll_ready(&PATIENCE).await;
    match checked.context(NOT_SURE)? {
        OrderStatus::Ready | OrderStatus::Valid => Ok(()),
        status => bail!("the order is {status:?} after the authority's checks"),
    }
}

/// The certificate that answers a challenge.
fn answer(name: &str, digest: &[u8]) -> anyhow::Result<CertifiedKey> {
    let mut params = CertificateParams::new([name.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    // Unchecked: rustls does not know the extension, which is critical.
    Ok(CertifiedKey::new(vec![certificate], any_ecdsa_type(&key)?))
}

/// A new key, and the request to sign it for these names.
fn signing_request(names: &[String]) -> anyhow::Result<(KeyPair, Vec<u8>)> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    let key = KeyPair::generate()?;
    let request = params.serialize_request(&key)?;
    Ok((key, request.der().to_vec()))
}
