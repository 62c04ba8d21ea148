//! Several files of one commit, from the hub into the cache.

use super::{
    OnEvent, PullEvent,
    cache::RepoCache,
    client::Client,
    download,
    error::HubError,
    listing::{Listing, RemoteFile, describe},
    repository::Repository,
};

/// Fetches files of one commit; progress counts over all of them.
pub(super) struct Transfer<'a> {
    client: &'a Client,
    cache: &'a RepoCache,
    repo: &'a Repository,
    listing: &'a Listing,
    /// Bytes of the files that are here.
    done: u64,
}

impl<'a> Transfer<'a> {
    pub(super) fn new(
        client: &'a Client,
        cache: &'a RepoCache,
        repo: &'a Repository,
        listing: &'a Listing,
    ) -> Self {
        Self { client, cache, repo, listing, done: 0 }
    }

    /// Fetches these files after those that were fetched before.
    pub(super) fn fetch(&mut self, names: &[String], on_event: &mut OnEvent<'_>) -> Result<(), HubError> {
        let mut files = Vec::with_capacity(names.len());
        for name in names {
            files.push(self.described(name, on_event)?);
        }
        let total = self.done + files.iter().filter_map(|file| file.size).sum::<u64>();
        for file in files {
            let done = self.done;
            let mut on_part = |event: PullEvent<'_>| match event {
                PullEvent::Progress { file, done: part, .. } => {
                    on_event(PullEvent::Progress { file, done: done + part, total });
                }
                note => on_event(note),
            };
            let commit = &self.listing.commit;
            self.done += download::to_cache(self.client, self.cache, self.repo, commit, &file, &mut on_part)?;
        }
        Ok(())
    }

    /// A listed file with its checksum and length, asked for where the listing lacks them.
    fn described(&self, name: &str, on_event: &mut OnEvent<'_>) -> Result<RemoteFile, HubError> {
        let file = self.listing.file(self.repo, name)?;
        if file.digest.is_some() && file.size.is_some() {
            return Ok(file.clone());
        }
        let commit = &self.listing.commit;
        self.client.retrying(on_event, |_| describe(self.client, self.repo, commit, name))
    }
}
