//! Names looked up, and what they stand for checked.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{HttpError, address::is_public};

/// Gives only addresses of the public internet. The client connects to what it is given, so that a name cannot
/// mean something else the second time it is looked up.
pub(super) struct PublicAddresses;

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<_> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(HttpError::PrivateAddress { host: name.as_str().to_owned() }.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}
