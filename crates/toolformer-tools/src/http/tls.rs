//! Encryption: rustls with ring, and the certificate authorities that the system trusts.

use std::sync::{Arc, OnceLock};

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;

use super::HttpError;

/// One for all clients: loading the authorities takes a while.
static CONFIG: OnceLock<Result<ClientConfig, HttpError>> = OnceLock::new();

pub(super) fn config() -> Result<ClientConfig, HttpError> {
    CONFIG.get_or_init(build).clone()
}

fn build() -> Result<ClientConfig, HttpError> {
    let builder = || {
        let versions = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let versions = versions.with_safe_default_protocol_versions();
        versions.map_err(|error| HttpError::Client { reason: error.to_string() })
    };
    Ok(match builder()?.with_platform_verifier() {
        Ok(config) => config.with_no_client_auth(),
        // A system without authorities can still be asked without encryption; https then trusts nobody.
        Err(_) => builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
    })
}
